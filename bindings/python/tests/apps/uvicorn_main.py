"""Uvicorn by its function: `python -m apps.uvicorn_main MODULE:APP PORT HTTP [CERTIFICATE KEY]`."""

import sys

import uvicorn

from apps.shared import OPTIONS, verifier
from clientcert.tls import install
from clientcert.uvicorn import ssl_context


def main(app, port, http, *files):
    config = uvicorn.Config(app, "127.0.0.1", int(port), http=http, log_level="warning")
    factory = hasattr(config, "ssl_context_factory")
    if files:
        config.ssl_certfile, config.ssl_keyfile = files
        if factory:
            config.ssl_context_factory = ssl_context(verifier(), ca=OPTIONS["ca"])
    config.load()
    if files and not factory:
        install(config.ssl, verifier(), ca=OPTIONS["ca"])
    uvicorn.Server(config).run()


main(*sys.argv[1:])
