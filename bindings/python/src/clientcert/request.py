"""What a host knows of a request and its connection, to have it decided."""

from __future__ import annotations

import ssl
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Any, Optional, Union

from ._handle import Moment, check, encoded, moment, owned
from ._raw import NOW, NULL, lib


class Requirement(IntEnum):
    """What a place requires of a client."""

    NONE = 0
    """Nothing but that the verdict is accepted."""
    CERTIFICATE = 1
    """A certificate under whatever the mode accepts. This is no authentication."""
    VERIFIED = 2
    """A verdict of `Outcome.SUCCESS`."""
    USER = 3
    """The same, and a user."""


class HTTPVersion(IntEnum):
    """Versions of HTTP."""

    UNKNOWN = 0
    """Not known: nothing can be asked."""
    HTTP_1_0 = 10
    HTTP_1_1 = 11
    HTTP_2 = 20
    HTTP_3 = 30


class Late(IntEnum):
    """What came of asking for a certificate after the handshake."""

    NOT_ASKED = 0
    """Nobody asked on this connection."""
    ANSWERED = 1
    """The client presented a certificate."""
    DECLINED = 2
    """The client presented none."""
    TIMED_OUT = 3
    """The client said nothing for too long."""


@dataclass
class Request:
    """A request as a host knows it, and what its place requires. Name the fields: their order may change.

    Every field begins with the value that refuses: a host that forgets one lets nobody in by that. What a client wrote
    may stand in a text as it came.
    """

    requirement: Requirement = Requirement.USER
    """What the place requires."""
    users: Sequence[str] = ()
    """Whom the place is for. Whoever names users requires a user."""
    strong: bool = False
    """Whether only strong identity rules count; then a user is required."""
    maximum_age: Union[int, timedelta, None] = None
    """The longest time since the handshake that proved the key, in seconds; None for any."""
    method: Optional[str] = None
    """The method, such as `GET`."""
    origin: Optional[str] = None
    """The value of `Origin`."""
    access_control_request_method: Optional[str] = None
    """The value of `Access-Control-Request-Method`."""
    access_control_request_headers: Optional[str] = None
    """The value of `Access-Control-Request-Headers`."""
    server_name: Optional[str] = None
    """The host of the handshake (SNI)."""
    authority: Optional[str] = None
    """The host of the request, `Host` or `:authority`, with its port."""
    virtual_host: Optional[str] = None
    """The name of the virtual host that serves it; may be `*.example.com`."""
    target: Optional[str] = None
    """Path and query, for redirects."""
    other_login_url: Optional[str] = None
    """The URL of the server's other log-in."""
    other_login_challenge: Optional[str] = None
    """The server's other log-in as a value of `WWW-Authenticate`."""
    challenges: Sequence[str] = ()
    """Other values of `WWW-Authenticate` that the server has."""
    identity_before: Optional[str] = None
    """`Decision.identity` of an earlier request of the connection, the last that was not empty; None for the first."""
    nonce: Optional[str] = None
    """The value of the browser's cookie `__Host-clientcert`, where it has one."""
    tls_version: Union[int, str, None] = None
    """As on the wire (0x0304 is TLS 1.3), an `ssl.TLSVersion`, or what `SSLSocket.version` says; None: nothing can be
    asked."""
    http_version: HTTPVersion = HTTPVersion.UNKNOWN
    """The version of HTTP."""
    handshake_open: bool = False
    """Whether an alert can still be sent."""
    handshake_time: Optional[Moment] = None
    """When the handshake was that proved the key: the original one, which a resumption does not renew. None is too old
    wherever an age is asked for."""
    offers_post_handshake_auth: bool = False
    """Whether the client offered post-handshake authentication (RFC 8446 section 4.2.6)."""
    secure_renegotiation: bool = False
    """Whether secure renegotiation was negotiated (RFC 5746)."""
    late: Late = Late.NOT_ASKED
    """What came of asking after the handshake."""
    arrived_before_certificate: bool = False
    """Whether the request arrived before the certificate that the client presented late."""
    resumed: bool = False
    """Whether the session was resumed."""
    reused: bool = False
    """Whether it is not the first request of its connection, or the connection was made for another host."""
    answered_421: bool = False
    """Whether a request like it was answered 421 on this connection already."""
    preflight_opened: bool = False
    """Whether a preflight was the first request of this connection."""
    early_data: bool = False
    """Whether it came as early data of TLS 1.3."""
    body_read: int = 0
    """How many bytes of its body would have to be kept while a certificate is asked for."""
    log_out: bool = False
    """Whether the user asks to be logged out."""
    logged_out: bool = False
    """Whether the user logged out, and has not chosen a certificate since."""


def with_c_request(request: Request, use: Callable[[Any], Any]) -> Any:
    """Calls `use` with a request of C that says the same."""
    try:
        c_request = _free.pop()
    except IndexError:
        c_request = owned(lib.clientcert_request_new(), lib.clientcert_request_free)
    try:
        _fill(c_request, request)
        return use(c_request)
    finally:
        lib.clientcert_request_clear(c_request)
        _free.append(c_request)


# Requests of C that nobody uses now: a signal handler or another thread that decides meanwhile takes another.
_free: deque[Any] = deque(maxlen=64)

