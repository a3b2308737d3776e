"""An application that answers preflights itself, and a view that requires a user whatever the method."""

from apps.shared import verifier
from clientcert.web import require
from clientcert.wsgi import ClientCertificates


def application(environ, start_response):
    client = environ["clientcert"]
    if environ["PATH_INFO"] == "/view":
        client.insist(require("user"))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['REQUEST_METHOD']} by {client.user}".encode()]


app = ClientCertificates(
    application, verifier(), places={"/": require("none"), "/api": require("user")}
)
