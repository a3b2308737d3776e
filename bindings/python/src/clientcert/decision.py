"""What a host does with a request, and what it answers."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NoReturn, Optional

from ._handle import Handle, lent_bytes, lent_text, owned
from ._raw import lib
from .reasons import TLS_1_3
from .verdict import Verdict


class Action(IntEnum):
    """What a host does; `docs/requests.md` has the table. A number that is not here reads as `FORBID`."""

    ALLOW = 0
    """The request goes on, with the identity of `Decision.verdict`."""
    PREFLIGHT = 1
    """A CORS preflight: without a status it goes on without an identity, with one it is answered."""
    ASK_RENEGOTIATE = 2
    """Renegotiate, asking for a certificate, and decide again."""
    ASK_POST_HANDSHAKE = 3
    """Ask for a certificate after the handshake of TLS 1.3, and decide again."""
    USE_HTTP_1_1 = 4
    """Reset the stream with HTTP_1_1_REQUIRED, 0xd."""
    ASK_ELSEWHERE = 5
    """Redirect to the host that asks in its handshake."""
    FALL_BACK = 6
    """Answer with the server's other log-in."""
    CHALLENGE = 7
    """Answer 401 with challenges."""
    FORBID = 8
    """Answer 403."""
    TOO_EARLY = 9
    """Answer 425."""
    MISDIRECTED = 10
    """Answer 421."""
    REAUTHENTICATE = 11
    """Answer and end the connection, so that the client proves anew who it is."""
    LOG_OUT = 12
    """Answer, end the connection, and remember that the user logged out."""
    RESEND = 13
    """Answer 307, so that the client sends the request again."""
    TIMED_OUT = 14
    """Answer 408."""
    TOO_LARGE = 15
    """Answer 413."""

    @classmethod
    def _missing_(cls, value: object) -> Optional[Action]:
        return cls.FORBID if isinstance(value, int) else None


class Body(IntEnum):
    """Forms of a page."""

    TEXT = 0
    HTML = 1
    JSON = 2

    @property
    def content_type(self) -> str:
        """What to send as `Content-Type`."""
        return _CONTENT_TYPES[self]

    @classmethod
    def preferred(cls, accept: Optional[str]) -> Body:
        """The form that a client likes best, by its `Accept` (RFC 9110 section 12.5.1); text where it has no wish."""
        ranges = [_range(item) for item in (accept or "").split(",") if item.strip()]
        best = max(cls, key=lambda body: (_quality(ranges, body), -body))
        return best if _quality(ranges, best) > 0 else cls.TEXT


class Decision(Handle):
    """What to do with one request. Immutable, and safe for threads. It has no truth value: ask `allowed`."""

    __slots__ = ()

    def __init__(self, pointer: Any) -> None:
        self._c = owned(pointer, lib.clientcert_decision_free)

    def __bool__(self) -> NoReturn:
        raise TypeError("a decision is neither true nor false: ask .allowed")

    def __repr__(self) -> str:
        return f"<Decision {self.action.name} {self.cause or ''}>"

    @property
    def allowed(self) -> bool:
        """Whether the action is `ALLOW`: only then does a request reach what a place protects."""
        return bool(lib.clientcert_decision_action(self._c) == Action.ALLOW)

    @property
    def action(self) -> Action:
        """What to do."""
        return Action(lib.clientcert_decision_action(self._c))

    @property
    def status(self) -> Optional[int]:
        """The HTTP status of the answer; None where the request goes on or the client is asked."""
        return int(lib.clientcert_decision_status(self._c)) or None

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The header fields of the answer. A name may come several times, such as `WWW-Authenticate`."""
        return [
            (
                lent_text(lib.clientcert_decision_header_name(self._c, index)),
                (lent_bytes(lib.clientcert_decision_header_value, self._c, index) or b"").decode(
                    "latin-1"
                ),
            )
            for index in range(lib.clientcert_decision_header_count(self._c))
        ]

    def body(self, form: Body = Body.TEXT) -> Optional[bytes]:
        """The page of the answer, to be sent with `form.content_type`; None where there is no answer."""
        return lent_bytes(lib.clientcert_decision_body, self._c, form)

    @property
    def cause(self) -> Optional[str]:
        """Why the request does not simply go on: the name of a reason or of another cause; None where it goes on."""
        cause = lib.clientcert_decision_cause(self._c)
        return lent_text(cause) if cause else None

    @property
    def identity(self) -> str:
        """Who the client is, in a text that only equals itself: `Request.identity_before` of the next request of the
        connection, unless it is empty."""
        return lent_text(lib.clientcert_decision_identity(self._c))

    @property
    def verdict(self) -> Verdict:
        """The verdict that decided: an application learns here who the client is.

        It is the connection's, looked at again, or one without a certificate where that does not count for this
        request. The verdict of the connection stays the host's to keep.
        """
        return Verdict(lib.clientcert_verdict_ref(lib.clientcert_decision_verdict(self._c)))

    @property
    def closes(self) -> bool:
        """Whether the connection ends with the answer."""
        return bool(lib.clientcert_decision_closes(self._c) != 0)

    @property
    def session_cacheable(self) -> bool:
        """Whether the session of the connection may be resumed: a ticket sent, or an entry kept."""
        return bool(lib.clientcert_decision_session_cacheable(self._c) == 1)

    @property
    def http2_error(self) -> Optional[int]:
        """The error code to reset the stream with, in HTTP/2; None where the stream is not reset."""
        return int(lib.clientcert_decision_http2_error(self._c)) or None

    def alert(self, tls_version: int = TLS_1_3) -> Optional[int]:
        """The fatal TLS alert that says it, where the handshake is still open; None where there is none to send."""
        return int(lib.clientcert_decision_alert(self._c, tls_version)) or None

    @property
    def audit(self) -> str:
        """The record of the decision for a log: one line of JSON, whatever a client wrote."""
        return (lent_bytes(lib.clientcert_decision_audit, self._c) or b"").decode()


_CONTENT_TYPES = {
    Body.TEXT: "text/plain; charset=utf-8",
    Body.HTML: "text/html; charset=utf-8",
    Body.JSON: "application/json",
}
_MEDIA_TYPES = {Body.TEXT: "text/plain", Body.HTML: "text/html", Body.JSON: "application/json"}


def _range(item: str) -> tuple[str, float]:
    """A media range and its weight; one that cannot be read counts as unwanted."""
    media, *parameters = (part.strip().lower() for part in item.split(";"))
    weight = next((part[2:] for part in parameters if part.startswith("q=")), "1")
    try:
        return media, float(weight)
    except ValueError:
        return media, 0.0


def _quality(ranges: list[tuple[str, float]], body: Body) -> float:
    """The weight of the most specific range that matches."""
    media = _MEDIA_TYPES[body]
    for pattern in (media, media.split("/")[0] + "/*", "*/*"):
        weights = [weight for given, weight in ranges if given == pattern]
        if weights:
            return max(weights)
    return 0.0
