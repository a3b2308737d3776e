"""Uvicorn by its function: `python -m apps.uvicorn_main MODULE:APP PORT HTTP [CERTIFICATE KEY]`."""

import sys

import uvicorn

from apps.shared import OPTIONS, verifier
from clientcert.uvicorn import ssl_context


def main(app, port, http, *files):
    tls = {}
    if files:
        tls = {
            "ssl_certfile": files[0],
            "ssl_keyfile": files[1],
            "ssl_context_factory": ssl_context(verifier(), ca=OPTIONS["ca"]),
        }
    uvicorn.run(app, host="127.0.0.1", port=int(port), http=http, log_level="warning", **tls)


main(*sys.argv[1:])
