"""The middleware for Django."""

from __future__ import annotations

from os import PathLike
from typing import Any, Optional, Union

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.contrib import auth
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse

from .. import asgi, wsgi
from ..config import Config
from ..verifier import Verifier
from ..web import AmbiguousPath, Answer, Client, Gate, Refused, bad_request, rule_lookup

# The key of the session that says which certificate's user it was begun for.
_SESSION_USER = "_clientcert_user"


class ClientCertificateMiddleware:
    """Decides about every request, and logs in whom its certificate stands for. It belongs after
    AuthenticationMiddleware."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response
        named = dict(getattr(settings, "CLIENTCERT", {}))
        self._log_in = named.pop("login", True)
        named.pop("create_users", None)
        self._rule = rule_lookup(named.pop("places", None))
        self._gate = Gate(
            _verifier(named.pop("config", None), named.pop("verifier", None)), **named
        )
        self._asynchronous = iscoroutinefunction(get_response)
        if self._asynchronous:
            markcoroutinefunction(self)

    def __call__(self, request: Any) -> Any:
        if self._asynchronous:
            return self._call_async(request)
        answer = self._begin(request)
        return self._finish(
            request, _response(answer) if answer is not None else self.get_response(request)
        )

    async def _call_async(self, request: Any) -> Any:
        answer = await sync_to_async(self._begin)(request)
        return self._finish(
            request, _response(answer) if answer is not None else await self.get_response(request)
        )

    def process_exception(self, request: Any, exception: Exception) -> Optional[HttpResponse]:
        """Answers who was refused by a view."""
        return _response(exception.answer) if isinstance(exception, Refused) else None

    def _begin(self, request: Any) -> Optional[Answer]:
        client = self._client(request)
        request.client_certificate = client
        try:
            rule = self._rule(request.path_info)
        except AmbiguousPath:
            return bad_request("The path is ambiguous.")
        answer = client.refuse(rule, pass_preflight=True)
        if hasattr(request, "session"):
            if rule.logs_out:
                auth.logout(request)
            elif answer is None and self._log_in:
                _identify(request, client)
        return answer

    def _client(self, request: Any) -> Client:
        scope = getattr(request, "scope", None)
        # What another middleware may have read already.
        request.__dict__.pop("headers", None)
        if scope is None:
            return wsgi.client_of(self._gate, request.META)
        # Django made META of the headers already.
        for key in [
            key for key in request.META if key.startswith("HTTP_") and self._gate.hides(key[5:])
        ]:
            del request.META[key]
        return asgi.client_of(self._gate, scope)

    def _finish(self, request: Any, response: HttpResponse) -> HttpResponse:
        for name, value in request.client_certificate.response_headers:
            _add(response, name, value)
        return response


def _verifier(
    config: Union[str, PathLike[str], dict[str, Any], None], verifier: Optional[Verifier]
) -> Verifier:
    if verifier is not None:
        return verifier
    if config is None:
        raise ImproperlyConfigured("CLIENTCERT needs a config or a verifier")
    return Verifier(Config(**config) if isinstance(config, dict) else Config.load(config))


def _response(answer: Answer) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status)
    del response["Content-Type"]
    for name, value in answer.headers:
        # PEP 3333 leaves the connection to the server.
        if name.lower() != "connection":
            _add(response, name, value)
    return response


def _identify(request: Any, client: Client) -> None:
    """Logs a user in by his certificate, and out again when it is no longer his."""
    begun_for = request.session.get(_SESSION_USER)
    if begun_for is not None and begun_for != client.user:
        auth.logout(request)
    if client.user is None or request.user.is_authenticated:
        return
    user = auth.authenticate(request, client_certificate=client)
    if user is not None:
        auth.login(request, user)
        request.session[_SESSION_USER] = client.user


def _add(response: HttpResponse, name: str, value: str) -> None:
    """Adds a field. Django keeps cookies apart, and each other field once."""
    if name.lower() == "set-cookie":
        response.cookies.load(value)
    elif response.has_header(name):
        response[name] = f"{response[name]}, {value}"
    else:
        response[name] = value
