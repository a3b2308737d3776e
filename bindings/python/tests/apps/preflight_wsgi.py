"""An application that answers preflights itself, a view that requires a user whatever the method, and one that redeems
tickets of another host."""

from http.cookies import SimpleCookie
from urllib.parse import parse_qs

from apps.shared import verifier
from clientcert.web import require
from clientcert.wsgi import ClientCertificates

judge = verifier()


def application(environ, start_response):
    client = environ["clientcert"]
    if environ["PATH_INFO"] == "/view":
        client.insist(require("user"))
    if environ["PATH_INFO"] == "/redeem":
        # No preflight comes past this.
        client.insist(require("none"))
        proof = redeem(environ)
        start_response("200 OK", [("Content-Type", "text/plain")])
        reason = proof.verdict.reason
        return [f"{proof.verdict.user} {reason and reason.name}".encode()]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['REQUEST_METHOD']} by {client.user}".encode()]


def redeem(environ):
    ticket = parse_qs(environ["QUERY_STRING"])["clientcert_ticket"][0]
    nonce = SimpleCookie(environ.get("HTTP_COOKIE", "")).get("__Host-clientcert")
    return judge.redeem_ticket(ticket, environ["HTTP_HOST"], nonce and nonce.value)


def lazily(environ, start_response):
    """The same as a generator, which begins when its first bytes are asked for."""
    yield from application(environ, start_response)


lazy = ClientCertificates(lazily, judge)
app = ClientCertificates(
    application,
    judge,
    virtual_host="www.example",
    places={"/": require("none"), "/api": require("user")},
)
