"""Django in one file, for WSGI and ASGI."""

import os

import django
from django.conf import settings

from apps.shared import FORWARDED, PLACES, describe, verifier
from clientcert.django import require_certificate

settings.configure(
    ALLOWED_HOSTS=["*"],
    CLIENTCERT={
        "verifier": verifier(),
        "forwarded": FORWARDED,
        "create_users": os.environ.get("TEST_CREATE_USERS", "yes") == "yes",
        "places": {path: PLACES[path] for path in ("/", "/log-in", "/log-out")},
    },
    AUTHENTICATION_BACKENDS=[
        "clientcert.django.backend.ClientCertificateBackend",
        "django.contrib.auth.backends.ModelBackend",
    ],
    DATABASES={
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["TEST_DATABASE"]}
    },
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "clientcert.django.middleware.ClientCertificateMiddleware",
    ],
    ROOT_URLCONF=__name__,
    SECRET_KEY="only for tests",
    USE_TZ=True,
)
django.setup()

from django.contrib import auth  # noqa: E402 (after the settings)
from django.contrib.auth import get_user_model  # noqa: E402
from django.contrib.sessions.models import Session  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402

call_command("migrate", verbosity=0)


def page(request):
    names = set(request.headers) | {key[5:] for key in request.META if key.startswith("HTTP_")}
    seen = describe(request.client_certificate, names)
    seen["django_user"] = request.user.get_username() or None
    seen["sessions"] = Session.objects.count()
    return JsonResponse(seen)


async def async_page(request):
    user = await request.auser()
    seen = describe(request.client_certificate, request.headers)
    seen["django_user"] = user.get_username() or None
    return JsonResponse(seen)


def begin_session(request):
    """As any other log-in of the application does it."""
    user, _ = get_user_model().objects.get_or_create(username="carol")
    auth.login(request, user, "django.contrib.auth.backends.ModelBackend")
    return page(request)


urlpatterns = [
    path("session", begin_session),
    path("", page),
    path("verified", require_certificate("verified")(page)),
    path("user", require_certificate()(async_page)),
    path("alice", require_certificate(users=["alice"])(page)),
    path("nobody", require_certificate(users=[])(page)),
    path("fresh", require_certificate(maximum_age=3600)(page)),
    path("elsewhere", require_certificate("verified", login_url="/log-in")(page)),
    path("log-in", page),
    path("log-out", page),
]

wsgi = get_wsgi_application()
asgi = get_asgi_application()
