"""Rules by path, below the mount points of Starlette, FastAPI, and of a server that believes a header."""

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from apps.plain_asgi import application
from apps.shared import FORWARDED, PLACES, describe, verifier
from clientcert.asgi import ClientCertificates
from clientcert.starlette import client_of

named = {"verifier": verifier(), "places": PLACES, "forwarded": FORWARDED}


async def page(request):
    return JSONResponse(describe(client_of(request), request.headers.keys()))


# Behind a proxy that takes /api off, as FastAPI has it.
fastapi = FastAPI(root_path="/api")
fastapi.add_route("/user", page)
fastapi.add_route("/", page)
fastapi.add_middleware(ClientCertificates, mounted_at="/api", **named)

inner = Starlette(routes=[Route("/user", page), Route("/", page)])
inner.add_middleware(ClientCertificates, mounted_at="/sub", **named)
elsewhere = ClientCertificates(inner, **named)
starlette = Starlette(routes=[Mount("/sub", app=inner), Mount("/elsewhere", app=elsewhere)])


def believing(app):
    """What Daphne does of itself: the client says where the application is mounted."""

    async def server(scope, receive, send):
        for name, value in scope["headers"]:
            if name == b"daphne-root-path":
                scope["root_path"] = value.decode()
        await app(scope, receive, send)

    return server


# This application reads the whole path, as it is.
daphne = believing(ClientCertificates(application, **named))
one_rule = believing(
    ClientCertificates(application, named["verifier"], places=PLACES["/user"], forwarded=FORWARDED)
)
