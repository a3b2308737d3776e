"""The middleware for Django."""

from __future__ import annotations

from os import PathLike
from typing import Any, Optional, Union

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.contrib import auth
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.utils.functional import SimpleLazyObject

from .. import asgi, wsgi
from ..config import Config
from ..verifier import Verifier
from ..web import AmbiguousPath, Answer, Client, Gate, Refused, bad_request, rule_lookup
from .backend import ClientCertificateBackend


class ClientCertificateMiddleware:
    """Decides about every request, and says whose it is. It belongs after AuthenticationMiddleware."""

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
        answer, logs_out = self._begin(request)
        if logs_out:
            auth.logout(request)
        response = _response(answer) if answer is not None else self.get_response(request)
        return _finish(request, response)

    async def _call_async(self, request: Any) -> Any:
        answer, logs_out = self._begin(request)
        if logs_out:
            await sync_to_async(auth.logout)(request)
        response = _response(answer) if answer is not None else await self.get_response(request)
        return _finish(request, response)

    def process_exception(self, request: Any, exception: Exception) -> Optional[HttpResponse]:
        """Answers who was refused by a view."""
        return _response(exception.answer) if isinstance(exception, Refused) else None

    def _begin(self, request: Any) -> tuple[Optional[Answer], bool]:
        """What a request is answered before the application sees it, and whether its session ends."""
        client = self._client(request)
        request.client_certificate = client
        try:
            rule = self._rule(request.path_info)
        except AmbiguousPath as ambiguous:
            return bad_request(str(ambiguous)), False
        answer = client.refuse(rule, pass_preflight=True)
        if self._log_in and client.user is not None and hasattr(request, "user"):
            _identify(request, client)
        return answer, rule.logs_out and hasattr(request, "session")

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
    """Makes the request that of the certificate's user, unless a session has another one.

    It counts for this request alone: no session is begun that would outlive the certificate.
    """
    of_session = request.user
    found: list[Any] = []

    def find() -> Any:
        if not found:
            user = None if of_session.is_authenticated else _user(request, client)
            found.append(of_session if user is None else user)
        return found[0]

    request.user = SimpleLazyObject(find)
    request.auser = sync_to_async(find)


def _user(request: Any, client: Client) -> Any:
    # Not by `authenticate`, which tells everybody that a log-in failed where a certificate has no user here.
    for path in settings.AUTHENTICATION_BACKENDS:
        backend = auth.load_backend(path)
        if isinstance(backend, ClientCertificateBackend):
            user = backend.authenticate(request, client_certificate=client)
            if user is not None:
                user.backend = path
                return user
    return None


def _finish(request: Any, response: HttpResponse) -> HttpResponse:
    for name, value in request.client_certificate.response_headers:
        _add(response, name, value)
    return response


def _add(response: HttpResponse, name: str, value: str) -> None:
    """Adds a field. Django keeps cookies apart, and each other field once."""
    if name.lower() == "set-cookie":
        response.cookies.load(value)
    elif response.has_header(name):
        response[name] = f"{response[name]}, {value}"
    else:
        response[name] = value