# The texts that a client writes. One that is not UTF-8 makes the decision a refusal and raises nothing.
_BY_CLIENT = (
    ("method", lib.CLIENTCERT_REQUEST_METHOD),
    ("origin", lib.CLIENTCERT_REQUEST_ORIGIN),
    ("access_control_request_method", lib.CLIENTCERT_REQUEST_ACCESS_CONTROL_REQUEST_METHOD),
    ("access_control_request_headers", lib.CLIENTCERT_REQUEST_ACCESS_CONTROL_REQUEST_HEADERS),
    ("server_name", lib.CLIENTCERT_REQUEST_SERVER_NAME),
    ("authority", lib.CLIENTCERT_REQUEST_AUTHORITY),
    ("target", lib.CLIENTCERT_REQUEST_TARGET),
    ("nonce", lib.CLIENTCERT_REQUEST_NONCE),
)
_BY_HOST = (
    ("virtual_host", lib.CLIENTCERT_REQUEST_VIRTUAL_HOST),
    ("other_login_url", lib.CLIENTCERT_REQUEST_OTHER_LOGIN_URL),
    ("other_login_challenge", lib.CLIENTCERT_REQUEST_OTHER_LOGIN_CHALLENGE),
    ("identity_before", lib.CLIENTCERT_REQUEST_IDENTITY_BEFORE),
)
_LISTS = (
    ("users", lib.CLIENTCERT_REQUEST_USER),
    ("challenges", lib.CLIENTCERT_REQUEST_CHALLENGE),
)
_NUMBERS = (
    ("requirement", lib.CLIENTCERT_REQUEST_REQUIREMENT),
    ("http_version", lib.CLIENTCERT_REQUEST_HTTP_VERSION),
    ("late", lib.CLIENTCERT_REQUEST_LATE),
    ("body_read", lib.CLIENTCERT_REQUEST_BODY_READ),
)
_FLAGS = (
    ("strong", lib.CLIENTCERT_REQUEST_STRONG),
    ("handshake_open", lib.CLIENTCERT_REQUEST_HANDSHAKE_OPEN),
    ("offers_post_handshake_auth", lib.CLIENTCERT_REQUEST_OFFERS_POST_HANDSHAKE_AUTH),
    ("secure_renegotiation", lib.CLIENTCERT_REQUEST_SECURE_RENEGOTIATION),
    ("arrived_before_certificate", lib.CLIENTCERT_REQUEST_ARRIVED_BEFORE_CERTIFICATE),
    ("resumed", lib.CLIENTCERT_REQUEST_RESUMED),
    ("reused", lib.CLIENTCERT_REQUEST_REUSED),
    ("answered_421", lib.CLIENTCERT_REQUEST_ANSWERED_421),
    ("preflight_opened", lib.CLIENTCERT_REQUEST_PREFLIGHT_OPENED),
    ("early_data", lib.CLIENTCERT_REQUEST_EARLY_DATA),
    ("log_out", lib.CLIENTCERT_REQUEST_LOG_OUT),
    ("logged_out", lib.CLIENTCERT_REQUEST_LOGGED_OUT),
)
_TLS_VERSIONS = {"TLSv1": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303, "TLSv1.3": 0x0304}


def _fill(c_request: Any, request: Request) -> None:
    for name, field in _BY_CLIENT:
        text = getattr(request, name)
        if text is not None:
            data = encoded(text)
            lib.clientcert_request_set_text(c_request, field, data, len(data), NULL)
    for name, field in _BY_HOST:
        text = getattr(request, name)
        if text is not None:
            _set_text(c_request, field, text)
    for name, field in _LISTS:
        texts = getattr(request, name)
        if isinstance(texts, str):
            raise TypeError(f"{name} is a list of texts")
        for text in texts:
            _set_text(c_request, field, text)
    for name, field in _NUMBERS:
        check(lib.clientcert_request_set_number, c_request, field, int(getattr(request, name)))
    for name, field in _FLAGS:
        if getattr(request, name):
            check(lib.clientcert_request_set_number, c_request, field, 1)
    _set_times(c_request, request)


def _set_times(c_request: Any, request: Request) -> None:
    age = request.maximum_age
    if age is not None:
        # A part of a second is dropped: the shorter age is the stricter one.
        seconds = age // timedelta(seconds=1) if isinstance(age, timedelta) else int(age)
        if seconds < 0:
            raise ValueError("an age below zero")
        check(
            lib.clientcert_request_set_number,
            c_request,
            lib.CLIENTCERT_REQUEST_MAXIMUM_AGE,
            seconds,
        )
    if request.handshake_time is not None:
        time = moment(request.handshake_time)
        if time != NOW:
            check(
                lib.clientcert_request_set_number,
                c_request,
                lib.CLIENTCERT_REQUEST_HANDSHAKE_TIME,
                time,
            )
    if request.tls_version is not None:
        version = tls_number(request.tls_version)
        check(
            lib.clientcert_request_set_number,
            c_request,
            lib.CLIENTCERT_REQUEST_TLS_VERSION,
            version,
        )


def tls_number(version: Union[int, str]) -> int:
    """A TLS version as on the wire; 0 for a text that names none."""
    if isinstance(version, str):
        return _TLS_VERSIONS.get(version, 0)
    return int(version) if not isinstance(version, ssl.TLSVersion) or version > 0 else 0


def _set_text(c_request: Any, field: int, text: str) -> None:
    data = encoded(text)
    check(lib.clientcert_request_set_text, c_request, field, data, len(data))
