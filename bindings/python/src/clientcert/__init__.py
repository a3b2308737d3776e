"""clientcert: who is a TLS client according to its certificate, and may this go on?

    verifier = clientcert.Verifier(clientcert.Config(mode="optional", ca="/etc/ssl/clients-ca.pem"))
    verdict = verifier.verify([leaf, intermediate])
    if verdict.verified:
        print("hello", verdict.subject)

The library speaks no TLS: the TLS stack proves that the client holds the key, this library decides what that key means.
A certificate that nobody proved possession of authenticates nobody. `clientcert.tls` and `clientcert.pyopenssl` are for
servers made by hand.

A call fails with an `Error`; a client fails with a `Verdict`, which is no error. Treat every value that is not known as
a refusal: later versions add values, and never change the meaning of one.
"""

from . import forwarded
from ._handle import Handle, Moment, lent_text
from ._raw import lib as _lib
from .config import Config, Option, Value, options
from .decision import Action, Body, Decision
from .errors import (
    ClosedError,
    ConfigError,
    ContentError,
    Error,
    FileError,
    InternalError,
    InvalidArgumentError,
    InvalidConfigError,
    InvalidValueError,
    KeyRevokedError,
    KeyTakenError,
    LibraryError,
    MalformedError,
    NoCertificateError,
    NoCRLError,
    NotEntitledError,
    NotRegisteredError,
    NotSupportedError,
    RegistryError,
    RegistryUnavailableError,
    Status,
    UnknownOptionError,
    UnusableAnchorError,
    UnusableCRLError,
)
from .forwarded import Dialect, HeaderNames
from .policy import CRL, CRLReport, Enforcement, Mode, Policy, Statistics
from .reasons import Reason, ReasonCode, reason_codes
from .registry import AuditRecord, Registration, Registry
from .request import HTTPVersion, Late, Request, Requirement
from .verdict import AlternativeNames, OCSPQuestion, Outcome, Variables, Verdict
from .verifier import Proof, Verifier, decide


def version() -> str:
    """The version of the library that was loaded, such as `1.2.3`."""
    return lent_text(_lib.clientcert_version())


def abi_version() -> int:
    """The level of its interface."""
    return int(_lib.clientcert_abi_version())


__all__ = [
    "CRL",
    "Action",
    "AlternativeNames",
    "AuditRecord",
    "Body",
    "CRLReport",
    "ClosedError",
    "Config",
    "ConfigError",
    "ContentError",
    "Decision",
    "Dialect",
    "Enforcement",
    "Error",
    "FileError",
    "HTTPVersion",
    "Handle",
    "HeaderNames",
    "InternalError",
    "InvalidArgumentError",
    "InvalidConfigError",
    "InvalidValueError",
    "KeyRevokedError",
    "KeyTakenError",
    "Late",
    "LibraryError",
    "MalformedError",
    "Mode",
    "Moment",
    "NoCRLError",
    "NoCertificateError",
    "NotEntitledError",
    "NotRegisteredError",
    "NotSupportedError",
    "OCSPQuestion",
    "Option",
    "Outcome",
    "Policy",
    "Proof",
    "Reason",
    "ReasonCode",
    "Registration",
    "Registry",
    "RegistryError",
    "RegistryUnavailableError",
    "Request",
    "Requirement",
    "Statistics",
    "Status",
    "UnknownOptionError",
    "UnusableAnchorError",
    "UnusableCRLError",
    "Value",
    "Variables",
    "Verdict",
    "Verifier",
    "abi_version",
    "decide",
    "forwarded",
    "options",
    "reason_codes",
    "version",
]
