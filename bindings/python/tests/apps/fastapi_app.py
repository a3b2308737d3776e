"""FastAPI, with dependencies, and one endpoint of Starlette's own."""

from fastapi import Depends, FastAPI, Request
from starlette.responses import JSONResponse

from apps.shared import FORWARDED, describe, verifier
from clientcert.starlette import (
    Certificate,
    Client,
    ClientCertificates,
    client_of,
    require_certificate,
)

app = FastAPI()
app.add_middleware(ClientCertificates, verifier=verifier(), forwarded=FORWARDED)


@app.get("/")
async def home(request: Request):
    return describe(client_of(request), request.headers.keys())


def page(path, rule):
    async def endpoint(request: Request, client: Client = Depends(rule)):  # noqa: B008 (as FastAPI wants it)
        return describe(client, request.headers.keys())

    app.add_api_route(path, endpoint, methods=["GET", "POST"])


page("/verified", Certificate("verified"))
page("/user", Certificate())
page("/nobody", Certificate(users=[]))
page("/fresh", Certificate(maximum_age=3600))
page("/elsewhere", Certificate("verified", login_url="/log-in"))
page("/log-in", Certificate("none", logs_in=True))
page("/log-out", Certificate("none", logs_out=True))


@require_certificate(users=["alice"])
async def alice(request):
    return JSONResponse(describe(client_of(request), request.headers.keys()))


app.add_route("/alice", alice)
