"""Why a client was not verified: codes, what they mean, and what other systems call them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Optional

from ._handle import lent_text
from ._raw import lib

TLS_1_3 = 0x0304


class ReasonCode(IntEnum):
    """The codes of this version. Later versions of the library add codes: each is a refusal like any other."""

    CERTIFICATE_REQUIRED = 1
    CERTIFICATE_MALFORMED = 2
    CHAIN_MALFORMED = 3
    CHAIN_TOO_LARGE = 4
    ISSUER_UNKNOWN = 10
    LEAF_ISSUER_UNKNOWN = 11
    SELF_SIGNED = 12
    SELF_SIGNED_IN_CHAIN = 13
    SEARCH_EXHAUSTED = 14
    SIGNATURE_INVALID = 20
    SIGNATURE_ALGORITHM_UNSUPPORTED = 21
    ISSUER_KEY_UNSUPPORTED = 22
    CERTIFICATE_REVOKED = 30
    CRL_MISSING = 31
    CRL_EXPIRED = 32
    CRL_NOT_YET_VALID = 33
    CRL_SIGNATURE_INVALID = 34
    CRL_ISSUER_UNFIT = 35
    CRL_ISSUER_UNKNOWN = 36
    CRL_UNSUPPORTED = 37
    CRL_SCOPE = 38
    CERTIFICATE_NOT_YET_VALID = 40
    CERTIFICATE_EXPIRED = 41
    ISSUER_NOT_CA = 50
    ISSUER_KEY_USAGE = 51
    PATH_LENGTH_EXCEEDED = 52
    CHAIN_TOO_LONG = 53
    ISSUER_VERSION = 54
    EXTENDED_KEY_USAGE = 60
    KEY_USAGE = 61
    VERSION_REFUSED = 62
    CA_AS_LEAF = 63
    SUBJECT_MISSING = 64
    LEAF_KEY_TOO_WEAK = 70
    CA_KEY_TOO_WEAK = 71
    SIGNATURE_ALGORITHM_WEAK = 72
    CRITICAL_EXTENSION = 80
    NAME_NOT_PERMITTED = 81
    NAME_EXCLUDED = 82
    NAME_CONSTRAINT_UNSUPPORTED = 83
    NAME_CONSTRAINT_LIMIT = 84
    POLICY_REQUIRED = 85
    POLICY_INVALID = 86
    TLS_FEATURE_MISSING = 87
    VALIDATORS_DISAGREE = 90
    SECOND_OPINION_MISSING = 91
    NOT_VERIFIED = 92
    KEY_NOT_REGISTERED = 100
    REGISTRATION_DISABLED = 101
    REGISTRATION_REVOKED = 102
    REGISTRATION_NOT_YET_VALID = 103
    REGISTRATION_EXPIRED = 104
    REGISTRATION_OTHER_CA = 105
    REGISTRY_UNAVAILABLE = 106
    AMBIGUOUS_IDENTITY = 107
    IDENTITY_UNKNOWN = 108
    IDENTITY_WEAK = 109
    REGISTRATION_PENDING = 110
    OCSP_PENDING = 111
    INTERNAL_ERROR = 120
    OCSP_MISSING = 130
    OCSP_MALFORMED = 131
    OCSP_REFUSED = 132
    OCSP_SIGNATURE_INVALID = 133
    OCSP_RESPONDER_UNFIT = 134
    OCSP_OTHER_CERTIFICATE = 135
    OCSP_NOT_YET_VALID = 136
    OCSP_EXPIRED = 137
    OCSP_NONCE = 138
    OCSP_UNKNOWN = 139
    SESSION_INVALID = 140
    SESSION_EXPIRED = 141
    TICKET_INVALID = 142
    TICKET_EXPIRED = 143
    TICKET_USED = 144
    UNTRUSTED_PROXY = 145
    FORWARDED_MALFORMED = 146
    FORWARDED_INCOMPLETE = 147
    FORWARDED_NOT_VERIFIED = 148

    @property
    def text(self) -> str:
        """What the code says, in English."""
        return lent_text(lib.clientcert_reason_text(self))

    @property
    def stable_name(self) -> str:
        """The name that `tolerate` and logs have, such as `certificate_expired`."""
        return lent_text(lib.clientcert_reason_name(self))


@dataclass(frozen=True)
class Reason:
    """One thing that is wrong with a client."""

    code: int
    """A `ReasonCode`, or the number of a code that a later library added."""
    name: str
    """The stable name, such as `certificate_expired`: for logs and programs."""
    text: str
    """What it says, in English, for people. It may be worded better one day."""
    detail: Optional[str]
    """More about it in English, such as the byte at which a certificate is malformed."""
    depth: Optional[int]
    """How far the certificate to blame is from the client's own (0) on the path; None where none is to blame."""
    certificate: int
    """Its index among those presented; `NO_CERTIFICATE` for none, `ANCHOR` for the pinned CA."""
    tolerated: bool
    """Whether `tolerate` lets the connection go on in spite of it. The client stays unverified."""

    NO_CERTIFICATE = -1
    ANCHOR = -2

    @property
    def x509_error(self) -> int:
        """OpenSSL's number, an X509_V_ERR; never 0."""
        return int(lib.clientcert_reason_x509_error(self.code))

    @property
    def x509_name(self) -> str:
        """OpenSSL's name, such as `X509_V_ERR_CERT_HAS_EXPIRED`."""
        return lent_text(lib.clientcert_reason_x509_name(self.code))

    def alert(self, tls_version: int = TLS_1_3) -> int:
        """The TLS alert that says it, as on the wire, for a version as on the wire (0x0303 is TLS 1.2)."""
        return int(lib.clientcert_reason_alert(self.code, tls_version))

    @property
    def nginx_status(self) -> int:
        """496 for a missing certificate, else 495."""
        return int(lib.clientcert_reason_nginx_status(self.code))

    @property
    def iis_substatus(self) -> int:
        """The part after `403.` that IIS has for it."""
        return int(lib.clientcert_reason_iis_substatus(self.code))

    def __str__(self) -> str:
        return self.text if self.detail is None else f"{self.text}: {self.detail}"


def reason_codes() -> tuple[int, ...]:
    """Every code that the loaded library knows, in the order of their numbers."""
    return tuple(lib.clientcert_reason_at(index) for index in range(lib.clientcert_reason_count()))


def code_of(number: int) -> int:
    """The enumerator of a number, and the number itself where a later library added it."""
    try:
        return ReasonCode(number)
    except ValueError:
        return number
