"""Views that require a certificate."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from functools import wraps
from typing import Any, Callable, Optional, TypeVar, Union

from ..request import Requirement
from ..web import Client, require

View = TypeVar("View", bound=Callable[..., Any])


def require_certificate(
    requirement: Union[Requirement, str] = Requirement.USER,
    *,
    users: Optional[Iterable[str]] = None,
    **named: Any,
) -> Callable[[View], View]:
    """A decorator for views, sync and async. Takes what `clientcert.web.require` takes. `users` are those of the
    certificates."""
    rule = require(requirement, users=users, **named)

    def decorate(view: View) -> View:
        if inspect.iscoroutinefunction(view):

            @wraps(view)
            async def guarded(request: Any, *arguments: Any, **parameters: Any) -> Any:
                client_of(request).insist(rule)
                return await view(request, *arguments, **parameters)

        else:

            @wraps(view)
            def guarded(request: Any, *arguments: Any, **parameters: Any) -> Any:
                client_of(request).insist(rule)
                return view(request, *arguments, **parameters)

        return guarded  # type: ignore[return-value]

    return decorate


def client_of(request: Any) -> Client:
    """The client of a request.

    Raises:
        RuntimeError: Where the middleware is not in the settings.
    """
    found = getattr(request, "client_certificate", None)
    if not isinstance(found, Client):
        raise RuntimeError(
            "clientcert.django.middleware.ClientCertificateMiddleware is not in MIDDLEWARE"
        )
    return found
