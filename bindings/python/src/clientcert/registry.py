"""Which key belongs to which user, and the verbs that change it. See `docs/registry.md`."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timezone
from typing import Any, Optional, Union

from ._handle import Handle, Moment, check, lent_text, moment, optional_text, owned, terminated
from ._raw import NULL, ffi, lib
from .policy import unix_moment
from .verdict import Verdict


@dataclass(frozen=True)
class Registration:
    """A key that is registered to a user."""

    user: str
    key: str
    """`spki:sha256:` or `cert:sha256:` and hexadecimal."""
    label: Optional[str]
    """What the user calls it."""
    created: Optional[datetime]
    not_before: Optional[datetime]
    """Before it, the key does not count."""
    not_after: Optional[datetime]
    """After it, the key does not count."""
    disabled: bool
    """Whether it does not count until it is enabled."""
    revoked: Optional[datetime]
    """Since when it does not count any more."""
    last_used: Optional[datetime]
    no_manage: bool
    """Whether whoever logs in with it may not change the user's keys."""
    ca: Optional[str]
    """The only CA that it counts for: `sha256:` and hexadecimal."""
    days_left: Optional[int] = None
    """Days until it ends, in what `Registry.expiring` lists."""


@dataclass(frozen=True)
class AuditRecord:
    """What one change was."""

    time: Optional[datetime]
    actor: str
    action: str
    user: Optional[str]
    key: Optional[str]
    label: Optional[str]
    detail: Optional[str]


