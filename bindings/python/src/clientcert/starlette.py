"""Client certificates for Starlette and FastAPI.

    from clientcert.starlette import Certificate, ClientCertificates

    app.add_middleware(ClientCertificates, verifier=verifier)

    @app.get("/account")
    async def account(client: Client = Depends(Certificate("user"))):
        return {"user": client.user}

In Starlette, `client_of(request)` is the client, and `require_certificate` is a decorator for endpoints.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from functools import wraps
from typing import Any, Callable, Optional, TypeVar, Union

from starlette.requests import HTTPConnection

from .asgi import ClientCertificates
from .request import Requirement
from .web import Client, require

__all__ = ["Certificate", "Client", "ClientCertificates", "client_of", "require_certificate"]

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class Certificate:
    """A dependency of FastAPI: gives the client of a request that meets a requirement; others are answered.

    Args:
        requirement: `none`, `certificate` (no authentication), `verified` or `user`.
        users: Who may come in.
        named: What else `clientcert.web.require` takes.
    """

    def __init__(
        self,
        requirement: Union[Requirement, str] = Requirement.USER,
        *,
        users: Optional[Iterable[str]] = None,
        **named: Any,
    ) -> None:
        self._rule = require(requirement, users=users, **named)

    async def __call__(self, connection: HTTPConnection) -> Client:
        client = client_of(connection)
        client.insist(self._rule)
        return client


def require_certificate(
    requirement: Union[Requirement, str] = Requirement.USER,
    *,
    users: Optional[Iterable[str]] = None,
    **named: Any,
) -> Callable[[Endpoint], Endpoint]:
    """A decorator for Starlette's endpoints, which take a request or a WebSocket. Takes what
    `clientcert.web.require` takes."""
    rule = require(requirement, users=users, **named)

    def decorate(endpoint: Endpoint) -> Endpoint:
        if inspect.iscoroutinefunction(endpoint):

            @wraps(endpoint)
            async def guarded(
                connection: HTTPConnection, *arguments: Any, **parameters: Any
            ) -> Any:
                client_of(connection).insist(rule)
                return await endpoint(connection, *arguments, **parameters)

        else:

            @wraps(endpoint)
            def guarded(connection: HTTPConnection, *arguments: Any, **parameters: Any) -> Any:
                client_of(connection).insist(rule)
                return endpoint(connection, *arguments, **parameters)

        return guarded  # type: ignore[return-value]

    return decorate


def client_of(connection: HTTPConnection) -> Client:
    """The client of a request or a WebSocket.

    Raises:
        RuntimeError: Where the middleware was not added.
    """
    found = connection.scope.get("clientcert")
    if not isinstance(found, Client):
        raise RuntimeError(
            "clientcert.starlette.ClientCertificates was not added to this application"
        )
    return found
