"""What was in force at one moment, for the handshake of the host and for whoever watches it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, Optional

from ._handle import Handle, Moment, lent_bytes, lent_text, moment, owned
from ._raw import lib


class Mode(IntEnum):
    """What happens in the handshake. A number that a later library adds reads as `REQUIRE`."""

    OFF = 0
    """Do not ask for a certificate."""
    OPTIONAL = 1
    """Ask. None is fine; one that is bad is not."""
    OPTIONAL_NO_CA = 2
    """Ask. None is fine, and so is one that fails for what `tolerate` names."""
    REQUIRE = 3
    """Ask, and insist on a good one."""
    REQUEST_ANY = 4
    """Ask. Nothing is verified but the form."""
    REQUIRE_ANY = 5
    """Ask and insist. Nothing is verified but the form."""
    DEFERRED = 6
    """Do not ask in the first handshake; ask when a request needs it."""

    @classmethod
    def _missing_(cls, value: object) -> Optional[Mode]:
        return cls.REQUIRE if isinstance(value, int) else None


class Enforcement(IntEnum):
    """Where a client that is not accepted notices it. A number that is not here reads as `HANDSHAKE`."""

    REQUEST = 0
    """The handshake completes, and every request is answered by a refusal that a person can read."""
    HANDSHAKE = 1
    """The handshake ends with a TLS alert."""

    @classmethod
    def _missing_(cls, value: object) -> Optional[Enforcement]:
        return cls.HANDSHAKE if isinstance(value, int) else None


class Policy(Handle):
    """A snapshot of the policy, which no reload changes. Safe for threads; it may outlive its verifier."""

    __slots__ = ()

    def __init__(self, pointer: Any) -> None:
        self._c = owned(pointer, lib.clientcert_policy_free)

    @property
    def mode(self) -> Mode:
        """What happens in the handshake."""
        return Mode(lib.clientcert_policy_mode(self._c))

    @property
    def enforcement(self) -> Enforcement:
        """Where a client that is not accepted notices it."""
        return Enforcement(lib.clientcert_policy_enforcement(self._c))

    @property
    def identity(self) -> bytes:
        """32 bytes: the same for the same options and pinned CAs, in every process."""
        return lent_bytes(lib.clientcert_policy_identity, self._c) or b""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is accepted of files and options, but should be seen to; in English."""
        count = lib.clientcert_policy_warning_count(self._c)
        return tuple(
            lent_text(lib.clientcert_policy_warning(self._c, index)) for index in range(count)
        )

    @property
    def ca_names(self) -> tuple[bytes, ...]:
        """The CAs to name in a CertificateRequest: a DER Name each."""
        count = lib.clientcert_policy_ca_name_count(self._c)
        return tuple(
            lent_bytes(lib.clientcert_policy_ca_name, self._c, index) or b""
            for index in range(count)
        )

    def crl_report(self, *, time: Optional[Moment] = None) -> CRLReport:
        """The state of the CRLs at a moment."""
        return CRLReport(lib.clientcert_policy_crl_report(self._c, moment(time)))


@dataclass(frozen=True)
class CRL:
    """A CRL in use. Texts are as the library writes them; what a CRL does not have is None."""

    issuer: Optional[str]
    """Its issuer (RFC 4514)."""
    number: Optional[str]
    """Its number in upper-case hexadecimal."""
    this_update: Optional[str]
    """When it was issued (RFC 3339)."""
    next_update: Optional[str]
    """When the next one is due (RFC 3339)."""
    delta: bool
    """Whether it is a delta CRL."""
    verified: bool
    """Whether its signature was found good."""
    entries: int
    """How many certificates it revokes."""
    memory: int
    """How many bytes it takes in memory."""
    source: Optional[str]
    """The file, with the line or the number of the CRL in it."""
    age: Optional[int]
    """Seconds since it was issued; negative for one from the future."""
    seconds_left: Optional[int]
    """Seconds until the next one is due; negative for one that has expired."""


class CRLReport(Handle):
    """The state of the CRLs of a policy at one moment: an iterable of `CRL`. Safe for threads."""

    __slots__ = ()

    def __init__(self, pointer: Any) -> None:
        self._c = owned(pointer, lib.clientcert_crl_report_free)

    def __len__(self) -> int:
        return int(lib.clientcert_crl_report_count(self._c))

    def __iter__(self) -> Iterator[CRL]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> CRL:
        if not 0 <= index < len(self):
            raise IndexError(index)

        def get(name: bytes) -> Optional[str]:
            data = lent_bytes(lib.clientcert_crl_report_get, self._c, index, name)
            return None if data is None else data.decode("utf-8", "surrogateescape")

        age, seconds_left = get(b"age"), get(b"seconds_left")
        return CRL(
            issuer=get(b"issuer"),
            number=get(b"number"),
            this_update=get(b"this_update"),
            next_update=get(b"next_update"),
            delta=get(b"delta") == "1",
            verified=get(b"verified") == "1",
            entries=int(get(b"entries") or 0),
            memory=int(get(b"memory") or 0),
            source=get(b"source"),
            age=None if age is None else int(age),
            seconds_left=None if seconds_left is None else int(seconds_left),
        )

    @property
    def metrics(self) -> str:
        """The whole report as OpenMetrics 1.0 text, for a `/metrics` page."""
        return (lent_bytes(lib.clientcert_crl_report_metrics, self._c) or b"").decode()


@dataclass(frozen=True)
class Statistics:
    """How a verifier is doing, since the policy in force was made."""

    hits: int
    """Verifications that were answered from memory."""
    misses: int
    """Verifications that were done."""
    entries: int
    """Verdicts that are remembered now."""
    evictions: int
    """Verdicts that were forgotten to make room for others."""
    insertions: int
    """Verdicts that were remembered, for however long."""
    capacity: int
    """Verdicts that there is room for."""


def unix_moment(text: Optional[str]) -> Optional[datetime]:
    """The datetime of RFC 3339 text in UTC; None for none, and for a year that `datetime` cannot hold."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
