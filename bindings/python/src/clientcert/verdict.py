"""Who a client is, and whether its connection may go on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, NoReturn, Optional, Union

from ._handle import (
    Handle,
    Moment,
    encoded,
    instant,
    lent_bytes,
    lent_text,
    moment,
    owned,
    terminated,
)
from ._raw import lib
from .policy import Mode, unix_moment
from .reasons import TLS_1_3, Reason, code_of

_FOREVER = 2**63 - 1


class Outcome(IntEnum):
    """What became of the client. A number that is not here reads as `FAILED`."""

    NONE = 0
    """The client presented no certificate."""
    SUCCESS = 1
    """The certificate is good under the policy."""
    FAILED = 2
    """The certificate is not good, or was not verified."""

    @classmethod
    def _missing_(cls, value: object) -> Optional[Outcome]:
        return cls.FAILED if isinstance(value, int) else None


@dataclass(frozen=True)
class AlternativeNames:
    """The subject alternative names of the client's certificate by kind, each in its order."""

    emails: tuple[str, ...]
    dns: tuple[str, ...]
    uris: tuple[str, ...]
    ips: tuple[str, ...]
    directory_names: tuple[str, ...]
    registered_ids: tuple[str, ...]
    upns: tuple[str, ...]
    xmpp: tuple[str, ...]
    smtp_utf8: tuple[str, ...]


@dataclass(frozen=True)
class OCSPQuestion:
    """What a verdict wants to know from an OCSP responder."""

    url: str
    """Whom to ask: an http or https URL."""
    request: bytes
    """What to POST, as `application/ocsp-request`."""
    certificate: int
    """Which presented certificate it is about, for `Verifier.ocsp_response`."""