class Registry(Handle):
    """A registry of keys, seen by one who reads and changes it.

    Threads take turns; who wants none of that opens his own, which costs little. Open databases after a fork, not
    before. Every verb is done whole and durably, or raises and has changed nothing: `KeyTakenError`,
    `KeyRevokedError`, `NotRegisteredError`, `NotEntitledError`, `RegistryUnavailableError`, `FileError`,
    `MalformedError`, `NotSupportedError` where the registry is with the host, `InvalidArgumentError`.

    Keys are `spki:sha256:` or `cert:sha256:` with 32 bytes in hexadecimal (colons or not), base64 or base64url.
    """

    __slots__ = ("_lock",)

    def __init__(self, url: str) -> None:
        """Opens a registry by the URL that the option `registry` takes, such as `sqlite:/var/lib/app/keys.db`."""
        place = ffi.new("clientcert_registry **")
        check(lib.clientcert_registry_new, terminated(url, "the URL"), place)
        self._adopt(place[0])

    @classmethod
    def of(cls, pointer: Any) -> Registry:
        """A registry of C, which it then owns."""
        registry = cls.__new__(cls)
        registry._adopt(pointer)
        return registry

    def act_as(self, actor: str) -> None:
        """Says in whose name the following changes are made, for their audit records."""
        self._call(lib.clientcert_registry_act_as, terminated(actor, "the actor"))

    def enrol(self, verdict: Verdict, user: str, label: Optional[str] = None) -> None:
        """Registers the key of a connected client to a user who is logged in by other means, such as a password.

        `verdict` is that of the very connection on which the user asks: its handshake has proven that the client holds
        the key. Nothing may be wrong with it but that the key is not registered.
        """
        self._call(
            lib.clientcert_registry_enrol_verdict,
            verdict._c,
            terminated(user, "the user"),
            optional_text(label, "the label"),
        )

    def enrol_certificate(self, user: str, certificate: bytes, **registration: Any) -> None:
        """Registers a certificate, DER or PEM, to a user: an administrator's verb, because it asks for no proof.

        `registration` may have `label`, `not_before`, `not_after` (aware datetimes), `disabled`, `no_manage`, `ca`, and
        `by`, which is `spki`, or `certificate` for this very certificate alone.
        """
        self._call(
            lib.clientcert_registry_enrol_certificate,
            terminated(user, "the user"),
            certificate,
            len(certificate),
            _fields(registration),
        )

    def enrol_fingerprint(self, user: str, key: str, **registration: Any) -> None:
        """Registers a key to a user: an administrator's verb. As `enrol_certificate`, but for `by`."""
        self._call(
            lib.clientcert_registry_enrol_fingerprint,
            terminated(user, "the user"),
            terminated(key, "the key"),
            _fields(registration),
        )

    def renew_beside(
        self, verdict: Verdict, registered: Verdict, label: Optional[str] = None
    ) -> None:
        """Registers the key of a connected client beside one that is registered already, to the same user.

        `verdict` is of the connection with the new key, `registered` of one with the registered key, of the same
        person: which it is for the host to know.
        """
        self._call(
            lib.clientcert_registry_renew_beside,
            verdict._c,
            registered._c,
            optional_text(label, "the label"),
        )

    def renew_signed(self, verdict: Verdict, signer: bytes, label: Optional[str] = None) -> None:
        """Registers the key of a connected client whose certificate a registered key has signed, to the same user.

        `signer` is a certificate with the registered key, DER or PEM.
        """
        self._call(
            lib.clientcert_registry_renew_signed,
            verdict._c,
            signer,
            len(signer),
            optional_text(label, "the label"),
        )

    def disable(self, key: str) -> None:
        """Lets a key not count until it is enabled again."""
        self._change(b"disable", key)

    def enable(self, key: str) -> None:
        """Lets a disabled key count again."""
        self._change(b"enable", key)

    def revoke(self, key: str) -> None:
        """Lets a key not count any more, for good. Nobody can register it again."""
        self._change(b"revoke", key)

    def remove(self, key: str) -> None:
        """Removes a registration: the key may be registered anew. Not what was revoked."""
        self._change(b"remove", key)

    def rename(self, key: str, label: str) -> None:
        """Gives a key another label."""
        self._change(b"rename", key, label)

    def rename_user(self, user: str, name: str) -> None:
        """Gives the keys of a user to `name`, who has none yet."""
        self._change(b"rename_user", user, name)

    def used(self, key: str, time: Optional[Moment] = None) -> None:
        """Says that a key was used. Once a day for each key tells as much as for every use, and costs less."""
        time = int(datetime.now(timezone.utc).timestamp()) if time is None else time
        self._call(lib.clientcert_registry_used, terminated(key, "the key"), moment(time))

    def import_text(self, text: Union[str, bytes]) -> None:
        """Registers all keys of a text in the form of a `file:` registry, without paths in it, or none."""
        self._import(b"text", text, None)

    def import_jwks(self, jwks: Union[str, bytes], user: str) -> None:
        """Registers all keys of a JWK set with `x5c` or `x5t#S256` (RFC 8705 section 2.2.2) to a user, or none."""
        self._import(b"jwks", jwks, user)

    def all(self) -> list[Registration]:
        """Everything that is registered."""
        return self._list(b"all", None)

    def of_user(self, user: str) -> list[Registration]:
        """The keys of a user."""
        return self._list(b"user", user)

    def find(self, key: str) -> Optional[Registration]:
        """The registration of a key."""
        found = self._list(b"key", key)
        return found[0] if found else None

    def expiring(self, days: int) -> list[Registration]:
        """What ends within some days, the next first."""
        return self._list(b"expiring", str(days))

    def text(self) -> str:
        """All in the form of a `file:` registry, a line each."""
        return self._listed(b"text", None)

    @property
    def audit(self) -> tuple[AuditRecord, ...]:
        """The audit records of the last change that was made through this object; none where it failed."""
        with self._lock:
            records = json.loads(lent_text(lib.clientcert_registry_audit(self._c)))
        return tuple(_read(AuditRecord, record) for record in records)

    def _adopt(self, pointer: Any) -> None:
        self._lock = threading.Lock()
        self._c = owned(pointer, lib.clientcert_registry_free)

    def _change(self, verb: bytes, subject: str, value: Optional[str] = None) -> None:
        self._call(
            lib.clientcert_registry_change,
            verb,
            terminated(subject, "the key or user"),
            optional_text(value, "the value"),
        )

    def _import(self, form: bytes, data: Union[str, bytes], user: Optional[str]) -> None:
        data = data.encode() if isinstance(data, str) else data
        self._call(
            lib.clientcert_registry_import, form, data, len(data), optional_text(user, "the user")
        )

    def _list(self, what: bytes, value: Optional[str]) -> list[Registration]:
        return [_read(Registration, entry) for entry in json.loads(self._listed(what, value))]

    def _listed(self, what: bytes, value: Optional[str]) -> str:
        place = ffi.new("const char **")
        with self._lock:
            check(
                lib.clientcert_registry_list,
                self._c,
                what,
                optional_text(value, "the value"),
                place,
            )
            return lent_text(place[0])

    def _call(self, call: Callable[..., int], *arguments: Any) -> None:
        with self._lock:
            check(call, self._c, *arguments)


def _fields(registration: dict[str, Any]) -> Any:
    if not registration:
        return NULL
    return registration_json(
        {name: value for name, value in registration.items() if value is not None}
    )


def registration_json(registration: Optional[Mapping[str, Any]]) -> bytes:
    """A registration for C: as JSON, with moments as text."""
    if registration is None:
        return b"null"
    return json.dumps({name: _moment_text(value) for name, value in registration.items()}).encode()


def _moment_text(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        raise ValueError("a datetime without a time zone says no moment")
    return value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


_MOMENTS = {"time", "created", "not_before", "not_after", "revoked", "last_used"}


def _read(kind: Any, entry: dict[str, Any]) -> Any:
    """An object of JSON as a dataclass; what a later library adds to it is left out."""
    known = {field.name for field in fields(kind)} & entry.keys()
    return kind(
        **{name: unix_moment(entry[name]) if name in _MOMENTS else entry[name] for name in known}
    )
