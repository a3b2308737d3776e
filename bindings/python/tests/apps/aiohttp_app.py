"""A server of aiohttp: `python -m apps.aiohttp_app PORT [CERTIFICATE KEY]`."""

import sys

from aiohttp import web

from apps.shared import FORWARDED, OPTIONS, describe, verifier
from clientcert.aiohttp import client_certificates, client_of, require_certificate
from clientcert.tls import server_context


@require_certificate("none", logs_in=True)
async def log_in_and_go_on(request):
    raise web.HTTPSeeOther("/")


async def page(request):
    return web.json_response(describe(client_of(request), request.headers.keys()))


def main(port, *files):
    judge = verifier()
    app = web.Application(middlewares=[client_certificates(judge, forwarded=FORWARDED)])
    app.router.add_get("/", page)
    app.router.add_get("/verified", require_certificate("verified")(page))
    app.router.add_get("/user", require_certificate()(page))
    app.router.add_get("/alice", require_certificate(users=["alice"])(page))
    app.router.add_get("/nobody", require_certificate(users=[])(page))
    app.router.add_get("/fresh", require_certificate(maximum_age=3600)(page))
    app.router.add_get("/elsewhere", require_certificate("verified", login_url="/log-in")(page))
    app.router.add_route("*", "/log-in", require_certificate("none", logs_in=True)(page))
    app.router.add_post("/log-in-and-go-on", log_in_and_go_on)
    app.router.add_get("/log-out", require_certificate("none", logs_out=True)(page))
    context = server_context(judge, *files, ca=OPTIONS["ca"]) if files else None
    web.run_app(app, host="127.0.0.1", port=int(port), ssl_context=context, print=None)


main(*sys.argv[1:])