class Verdict(Handle):
    """The outcome for one presented chain.

    Immutable, and safe for threads. Everything is read when it is asked for. A verdict has no truth value: ask
    `verified`, which protects a page, or `accepted`, which does not.

    What a client put into its certificate is text in UTF-8; a byte that is none stands as a lone surrogate, as in
    `os.fsdecode`. Attributes of the certificate are None where there is none that can be read.
    """

    __slots__ = ()

    def __init__(self, pointer: Any) -> None:
        self._c = owned(pointer, lib.clientcert_verdict_free)

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a verdict is neither true nor false: ask .verified, or .accepted where no protection is meant"
        )

    def __repr__(self) -> str:
        if self.outcome is not Outcome.FAILED:
            return f"<Verdict {self.outcome.name} user={self.user!r}>"
        return f"<Verdict FAILED {self.get('reasons')}>"

    @property
    def verified(self) -> bool:
        """Whether the client is authenticated: the question that protects a page."""
        return bool(lib.clientcert_verdict_verified(self._c) == 1)

    @property
    def accepted(self) -> bool:
        """Whether the connection may go on under the mode. **This is no authentication.**"""
        return bool(lib.clientcert_verdict_accepted(self._c) == 1)

    @property
    def outcome(self) -> Outcome:
        """What became of the client."""
        return Outcome(lib.clientcert_verdict_outcome(self._c))

    @property
    def mode(self) -> Mode:
        """The mode of the policy."""
        return Mode.__members__.get((self.get("mode") or "").upper(), Mode.REQUIRE)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Everything that is wrong, the primary reason first."""
        return tuple(
            _reason(self._c, index) for index in range(lib.clientcert_verdict_reason_count(self._c))
        )

    @property
    def reason(self) -> Optional[Reason]:
        """The primary reason: what a person should fix first."""
        return _reason(self._c, 0) if lib.clientcert_verdict_reason_count(self._c) else None

    @property
    def user(self) -> Optional[str]:
        """The user whom the certificate stands for; None for anything but `SUCCESS`."""
        return self.get("user")

    @property
    def user_rule(self) -> Optional[str]:
        """The identity rule that named the user, or `registration`."""
        return self.get("user_rule")

    @property
    def user_strength(self) -> Optional[str]:
        """`strong` or `weak`: how sure it is that the user is meant."""
        return self.get("user_strength")

    @property
    def verified_by(self) -> Optional[str]:
        """`own`, or `proxy` where a trusted proxy's word stands in for a path to a CA; None but for `SUCCESS`."""
        return self.get("verified_by")

    @property
    def registration_key(self) -> Optional[str]:
        """What is registered: `spki:sha256:` or `cert:sha256:` and hexadecimal."""
        return self.get("registration_key")

    @property
    def registration_label(self) -> Optional[str]:
        """What the registration of the key is called, such as `laptop`."""
        return self.get("registration_label")

    @property
    def pending_fingerprint(self) -> Optional[str]:
        """The key to look up and to answer with `Verifier.resolve`, where `registry` is `external`."""
        return self.get("pending_fingerprint")

    @property
    def subject(self) -> Optional[str]:
        """The subject of the client's certificate as RFC 4514 writes it."""
        return self.get("subject")

    @property
    def issuer(self) -> Optional[str]:
        """Its issuer, likewise."""
        return self.get("issuer")

    @property
    def serial(self) -> Optional[str]:
        """Its serial number in upper-case hexadecimal."""
        return self.get("serial")

    @property
    def serial_number(self) -> Optional[int]:
        """Its serial number."""
        serial = self.serial
        return None if serial is None else int(serial, 16)

    @property
    def not_before(self) -> Optional[datetime]:
        """The first second of its validity; None also for a year that `datetime` cannot hold."""
        return unix_moment(self.get("not_before"))

    @property
    def not_after(self) -> Optional[datetime]:
        """The last second of its validity, likewise."""
        return unix_moment(self.get("not_after"))

    @property
    def fingerprint_sha1(self) -> Optional[str]:
        """SHA-1 of the certificate in lower-case hexadecimal."""
        return self.get("fingerprint_sha1")

    @property
    def fingerprint_sha256(self) -> Optional[str]:
        """SHA-256 of the certificate in lower-case hexadecimal."""
        return self.get("fingerprint_sha256")

    @property
    def spki_sha256(self) -> Optional[str]:
        """SHA-256 of its SubjectPublicKeyInfo in lower-case hexadecimal."""
        return self.get("spki_sha256")

    @property
    def key_algorithm(self) -> Optional[str]:
        """The algorithm of its key: OpenSSL's long name, or dotted."""
        return self.get("key_algorithm")

    @property
    def key_bits(self) -> Optional[int]:
        """The size of its key in bits; None where unknown."""
        bits = self.get("key_bits")
        return None if bits is None else int(bits)

    @property
    def signature_algorithm(self) -> Optional[str]:
        """The algorithm of its signature: OpenSSL's long name, or dotted."""
        return self.get("signature_algorithm")

    @property
    def san(self) -> AlternativeNames:
        """Its subject alternative names."""
        return AlternativeNames(
            emails=self._numbered("san_email"),
            dns=self._numbered("san_dns"),
            uris=self._numbered("san_uri"),
            ips=self._numbered("san_ip"),
            directory_names=self._numbered("san_dirname"),
            registered_ids=self._numbered("san_rid"),
            upns=self._numbered("san_upn"),
            xmpp=self._numbered("san_xmpp"),
            smtp_utf8=self._numbered("san_smtp_utf8"),
        )

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """The DER of what the client presented, its own certificate first, whether or not it could be read."""
        count = lib.clientcert_verdict_certificate_count(self._c)
        return tuple(
            lent_bytes(lib.clientcert_verdict_certificate, self._c, index) or b""
            for index in range(count)
        )

    @property
    def policy_identity(self) -> bytes:
        """The identity of the policy that the verdict was made under: `Policy.identity`."""
        return lent_bytes(lib.clientcert_verdict_policy_identity, self._c) or b""

    @property
    def valid_until(self) -> Optional[datetime]:
        """The last second at which verifying again, under the same policy, would say the same.

        None where there is no such second: for a client without a certificate, and beyond what `datetime` can hold.
        """
        seconds = lib.clientcert_verdict_valid_until(self._c)
        try:
            return None if seconds == _FOREVER else instant(seconds)
        except OverflowError:
            return None

    @property
    def ocsp_questions(self) -> tuple[OCSPQuestion, ...]:
        """What to ask OCSP responders, the first choice first. Give what they say to `Verifier.ocsp_response`."""
        return tuple(
            OCSPQuestion(
                url=lent_text(lib.clientcert_verdict_ocsp_url(self._c, index)),
                request=lent_bytes(lib.clientcert_verdict_ocsp_request, self._c, index) or b"",
                certificate=lib.clientcert_verdict_ocsp_certificate(self._c, index),
            )
            for index in range(lib.clientcert_verdict_ocsp_count(self._c))
        )

    @property
    def x509_error(self) -> int:
        """OpenSSL's number for the outcome; 0 also for a client without a certificate where that is accepted."""
        return int(lib.clientcert_verdict_x509_error(self._c))

    @property
    def nginx_status(self) -> int:
        """0 where the verdict is accepted; 496 for a missing certificate that is required; else 495."""
        return int(lib.clientcert_verdict_nginx_status(self._c))

    def alert(self, tls_version: int = TLS_1_3) -> Optional[int]:
        """The fatal TLS alert that says it, for a version as on the wire; None where the verdict is accepted."""
        alert = lib.clientcert_verdict_alert(self._c, tls_version)
        return None if alert == -1 else int(alert)

    def get(
        self, name: str, default: Optional[str] = None, *, time: Optional[Moment] = None
    ) -> Optional[str]:
        """A variable of `docs/variables.md` as text: this library's, nginx's, Apache's or HAProxy's.

        `time` is the moment for what depends on one, such as the days that are left. `default` is returned where
        there is no such variable, or no value for this client.
        """
        data = self.get_bytes(name, time=time)
        return default if data is None else data.decode("utf-8", "surrogateescape")

    def get_bytes(self, name: str, *, time: Optional[Moment] = None) -> Optional[bytes]:
        """The same as bytes, for variables that are binary."""
        text = terminated(name, "the name")
        if time is None:
            return lent_bytes(lib.clientcert_verdict_get, self._c, text)
        return lent_bytes(lib.clientcert_verdict_get_at, self._c, text, moment(time))

    @property
    def variables(self) -> Variables:
        """All variables by name, as a mapping that reads each when it is asked for."""
        return Variables(self)

    def json(self) -> str:
        """The whole verdict on one line, as `docs/json.md` describes it."""
        return (lent_bytes(lib.clientcert_verdict_json, self._c) or b"").decode()

    def as_dict(self) -> dict[str, Any]:
        """The same, read."""
        result: dict[str, Any] = json.loads(self.json())
        return result

    def confirms(self, confirmation: Union[str, bytes, Mapping[str, str]]) -> bool:
        """Whether a token is bound to the certificate of this client (RFC 8705 section 3).

        `confirmation` is the token's `cnf`, read or as JSON, or its `x5t#S256` alone. The caller has verified the
        token. It says that the client is the one to whom the token was given, not who that is.
        """
        if isinstance(confirmation, Mapping):
            confirmation = json.dumps(dict(confirmation))
        data = encoded(confirmation) if isinstance(confirmation, str) else bytes(confirmation)
        return bool(lib.clientcert_verdict_confirms(self._c, data, len(data)) == 1)

    def _numbered(self, name: str) -> tuple[str, ...]:
        count = int(self.get(f"{name}_count") or 0)
        return tuple(self.get(f"{name}_{index}") or "" for index in range(count))


class Variables(Mapping[str, str]):
    """The variables of a verdict. Iteration gives those that have a value; look-ups find every name."""

    __slots__ = ("_verdict",)

    def __init__(self, verdict: Verdict) -> None:
        self._verdict = verdict

    def __getitem__(self, name: str) -> str:
        value = self._verdict.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def _names(self) -> list[str]:
        verdict = self._verdict.as_dict()
        return [*verdict["variables"], *verdict["variables_base64"]]


def _reason(pointer: Any, index: int) -> Reason:
    code = lib.clientcert_verdict_reason(pointer, index)
    detail = lib.clientcert_verdict_reason_detail(pointer, index)
    depth = lib.clientcert_verdict_reason_depth(pointer, index)
    return Reason(
        code=code_of(code),
        name=lent_text(lib.clientcert_reason_name(code)),
        text=lent_text(lib.clientcert_reason_text(code)),
        detail=lent_text(detail) if detail else None,
        depth=None if depth < 0 else depth,
        certificate=lib.clientcert_verdict_reason_certificate(pointer, index),
        tolerated=lib.clientcert_verdict_reason_tolerated(pointer, index) == 1,
    )
