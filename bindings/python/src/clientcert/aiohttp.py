"""Client certificates for servers of aiohttp.

from clientcert.aiohttp import client_certificates, client_of, require_certificate
from clientcert.tls import server_context

app = web.Application(middlewares=[client_certificates(verifier)])
web.run_app(app, ssl_context=server_context(verifier, "server.pem"))

@require_certificate("user")
async def account(request):
    return web.Response(text=f"Hello, {client_of(request).user}")
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar, Union

from aiohttp import hdrs, web
from multidict import CIMultiDict

from .forwarded import Dialect, HeaderNames
from .request import Requirement
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
    require,
    rule_lookup,
    transport_peer,
)

if TYPE_CHECKING:
    from .verifier import Verifier

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Guarded = TypeVar("Guarded", bound=Callable[..., Awaitable[web.StreamResponse]])

_KEY = "clientcert"


def client_certificates(
    verifier: Verifier,
    *,
    places: Optional[Places] = None,
    forwarded: Union[Dialect, str, None] = None,
    names: Optional[HeaderNames] = None,
    virtual_host: Optional[str] = None,
    refresh: Optional[float] = 1.0,
) -> Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]:
    """A middleware that decides about every request. It belongs first in the list. A response that a handler prepares
    by itself (a stream, a WebSocket) cannot end a log-out.

    Args:
        verifier: Borrowed, and kept.
        places: What is required where, by path; handlers require more with `require_certificate`. A preflight passes
            everywhere where the policy has `preflight = pass`.
        forwarded: The dialect of the proxy in front, see `clientcert.web.Gate`.
        names: Other names for the headers of the dialect.
        virtual_host: The name of this host.
        refresh: How often changed files are looked for, in seconds; see `clientcert.web.Gate`.
    """
    gate = Gate(
        verifier, forwarded=forwarded, names=names, virtual_host=virtual_host, refresh=refresh
    )
    rule_of = rule_lookup(places)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        request, client = _admit(gate, request)
        try:
            client.insist(rule_of(request.path), pass_preflight=True)
            response = await handler(request)
        except Refused as refused:
            return _respond(refused.answer)
        except AmbiguousPath as ambiguous:
            return _respond(bad_request(str(ambiguous)))
        except web.HTTPException as raised:
            raised.headers.extend(client.response_headers)
            raise
        response.headers.extend(client.response_headers)
        return response

    return middleware


def require_certificate(
    requirement: Union[Requirement, str] = Requirement.USER,
    *,
    users: Optional[Iterable[str]] = None,
    **named: Any,
) -> Callable[[Guarded], Guarded]:
    """A decorator for handlers. Takes what `clientcert.web.require` takes."""
    rule = require(requirement, users=users, **named)

    def decorate(handler: Guarded) -> Guarded:
        @wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            client_of(request).insist(rule)
            return await handler(request)

        return guarded  # type: ignore[return-value]

    return decorate


def client_of(request: web.Request) -> Client:
    """The client of a request.

    Raises:
        RuntimeError: Where the middleware is not in the list.
    """
    found = request.get(_KEY)
    if not isinstance(found, Client):
        raise RuntimeError("clientcert.aiohttp.client_certificates is not among the middlewares")
    return found


def _admit(gate: Gate, request: web.Request) -> tuple[web.Request, Client]:
    hidden = [(name, value) for name, value in request.headers.items() if gate.hides(name)]
    if hidden:
        kept = CIMultiDict(field for field in request.headers.items() if not gate.hides(field[0]))
        request = request.clone(headers=kept)
    if gate.forwarded:
        headers = [(name, value.encode("utf-8", "surrogateescape")) for name, value in hidden]
        peer = None if request.transport is None else transport_peer(request.transport)
        client = gate.client(_facts(request), peer=peer, headers=headers)
    else:
        client = gate.client(_facts(request), chain=_chain(request))
    request[_KEY] = client
    return request, client


def _facts(request: web.Request) -> Facts:
    version = request.version

    def field(name: str, separator: str = ",") -> Optional[str]:
        values = request.headers.getall(name, None)
        return None if values is None else separator.join(values)

    return Facts(
        method=request.method,
        target=request.path_qs,
        http_version=http_version(f"{version.major}.{version.minor}"),
        authority=field(hdrs.HOST),
        origin=field(hdrs.ORIGIN),
        access_control_request_method=field(hdrs.ACCESS_CONTROL_REQUEST_METHOD),
        access_control_request_headers=field(hdrs.ACCESS_CONTROL_REQUEST_HEADERS),
        accept=field(hdrs.ACCEPT),
        cookie=field(hdrs.COOKIE, "; "),
        early_data="Early-Data" in request.headers,
    )


def _chain(request: web.Request) -> list[bytes]:
    connection = request.get_extra_info("ssl_object")
    return peer_chain(connection) if isinstance(connection, (ssl.SSLObject, ssl.SSLSocket)) else []


def _respond(answer: Answer) -> web.Response:
    headers = CIMultiDict(field for field in answer.headers if field[0].lower() != "content-length")
    response = web.Response(status=answer.status, headers=headers, body=answer.body)
    if headers.get(hdrs.CONNECTION, "").lower() == "close":
        response.force_close()
    return response
