"""Client certificates for WSGI (PEP 3333): Gunicorn, and every server behind a proxy.

    from clientcert.web import require
    from clientcert.wsgi import ClientCertificates

    app = ClientCertificates(app, verifier, places={"/": require("none"), "/account": require("user")})

The application finds the client in `environ["clientcert"]`, a `clientcert.web.Client`, and its user in `REMOTE_USER`.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from http.client import responses
from typing import TYPE_CHECKING, Any, Callable, Optional, Union
from urllib.parse import quote

from .forwarded import Dialect, HeaderNames
from .tls import peer_chain
from .web import (
    AmbiguousPath,
    Answer,
    Client,
    Facts,
    Gate,
    Places,
    Refused,
    bad_request,
    http_version,
    rule_lookup,
    true_peer,
)

if TYPE_CHECKING:
    from .verifier import Verifier

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class ClientCertificates:
    """WSGI middleware. Decides about every request before the application sees it. Safe for threads.

    Args:
        app: The application.
        verifier: Borrowed, and kept.
        places: What is required where, by path below the point where this is mounted. Default: nothing; the
            application asks with `Client.insist` where it needs more.
        forwarded: The dialect of the proxy in front, see `clientcert.web.Gate`.
        names: Other names for the headers of the dialect.
        virtual_host: The name of this host.
        refresh: How often changed files are looked for, in seconds; see `clientcert.web.Gate`.
    """

    def __init__(
        self,
        app: Application,
        verifier: Verifier,
        *,
        places: Optional[Places] = None,
        forwarded: Union[Dialect, str, None] = None,
        names: Optional[HeaderNames] = None,
        virtual_host: Optional[str] = None,
        refresh: Optional[float] = 1.0,
    ) -> None:
        self._app = app
        self._gate = Gate(
            verifier, forwarded=forwarded, names=names, virtual_host=virtual_host, refresh=refresh
        )
        self._rule = rule_lookup(places)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        client = client_of(self._gate, environ)
        try:
            client.insist(self._rule(path_of(environ)), pass_preflight=True)
            if client.user is not None:
                environ["REMOTE_USER"] = client.user
                environ["AUTH_TYPE"] = "clientcert"

            def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
                return start_response(status, [*headers, *client.response_headers], *rest)

            return self._app(environ, start)
        except Refused as refused:
            return respond(refused.answer, start_response)
        except AmbiguousPath:
            return respond(bad_request("The path is ambiguous."), start_response)


def client_of(gate: Gate, environ: Environ) -> Client:
    """The client of a request, which is then in `environ["clientcert"]`. Removes what a client could pass for
    another one with."""
    hidden = [key for key in environ if key.startswith("HTTP_") and gate.hides(key[5:])]
    headers = [(key[5:], environ.pop(key).encode("latin-1")) for key in hidden]
    if gate.forwarded:
        client = gate.client(facts_of(environ), peer=_peer(environ), headers=headers)
    else:
        client = gate.client(facts_of(environ), chain=_chain(environ))
    environ["clientcert"] = client
    return client


def facts_of(environ: Environ) -> Facts:
    """What an environment says of its request."""
    target = quote(
        (environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")).encode("latin-1")
    )
    query = environ.get("QUERY_STRING")
    return Facts(
        method=environ["REQUEST_METHOD"],
        target=f"{target}?{query}" if query else target,
        http_version=http_version(environ.get("SERVER_PROTOCOL", "")),
        authority=environ.get("HTTP_HOST"),
        origin=environ.get("HTTP_ORIGIN"),
        access_control_request_method=environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD"),
        access_control_request_headers=environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS"),
        accept=environ.get("HTTP_ACCEPT"),
        cookie=environ.get("HTTP_COOKIE"),
        handshake_time=_handshake_time(_socket(environ)),
    )


def path_of(environ: Environ) -> str:
    """The path below the point where the application is mounted, as applications read it."""
    path: str = environ.get("PATH_INFO") or "/"
    return path.encode("latin-1").decode("utf-8", "replace")


def respond(answer: Answer, start_response: StartResponse) -> Iterable[bytes]:
    """Sends an answer. Whether the connection ends is the server's to say in WSGI."""
    headers = [field for field in answer.headers if field[0].lower() != "connection"]
    start_response(f"{answer.status} {responses.get(answer.status, 'Refused')}", headers)
    return [answer.body]


def _socket(environ: Environ) -> Any:
    return environ.get("gunicorn.socket") or environ.get("werkzeug.socket")


def _chain(environ: Environ) -> list[bytes]:
    connection = _socket(environ)
    return peer_chain(connection) if isinstance(connection, ssl.SSLSocket) else []


def _handshake_time(connection: Any) -> Optional[int]:
    if not isinstance(connection, ssl.SSLSocket) or connection.session_reused:
        return None
    return getattr(connection, "clientcert_handshake_time", None)


def _peer(environ: Environ) -> Optional[str]:
    connection = _socket(environ)
    if connection is not None:
        if connection.family == socket.AF_UNIX:
            return "unix"
        try:
            return str(connection.getpeername()[0])
        except OSError:
            return None
    return true_peer(
        environ.get("REMOTE_ADDR"),
        [environ.get(f"HTTP_{name}", "") for name in ("X_FORWARDED_FOR", "FORWARDED", "X_REAL_IP")],
    )
