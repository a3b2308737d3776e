"""Why a call failed. What is wrong with a client is no error: that is what a `Verdict` says."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """The numbers of errors, as C has them."""

    INVALID_ARGUMENT = 1
    UNKNOWN_OPTION = 16
    INVALID_VALUE = 17
    INVALID_CONFIG = 18
    NOT_SUPPORTED = 19
    IO = 32
    MALFORMED = 48
    NO_CERTIFICATE = 49
    UNUSABLE_ANCHOR = 50
    NO_CRL = 51
    UNUSABLE_CRL = 52
    INTERNAL = 64
    KEY_TAKEN = 80
    KEY_REVOKED = 81
    NOT_REGISTERED = 82
    NOT_ENTITLED = 83
    REGISTRY_UNAVAILABLE = 84


class LibraryError(ImportError):
    """The shared library is not there, or is older than this package needs."""


class ClosedError(ValueError):
    """The object was closed before."""


class Error(Exception):
    """A call failed.

    A status that a later version adds is raised as this class itself.
    """

    code: int
    """The status; a `Status` where this version knows it."""
    name: str
    """The stable name of the status, such as `invalid_value`."""
    message: str
    """What went wrong, in English, for people and their logs."""

    def __init__(self, code: int, name: str, message: str) -> None:
        super().__init__(code, name, message)
        self.code = code
        self.name = name
        self.message = message

    def __str__(self) -> str:
        return self.message


class InvalidArgumentError(Error):
    """An argument is not UTF-8, or is a number without meaning."""


class ConfigError(Error):
    """Something about the options."""


class UnknownOptionError(ConfigError):
    """There is no option of this name. The message suggests the nearest."""


class InvalidValueError(ConfigError):
    """The option does not take this value."""


class InvalidConfigError(ConfigError):
    """The options contradict each other, or would let everybody in."""


class NotSupportedError(ConfigError):
    """The option needs a part that this build or this version does not have."""


class FileError(Error):
    """A file or folder cannot be read."""


class ContentError(Error):
    """Something about the contents of a file or of bytes."""


class MalformedError(ContentError):
    """A file or bytes are not what they should be: no PEM, no DER, no TOML."""


class NoCertificateError(ContentError):
    """A file, folder or bytes hold no certificate."""


class UnusableAnchorError(ContentError):
    """A certificate cannot serve as a CA here."""


class NoCRLError(ContentError):
    """A file, folder or bytes hold no CRL."""


class UnusableCRLError(ContentError):
    """A CRL is not by the issuer that it names, or may not be."""


class InternalError(Error):
    """The library failed inside."""


class RegistryError(Error):
    """Something about the registry."""


class KeyTakenError(RegistryError):
    """The key is registered already, and not like this. The message does not say to whom."""


class KeyRevokedError(RegistryError):
    """The key was revoked, which is for good."""


class NotRegisteredError(RegistryError):
    """There is no registration of this key, or of this user."""


class NotEntitledError(RegistryError):
    """What was presented does not entitle to it."""


class RegistryUnavailableError(RegistryError):
    """The registry is out of reach, or busy for too long."""


_CLASSES = {
    Status.INVALID_ARGUMENT: InvalidArgumentError,
    Status.UNKNOWN_OPTION: UnknownOptionError,
    Status.INVALID_VALUE: InvalidValueError,
    Status.INVALID_CONFIG: InvalidConfigError,
    Status.NOT_SUPPORTED: NotSupportedError,
    Status.IO: FileError,
    Status.MALFORMED: MalformedError,
    Status.NO_CERTIFICATE: NoCertificateError,
    Status.UNUSABLE_ANCHOR: UnusableAnchorError,
    Status.NO_CRL: NoCRLError,
    Status.UNUSABLE_CRL: UnusableCRLError,
    Status.INTERNAL: InternalError,
    Status.KEY_TAKEN: KeyTakenError,
    Status.KEY_REVOKED: KeyRevokedError,
    Status.NOT_REGISTERED: NotRegisteredError,
    Status.NOT_ENTITLED: NotEntitledError,
    Status.REGISTRY_UNAVAILABLE: RegistryUnavailableError,
}


def error_of(code: int, name: str, message: str) -> Error:
    """The exception for a status."""
    try:
        status = Status(code)
    except ValueError:
        return Error(code, name, message)
    return _CLASSES[status](status, name, message)
