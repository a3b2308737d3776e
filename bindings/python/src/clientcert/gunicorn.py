"""Gunicorn with direct TLS. In `gunicorn.conf.py`:

    from clientcert.gunicorn import ssl_context

    ssl_context = ssl_context(make_verifier, ca="/etc/ssl/clients-ca.pem")

`clientcert.wsgi.ClientCertificates` then finds the certificate in Gunicorn's socket, with the workers `sync` and
`gthread`.
"""

from __future__ import annotations

import ssl
import threading
import time
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

from .tls import CAs, install

if TYPE_CHECKING:
    from .verifier import Verifier


def ssl_context(
    verifier: Union[Verifier, Callable[[], Verifier]], *, ca: Optional[CAs] = None
) -> Callable[[Any, Callable[[], ssl.SSLContext]], ssl.SSLContext]:
    """A hook for Gunicorn's setting `ssl_context`: the context that Gunicorn would make, asking clients as the
    policy says.

    Gunicorn asks for a context for every connection; this makes one in each process, at its first connection.

    Args:
        verifier: Or a function that gives it, which is called in the worker, where the application was loaded.
        ca: The CAs that the policy pins, unless Gunicorn's `ca_certs` names them. See `clientcert.tls.install`.
    """
    made: Optional[ssl.SSLContext] = None
    lock = threading.Lock()

    def hook(config: Any, default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        nonlocal made
        with lock:
            if made is None:
                context = default()
                context.sslsocket_class = _Connection
                install(context, verifier() if callable(verifier) else verifier, ca=ca)
                made = context
            return made

    return hook


class _Connection(ssl.SSLSocket):
    """Knows when its handshake was, or a moment before."""

    clientcert_handshake_time: int

    def __new__(cls, *arguments: Any, **named: Any) -> _Connection:
        made = super().__new__(cls, *arguments, **named)
        made.clientcert_handshake_time = int(time.time())
        return made
