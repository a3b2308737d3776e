"""Gunicorn's settings: who connects is asked for a certificate, as the site's policy says."""

import os

from clientcert.gunicorn import ssl_context as context_for


def _verifier():
    # In the worker, where the application was loaded: all certificates are judged by one policy.
    from accounts import verifier

    return verifier


ssl_context = context_for(_verifier, ca=os.environ["SITE_CA"])
worker_class = "gthread"
threads = 8
