"""Uvicorn with direct TLS: the TLS extension of ASGI, which Uvicorn itself does not give.

    uvicorn.run(app, http="clientcert.uvicorn:HTTPProtocol", ssl_context_factory=ssl_context(verifier), ...)

On a command line: `uvicorn --http clientcert.uvicorn:HTTPProtocol --ssl-cert-reqs 1 --ssl-ca-certs clients.pem ...`.
It also tells the middleware who is really at the other end of the socket, before Uvicorn believes `X-Forwarded-For`.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Callable, Optional

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from .tls import CAs, install, peer_chain
from .web import transport_peer

if TYPE_CHECKING:
    from .asgi import Application, Receive, Scope, Send
    from .verifier import Verifier


def ssl_context(
    verifier: Verifier, *, ca: Optional[CAs] = None
) -> Callable[[Any, Callable[[], ssl.SSLContext]], ssl.SSLContext]:
    """A value for Uvicorn's `ssl_context_factory`: the context that Uvicorn would make, asking clients as the policy
    says."""

    def factory(config: Any, default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        context = default()
        install(context, verifier, ca=ca)
        return context

    return factory


class _Extended:
    """A protocol of Uvicorn whose scopes say what the connection is."""

    app: Any

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)  # type: ignore[misc]
        self.app = _Connection(self.app, transport)
        # A WebSocket has a protocol of its own, which takes the connection over.
        sockets = getattr(self, "ws_protocol_class", None)
        if sockets is not None and not issubclass(sockets, _Extended):
            self.ws_protocol_class = _extended(sockets)


class HTTPProtocol(_Extended, AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """Uvicorn's protocol for HTTP/1.1, for its option `http`."""


@lru_cache
def _extended(protocol: type[asyncio.Protocol]) -> type[asyncio.Protocol]:
    return type(protocol.__name__, (_Extended, protocol), {})


class _Connection:
    """An application on one connection."""

    def __init__(self, app: Application, transport: asyncio.Transport) -> None:
        self._app = app
        self._own: dict[str, Any] = {"peer": transport_peer(transport)}
        self._tls: Optional[dict[str, Any]] = None
        tls = transport.get_extra_info("ssl_object")
        if tls is not None:
            if not tls.session_reused:
                self._own["handshake_time"] = _handshake_time(tls)
            self._tls = _tls_extension(tls)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            extensions = dict(scope.get("extensions") or {})
            extensions["clientcert"] = self._own
            if self._tls is not None:
                extensions["tls"] = self._tls
            scope["extensions"] = extensions
        await self._app(scope, receive, send)


def _handshake_time(connection: Any) -> int:
    """When the handshake was. It is kept with the connection, which a WebSocket is only handed on."""
    known: Optional[int] = getattr(connection, "clientcert_handshake_time", None)
    if known is None:
        known = connection.clientcert_handshake_time = int(time.time())
    return known


def _tls_extension(connection: ssl.SSLObject) -> dict[str, Any]:
    """https://asgi.readthedocs.io/en/latest/specs/tls.html; the client's name is left to the middleware."""
    cipher = connection.cipher()
    version = connection.version()
    return {
        "server_cert": None,
        "client_cert_chain": [ssl.DER_cert_to_PEM_cert(der) for der in peer_chain(connection)],
        "client_cert_name": None,
        "client_cert_error": None,
        "tls_version": {"TLSv1.2": 0x0303, "TLSv1.3": 0x0304}.get(version or ""),
        "cipher_suite": None if cipher is None else _CIPHER_SUITES.get(cipher[0]),
    }


#: The suites of TLS 1.3; OpenSSL's names of others tell no number.
_CIPHER_SUITES = {
    "TLS_AES_128_GCM_SHA256": 0x1301,
    "TLS_AES_256_GCM_SHA384": 0x1302,
    "TLS_CHACHA20_POLY1305_SHA256": 0x1303,
}
