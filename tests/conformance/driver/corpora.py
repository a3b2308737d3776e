"""Chains that others made. tests/conformance.rs says what each has to come out as."""

import gzip
import json
import os
import re
from base64 import b64decode
from pathlib import Path

from .programs import ROOT, Json

SERVER_AUTH = "1.3.6.1.5.5.7.3.1"


def folder() -> Path | None:
    """Where they are; None where it is meant that there are none."""
    named = os.environ.get("CLIENTCERT_CORPORA")
    if named == "none":
        return None
    path = Path(named) if named else ROOT.parent / "shared" / "corpora"
    assert path.is_dir(), f"{path} is no folder: point CLIENTCERT_CORPORA to the cases, or to none"
    return path


def read(path: Path, variables: list[str]) -> list[Json]:
    """All cases of a folder, in the words of the library."""
    cases: list[Json] = []
    for file in sorted(path.glob("*.jsonl.gz")):
        with gzip.open(file, "rt") as lines:
            cases += [case(json.loads(line), variables) for line in lines if line.strip()]
    return cases


def case(given: Json, variables: list[str]) -> Json:
    eku = {"clientAuth": "client_auth", "serverAuth": SERVER_AUTH}.get(given["eku"], given["eku"])
    depth = 100 if given["max_depth"] is None else given["max_depth"]
    # One verifier for one chain has nothing to remember.
    options = [["mode", "require"], ["eku", eku], ["depth", str(depth)], ["cache_size", "0"]]
    blobs = [["ca", "".join(given["trust_anchors_pem"]).encode().hex()]]
    if policy := given.get("crl_policy"):
        word = {"deny": "fail", "allow": "allow"}
        options += [
            ["crl_check", policy["scope"]],
            ["crl_missing", word[policy["unknown"]]],
            ["crl_expired", word[policy["expired"]]],
            ["sha1", "allow"],
            ["min_rsa_bits", "1024"],
        ]
    if given.get("crls_pem"):
        blobs.append(["crl", "".join(given["crls_pem"]).encode().hex()])
    chain = [
        der.hex() for pem in [given["leaf_pem"], *given["intermediates_pem"]] for der in ders(pem)
    ]
    return {
        "id": given["id"],
        "options": options,
        "bytes": blobs,
        "variables": variables,
        "steps": [{"do": "verify", "chain": chain, "time": given["time"]}],
    }


def ders(pem: str) -> list[bytes]:
    """The DER of what a case presents, or the text itself where it is no PEM."""
    blocks = re.findall("-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", pem, re.DOTALL)
    return [b64decode(block) for block in blocks] or [pem.encode()]
