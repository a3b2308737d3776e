"""Client certificates for Flask.

from clientcert.flask import ClientCertificates, client, require_certificate

ClientCertificates(app, verifier)

@app.route("/account")
@require_certificate("user")
def account():
    return f"Hello, {client.user}"
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar, Union

from flask import Flask, Response, current_app, request
from werkzeug.local import LocalProxy

from . import wsgi
from .request import Requirement
from .web import Client, Refused, require

if TYPE_CHECKING:
    from .verifier import Verifier

View = TypeVar("View", bound=Callable[..., Any])


class ClientCertificates:
    """The extension: puts `clientcert.wsgi.ClientCertificates` before an application.

    Args:
        app: The application, or None and `init_app` later.
        verifier: Borrowed, and kept.
        named: What else `clientcert.wsgi.ClientCertificates` takes, such as `places`; views require more with
            `require_certificate`.
    """

    def __init__(
        self, app: Optional[Flask] = None, verifier: Optional[Verifier] = None, **named: Any
    ) -> None:
        self._named = named
        if app is not None:
            if verifier is None:
                raise TypeError("an application needs a verifier")
            self.init_app(app, verifier)

    def init_app(self, app: Flask, verifier: Verifier) -> None:
        """Puts the middleware before an application."""
        # Outside of it, so that nothing runs for who is refused; Flask would turn an exception into a 500.
        guarded = wsgi.ClientCertificates(app.wsgi_app, verifier, **self._named)
        app.wsgi_app = guarded  # type: ignore[method-assign]
        app.register_error_handler(Refused, _refused)
        app.extensions["clientcert"] = self


def require_certificate(
    requirement: Union[Requirement, str] = Requirement.USER,
    *,
    users: Optional[Iterable[str]] = None,
    **named: Any,
) -> Callable[[View], View]:
    """A decorator for views, below `route`. Takes what `clientcert.web.require` takes."""
    rule = require(requirement, users=users, **named)

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*arguments: Any, **parameters: Any) -> Any:
            _client().insist(rule)
            return current_app.ensure_sync(view)(*arguments, **parameters)

        return guarded  # type: ignore[return-value]

    return decorate


def _client() -> Client:
    found = request.environ.get("clientcert")
    if not isinstance(found, Client):
        raise RuntimeError(
            "clientcert.flask.ClientCertificates was not set up for this application"
        )
    return found


#: The client of the request at hand.
client: Client = LocalProxy(_client)  # type: ignore[assignment]


def _refused(refused: Refused) -> Response:
    answer = refused.answer
    return Response(answer.body, answer.status, list(answer.headers))
