"""Verifies two clients through cffi's ABI mode: cdef, library and folder are the arguments."""

import sys

import cffi

cdef, library, folder = sys.argv[1:]
MOMENT = 1780272000

ffi = cffi.FFI()
ffi.cdef(open(cdef, encoding="utf-8").read())
lib = ffi.dlopen(library)


def text(pointer):
    return ffi.string(pointer).decode()


def check(status, error):
    if status != lib.CLIENTCERT_OK:
        raise RuntimeError(text(lib.clientcert_error_message(error[0])))


assert lib.clientcert_abi_version() == lib.CLIENTCERT_ABI_VERSION
assert lib.CLIENTCERT_NOW == -(2**31) + 1
assert text(lib.clientcert_reason_name(lib.CLIENTCERT_REASON_CERTIFICATE_EXPIRED)) == "certificate_expired"

error = ffi.new("clientcert_error **")
config = ffi.gc(lib.clientcert_config_new(), lib.clientcert_config_free)
assert lib.clientcert_config_set(config, b"mode", b"perhaps", error) == lib.CLIENTCERT_INVALID_VALUE
assert "'perhaps'" in text(lib.clientcert_error_message(error[0]))
lib.clientcert_error_free(error[0])
check(lib.clientcert_config_set(config, b"mode", b"require", error), error)
check(lib.clientcert_config_set(config, b"ca", f"{folder}/ca.pem".encode(), error), error)

out = ffi.new("clientcert_verifier **")
check(lib.clientcert_verifier_new(config, out, error), error)
verifier = ffi.gc(out[0], lib.clientcert_verifier_free)

absent = ffi.gc(lib.clientcert_verify(verifier, ffi.NULL, 0, lib.CLIENTCERT_NOW), lib.clientcert_verdict_free)
assert lib.clientcert_verdict_outcome(absent) == lib.CLIENTCERT_NONE
assert not lib.clientcert_verdict_accepted(absent)

for name in ["good.der", "expired.der"]:
    chain = open(f"{folder}/{name}", "rb").read()
    verdict = ffi.gc(lib.clientcert_verify(verifier, chain, len(chain), MOMENT), lib.clientcert_verdict_free)
    length = ffi.new("size_t *")
    if lib.clientcert_verdict_verified(verdict):
        value = lib.clientcert_verdict_get(verdict, b"ssl_client_s_dn", length)
        print(name, "SUCCESS", ffi.unpack(value, length[0]).decode())
    else:
        print(name, "FAILED", text(lib.clientcert_reason_name(lib.clientcert_verdict_reason(verdict, 0))))
