"""An application without a framework, with rules by path."""

import json

from apps.shared import FORWARDED, MOUNTED_AT, PLACES, TRUST_REMOTE_ADDRESS, describe, verifier
from clientcert.wsgi import ClientCertificates


def application(environ, start_response):
    seen = describe(environ["clientcert"], [key[5:] for key in environ if key.startswith("HTTP_")])
    seen["remote_user"] = environ.get("REMOTE_USER")
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(seen).encode()]


app = ClientCertificates(
    application,
    verifier(),
    places=PLACES,
    mounted_at=MOUNTED_AT,
    forwarded=FORWARDED,
    trust_remote_address=TRUST_REMOTE_ADDRESS,
)
