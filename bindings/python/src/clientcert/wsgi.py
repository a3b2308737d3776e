"""Client certificates for WSGI (PEP 3333): Gunicorn, and every server behind a proxy.

    from clientcert.web import require
    from clientcert.wsgi import ClientCertificates

    app = ClientCertificates(app, verifier, places={"/": require("none"), "/account": require("user")})

The application finds the client in `environ["clientcert"]`, a `clientcert.web.Client`, and its user in `REMOTE_USER`.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Generator, Iterable, Iterator
from http.client import responses
from typing import Any, Callable, Optional
from urllib.parse import quote

from .middleware import Middleware
from .tls import peer_chain
from .web import (
    AmbiguousPath,
    Answer,
    Client,
    Facts,
    Gate,
    Refused,
    bad_request,
    http_version,
)

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class ClientCertificates(Middleware[Application]):
    """WSGI middleware. Decides about every request before the application sees it. Safe for threads.

    Its arguments are those of `clientcert.middleware.Middleware`.
    """

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        client = client_of(self._gate, environ)
        try:
            rule = self._rule(_text(environ.get("SCRIPT_NAME", "")), path_of(environ))
            client.insist(rule, pass_preflight=True)
        except Refused as refused:
            return respond(refused.answer, start_response)
        except AmbiguousPath as ambiguous:
            return respond(bad_request(str(ambiguous)), start_response)
        if client.user is not None:
            environ["REMOTE_USER"] = client.user
            environ["AUTH_TYPE"] = "clientcert"
        return self._serve(client, environ, start_response)

    def _serve(
        self, client: Client, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        started = False

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            nonlocal started
            started = True
            return start_response(status, [*headers, *client.response_headers], *rest)

        def refuse(refused: Refused) -> Iterable[bytes]:
            if started:
                raise refused
            return respond(refused.answer, start_response)

        def later(body: Generator[bytes, None, None]) -> Iterator[bytes]:
            # A generator has done nothing yet, and may still refuse.
            try:
                yield from body
            except Refused as refused:
                yield from refuse(refused)

        try:
            body = self._app(environ, start)
        except Refused as refused:
            return refuse(refused)
        return later(body) if isinstance(body, Generator) else body


def client_of(gate: Gate, environ: Environ) -> Client:
    """The client of a request, which is then in `environ["clientcert"]`. Removes what a client could pass for
    another one with."""
    hidden = [key for key in environ if key.startswith("HTTP_") and gate.hides(key[5:])]
    headers = [(key[5:], environ.pop(key).encode("latin-1")) for key in hidden]
    if gate.forwarded:
        client = gate.client(facts_of(environ), peer=_peer(gate, environ), headers=headers)
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
        early_data="HTTP_EARLY_DATA" in environ,
        handshake_time=_handshake_time(_socket(environ)),
    )


def path_of(environ: Environ) -> str:
    """The path below the point where the application is mounted, as applications read it."""
    return _text(environ.get("PATH_INFO") or "/")


def respond(answer: Answer, start_response: StartResponse) -> Iterable[bytes]:
    """Sends an answer. Whether the connection ends is the server's to say in WSGI."""
    headers = [field for field in answer.headers if field[0].lower() != "connection"]
    start_response(f"{answer.status} {responses.get(answer.status, 'Refused')}", headers)
    return [answer.body]


def _text(native: str) -> str:
    return native.encode("latin-1").decode("utf-8", "replace")


def _socket(environ: Environ) -> Any:
    return environ.get("gunicorn.socket") or environ.get("werkzeug.socket")


def _chain(environ: Environ) -> list[bytes]:
    connection = _socket(environ)
    return peer_chain(connection) if isinstance(connection, ssl.SSLSocket) else []


def _handshake_time(connection: Any) -> Optional[int]:
    if not isinstance(connection, ssl.SSLSocket) or connection.session_reused:
        return None
    return getattr(connection, "clientcert_handshake_time", None)


def _peer(gate: Gate, environ: Environ) -> Optional[str]:
    connection = _socket(environ)
    if connection is not None:
        if connection.family == socket.AF_UNIX:
            return "unix"
        try:
            return str(connection.getpeername()[0])
        except OSError:
            return None
    return gate.remote(
        environ.get("REMOTE_ADDR"),
        [environ.get(f"HTTP_{name}", "") for name in ("X_FORWARDED_FOR", "FORWARDED", "X_REAL_IP")],
    )
