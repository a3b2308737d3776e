"""Client certificates for ASGI: Uvicorn, and every server behind a proxy.

    from clientcert.asgi import ClientCertificates
    from clientcert.web import require

    app = ClientCertificates(app, verifier, places={"/": require("none"), "/account": require("user")})

The application finds the client in `scope["clientcert"]`, a `clientcert.web.Client`. A direct connection's
certificate comes from the TLS extension of ASGI, which Uvicorn gives with `--http clientcert.uvicorn:HTTPProtocol`.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable
from typing import Any, Callable, Optional
from urllib.parse import quote

from .middleware import Middleware
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

Scope = Any
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class ClientCertificates(Middleware[Application]):
    """ASGI middleware for HTTP and WebSockets. Decides about every request before the application sees it. Other
    connections (scopes that servers may come to know) are refused by a RuntimeError.

    Its arguments are those of `clientcert.middleware.Middleware`.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] not in ("http", "websocket"):
            raise RuntimeError(f"nobody is known in a scope of type {scope['type']!r}")
        scope = dict(scope)
        client = client_of(self._gate, scope)
        started = False

        async def send_on(message: Any) -> None:
            nonlocal started
            if message["type"] in ("http.response.start", "websocket.accept"):
                started = True
                fields = [
                    (name.lower().encode(), value.encode())
                    for name, value in client.response_headers
                ]
                message = {**message, "headers": [*message.get("headers", ()), *fields]}
            await send(message)

        try:
            rule = self._rule(scope.get("root_path", ""), path_of(scope))
            client.insist(rule, pass_preflight=True)
            await self._app(scope, receive, send_on)
        except Refused as refused:
            if started:
                raise
            await respond(refused.answer, scope, send)
        except AmbiguousPath as ambiguous:
            await respond(bad_request(str(ambiguous)), scope, send)


def client_of(gate: Gate, scope: Scope) -> Client:
    """The client of a request, which is then in `scope["clientcert"]`. Removes what a client could pass for another
    one with."""
    kept: list[tuple[bytes, bytes]] = []
    hidden: list[tuple[str, bytes]] = []
    for name, value in scope["headers"]:
        text = name.decode("latin-1")
        if gate.hides(text):
            hidden.append((text, value))
        else:
            kept.append((name, value))
    scope["headers"] = kept
    if gate.forwarded:
        client = gate.client(facts_of(scope), peer=_peer(gate, scope), headers=hidden)
    else:
        client = gate.client(facts_of(scope), chain=_chain(scope))
    scope["clientcert"] = client
    return client


def facts_of(scope: Scope) -> Facts:
    """What a scope says of its request."""
    fields: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        name, text = name.lower(), value.decode("latin-1")
        separator = "; " if name == b"cookie" else ","
        fields[name] = f"{fields[name]}{separator}{text}" if name in fields else text
    raw_path = scope.get("raw_path")
    target = raw_path.decode("latin-1") if raw_path else quote(scope["path"])
    query = scope.get("query_string", b"").decode("latin-1")
    own = _extension(scope, "clientcert")
    return Facts(
        method=scope.get("method", "GET"),
        target=f"{target}?{query}" if query else target,
        http_version=http_version(scope.get("http_version", "")),
        authority=fields.get(b"host"),
        origin=fields.get(b"origin"),
        access_control_request_method=fields.get(b"access-control-request-method"),
        access_control_request_headers=fields.get(b"access-control-request-headers"),
        accept=fields.get(b"accept"),
        cookie=fields.get(b"cookie"),
        early_data=b"early-data" in fields,
        handshake_time=own.get("handshake_time"),
    )


def path_of(scope: Scope) -> str:
    """The path below the point where the application is mounted, as Starlette reads it. Servers differ in whether the
    path of a scope begins with that point."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    if root and f"{path}/".startswith(f"{root}/"):
        path = path[len(root) :]
    return path or "/"


async def respond(answer: Answer, scope: Scope, send: Send) -> None:
    """Sends an answer. A WebSocket is closed before it is accepted, for which servers send 403."""
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers]
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})
    elif "websocket.http.response" in scope.get("extensions", ()):
        await send(
            {"type": "websocket.http.response.start", "status": answer.status, "headers": headers}
        )
        await send({"type": "websocket.http.response.body", "body": answer.body})
    else:
        await send({"type": "websocket.close", "code": 1008})


def _extension(scope: Scope, name: str) -> dict[str, Any]:
    found: Optional[dict[str, Any]] = (scope.get("extensions") or {}).get(name)
    return found or {}


def _chain(scope: Scope) -> list[bytes]:
    return [
        ssl.PEM_cert_to_DER_cert(pem)
        for pem in _extension(scope, "tls").get("client_cert_chain") or ()
    ]


def _peer(gate: Gate, scope: Scope) -> Optional[str]:
    own = _extension(scope, "clientcert")
    if "peer" in own:
        peer: Optional[str] = own["peer"]
        return peer
    server = scope.get("server")
    client = scope.get("client")
    if client is None:
        return "unix" if server is not None and server[1] is None else None
    forwarding = [
        value.decode("latin-1")
        for name, value in scope["headers"]
        if name.lower() in (b"x-forwarded-for", b"forwarded", b"x-real-ip")
    ]
    return gate.remote(client[0], forwarding)
