-- Verifies two clients through LuaJIT's ffi: cdef, library and folder are the arguments.

local ffi = require("ffi")
local cdef, library, folder = arg[1], arg[2], arg[3]
local moment = 1780272000LL

local function read(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read("*a")
  file:close()
  return bytes
end

ffi.cdef(read(cdef))
local lib = ffi.load(library)

local error = ffi.new("clientcert_error *[1]")
local function check(status)
  assert(status == lib.CLIENTCERT_OK, error[0] ~= nil and ffi.string(lib.clientcert_error_message(error[0])))
end

assert(lib.clientcert_abi_version() == lib.CLIENTCERT_ABI_VERSION)
assert(tonumber(lib.CLIENTCERT_NOW) == -2147483647)

local config = ffi.gc(lib.clientcert_config_new(), lib.clientcert_config_free)
assert(lib.clientcert_config_set(config, "mode", "perhaps", nil) == lib.CLIENTCERT_INVALID_VALUE)
check(lib.clientcert_config_set(config, "mode", "require", error))
check(lib.clientcert_config_set(config, "ca", folder .. "/ca.pem", error))

local out = ffi.new("clientcert_verifier *[1]")
check(lib.clientcert_verifier_new(config, out, error))
local verifier = ffi.gc(out[0], lib.clientcert_verifier_free)

local absent = ffi.gc(lib.clientcert_verify(verifier, nil, 0, lib.CLIENTCERT_NOW), lib.clientcert_verdict_free)
assert(lib.clientcert_verdict_outcome(absent) == lib.CLIENTCERT_NONE)
assert(lib.clientcert_verdict_accepted(absent) == 0)

for _, name in ipairs({ "good.der", "expired.der" }) do
  local chain = read(folder .. "/" .. name)
  local verdict = ffi.gc(lib.clientcert_verify(verifier, chain, #chain, moment), lib.clientcert_verdict_free)
  local length = ffi.new("size_t[1]")
  if lib.clientcert_verdict_verified(verdict) == 1 then
    local value = lib.clientcert_verdict_get(verdict, "ssl_client_s_dn", length)
    print(name .. " SUCCESS " .. ffi.string(value, length[0]))
  else
    print(name .. " FAILED " .. ffi.string(lib.clientcert_reason_name(lib.clientcert_verdict_reason(verdict, 0))))
  end
end
