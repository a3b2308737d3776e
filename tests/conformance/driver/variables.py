"""The names of all variables, as docs/variables.md has them."""

import re
from collections.abc import Sequence

from .programs import ROOT

# They tell how many days are left, which depends on the moment of the call.
MOMENTARY = {"days_left", "ssl_client_v_remain", "SSL_CLIENT_V_REMAIN"}

PARTS = ("C", "ST", "SP", "L", "O", "OU", "CN", "T", "I", "G", "S", "D", "UID", "Email")
HAPROXY_NAMES = ("(CN)", "(CN,1)", "(CN,-1)", "(O)", "(,0,rfc2253)")


def documented() -> list[str]:
    """The names as they stand in the tables, with N for a number."""
    text = (ROOT / "docs" / "variables.md").read_text()
    names = re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)
    assert len(names) > 100, "docs/variables.md has no tables that this reads"
    return names


def names(numbers: int, parts: Sequence[str] = PARTS) -> list[str]:
    """Every name to ask for, with so many numbers where one is numbered, and these of Apache's parts of a name."""
    found: list[str] = ["no_such_variable"]
    for name in documented():
        if name.endswith("_x509_N_RAW"):
            head = name.removesuffix("_x509_N_RAW")
            endings = ["", "_RAW"] + [f"_{n}{raw}" for n in range(numbers) for raw in ("", "_RAW")]
            found += [f"{head}_{part}{ending}" for part in parts for ending in endings]
        elif name.endswith("_N"):
            head = name.removesuffix("_N")
            found += [head, f"{head}_count"] + [f"{head}_{n}" for n in range(numbers)]
        elif name in ("ssl_c_s_dn", "ssl_c_i_dn", "ssl_c_r_dn"):
            found += [name] + [name + argument for argument in HAPROXY_NAMES]
        else:
            found.append(name)
    return found
