"""What one verification costs from Python, beside the C function and what others do: `python benches/verify.py`.

CLIENTCERT_STAGE names the installed library, which should be an optimised one. Everything runs in turns in one process;
a figure is the median of the turns, in microseconds.
"""

from __future__ import annotations

import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

PYTHON = Path(__file__).resolve().parents[1]
ROOT = PYTHON.parents[1]
STAGE = Path(os.environ.get("CLIENTCERT_STAGE", ROOT / "target" / "stage"))
os.environ["CLIENTCERT_LIBRARY"] = str(STAGE / "lib" / "libclientcert.so.1")
sys.path.insert(0, str(PYTHON / "src"))

from cryptography import x509  # noqa: E402
from cryptography.x509 import verification  # noqa: E402
from OpenSSL import crypto  # noqa: E402

import clientcert  # noqa: E402

TURNS = 15
SECONDS = 0.1

# The same call in a loop in C: what Python adds is the difference.
IN_C = r"""
#include <clientcert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

int main(int count, char **arguments) {
    static unsigned char chain[65536];
    clientcert_config *config = clientcert_config_new();
    clientcert_verifier *verifier = NULL;
    FILE *file = fopen(arguments[2], "rb");
    size_t length = fread(chain, 1, sizeof(chain), file);
    char line[16];
    int rounds = 20000, good = 0;

    (void)count;
    if (clientcert_config_set(config, "mode", "require", NULL) != CLIENTCERT_OK ||
        clientcert_config_set(config, "ca", arguments[1], NULL) != CLIENTCERT_OK ||
        clientcert_verifier_new(config, &verifier, NULL) != CLIENTCERT_OK)
        return 1;
    while (fgets(line, sizeof(line), stdin) != NULL) {
        double begun = now();
        good = 0;
        for (int i = 0; i < rounds; i++) {
            clientcert_verdict *verdict = clientcert_verify(verifier, chain, length, CLIENTCERT_NOW);
            good += clientcert_verdict_verified(verdict);
            clientcert_verdict_free(verdict);
        }
        if (good != rounds)
            return 1;
        printf("%f\n", (now() - begun) / rounds);
        fflush(stdout);
    }
    return 0;
}
"""


class Certificates:
    """A root, an intermediate CA and a client, by `scripts/pki`."""

    def __init__(self, folder: Path) -> None:
        subprocess.run([ROOT / "scripts" / "pki", folder], check=True, capture_output=True)
        self.root = folder / "root.crt"
        self.chain = [self._der(folder / f"{name}.crt") for name in ("chain", "intermediate")]
        self.file = folder / "presented"
        self.file.write_bytes(b"".join(self.chain))

    @staticmethod
    def _der(path: Path) -> bytes:
        return ssl.PEM_cert_to_DER_cert(path.read_text())


def contenders(certificates: Certificates) -> dict[str, Callable[[], Any]]:
    """What is measured: each verifies the same chain once, and refuses to go on where it is not good."""
    options: dict[str, Any] = {"mode": "require", "ca": certificates.root}
    warm = clientcert.Verifier(clientcert.Config(**options))
    cold = clientcert.Verifier(clientcert.Config(**options, cache_size=0))
    chain = certificates.chain
    joined = b"".join(chain)

    def ours(verifier: clientcert.Verifier, presented: Any) -> Callable[[], None]:
        def once() -> None:
            if not verifier.verify(presented).verified:
                raise RuntimeError

        return once

    root = x509.load_pem_x509_certificate(certificates.root.read_bytes())
    built = (
        verification.PolicyBuilder()
        .store(verification.Store([root]))
        .time(datetime.now(timezone.utc))
        .extension_policies(
            ca_policy=verification.ExtensionPolicy.webpki_defaults_ca(),
            # It would insist on alternative names, which a client's certificate need not have.
            ee_policy=verification.ExtensionPolicy.permit_all(),
        )
        .build_client_verifier()
    )

    def of_cryptography() -> None:
        # As a server has to: what comes from the network is bytes.
        leaf, *above = (x509.load_der_x509_certificate(der) for der in chain)
        built.verify(leaf, above)

    store = crypto.X509Store()
    store.add_cert(crypto.X509.from_cryptography(root))

    def of_pyopenssl() -> None:
        leaf, *above = (crypto.load_certificate(crypto.FILETYPE_ASN1, der) for der in chain)
        crypto.X509StoreContext(store, leaf, above).verify_certificate()

    return {
        "clientcert, seen before (list of DER)": ours(warm, chain),
        "clientcert, seen before (one bytes)": ours(warm, joined),
        "clientcert, not seen before": ours(cold, chain),
        "cryptography ClientVerifier": of_cryptography,
        "pyOpenSSL X509StoreContext": of_pyopenssl,
    }


def measured(once: Callable[[], Any]) -> float:
    """Microseconds for one call, over a turn."""
    calls, begun = 0, time.perf_counter()
    while (taken := time.perf_counter() - begun) < SECONDS:
        for _ in range(50):
            once()
        calls += 50
    return taken / calls * 1e6


class InC:
    """The loop in C, in a process that measures a turn whenever it is asked."""

    def __init__(self, folder: Path, certificates: Certificates) -> None:
        source, program = folder / "verify.c", folder / "verify"
        source.write_text(IN_C)
        libraries = ["-L", str(STAGE / "lib"), "-lclientcert", f"-Wl,-rpath,{STAGE / 'lib'}"]
        command = ["cc", "-O2", "-I", str(STAGE / "include"), str(source), "-o", str(program)]
        subprocess.run([*command, *libraries], check=True)
        self._process = subprocess.Popen(
            [program, certificates.root, certificates.file],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def turn(self) -> float:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("again\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def stop(self) -> None:
        self._process.communicate()


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificates = Certificates(folder)
        everything = contenders(certificates)
        in_c = InC(folder, certificates)
        taken: dict[str, list[float]] = {
            "C, seen before": [],
            **{label: [] for label in everything},
        }
        for _ in range(TURNS):
            taken["C, seen before"].append(in_c.turn())
            for label, once in everything.items():
                taken[label].append(measured(once))
        in_c.stop()
    medians = {label: statistics.median(turns) for label, turns in taken.items()}
    python = ".".join(str(part) for part in sys.version_info[:3])
    print(
        f"Python {python}, clientcert {clientcert.version()}: microseconds, median of {TURNS} turns"
    )
    for label, median in medians.items():
        print(f"{label:42} {median:9.2f}   ({min(taken[label]):.2f} - {max(taken[label]):.2f})")
    added = medians["clientcert, seen before (list of DER)"] - medians["C, seen before"]
    print(f"{'Python adds':42} {added:9.2f}")


if __name__ == "__main__":
    main()
