"""What the applications of the tests have in common: a verifier out of the environment, places, and a page that says
what the application sees."""

import json
import os

from clientcert import Config, Verifier
from clientcert.web import require

OPTIONS = json.loads(os.environ["TEST_OPTIONS"])
FORWARDED = os.environ.get("TEST_FORWARDED") or None
MOUNTED_AT = os.environ.get("TEST_MOUNTED_AT", "")
TRUST_REMOTE_ADDRESS = os.environ.get("TEST_TRUST_REMOTE_ADDRESS") == "yes"
FORWARDING = {
    "client-cert",
    "client-cert-chain",
    "x-ssl-client-cert",
    "x-ssl-client-verify",
    "x-forwarded-client-cert",
}

#: The places of every application, for those whose rules go by path.
PLACES = {
    "/": require("none"),
    "/verified": require("verified"),
    "/user": require("user"),
    "/alice": require(users=["alice"]),
    "/nobody": require(users=[]),
    "/fresh": require("user", maximum_age=3600),
    "/recent": require("user", maximum_age=1),
    "/elsewhere": require("verified", login_url="/log-in"),
    "/log-in": require("none", logs_in=True),
    "/log-out": require("none", logs_out=True),
}


def verifier():
    return Verifier(Config(**OPTIONS))


def describe(client, header_names):
    """What an application sees of a request."""
    identity = client.identity
    forwarding = sorted({name.lower().replace("_", "-") for name in header_names} & FORWARDING)
    return {
        "user": client.user,
        "verified": client.verified,
        "logged_out": client.logged_out,
        "outcome": None if identity is None else identity.outcome.name,
        "forwarding": forwarding,
    }
