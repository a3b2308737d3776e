"""Gunicorn's settings, where it speaks TLS."""

import json
import os

from clientcert.gunicorn import ssl_context as context_for


def _verifier():
    from apps.shared import verifier

    return verifier()


ssl_context = context_for(_verifier, ca=json.loads(os.environ["TEST_OPTIONS"])["ca"])
