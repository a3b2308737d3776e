"""Servers made by hand with pyOpenSSL, which can do what CPython's `ssl` cannot: leave all to the verdict.

    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    clientcert.pyopenssl.install(context, verifier)
    ...
    verdict = clientcert.pyopenssl.verify(verifier, connection)  # after connection.do_handshake()

Every mode but `deferred` can be had, and no CA need be known to OpenSSL. It accepts every certificate whose key the
client proves to hold: a server that does not look at the verdict of every connection lets everybody in.
"""

from __future__ import annotations

import os
from typing import Optional, Union

from OpenSSL import SSL, crypto

from .policy import Enforcement, Mode
from .verdict import Verdict
from .verifier import Verifier


def install(
    context: SSL.Context,
    verifier: Verifier,
    *,
    ca_names: Optional[Union[str, os.PathLike[str]]] = None,
) -> None:
    """Makes a server's context ask clients for certificates as the policy says, accept them all, and keep no sessions.

    `ca_names` is a file of PEM with the CAs to name to clients, so that they pick the right certificate. Call it again
    after a reload that changed the mode. Raises `ValueError` for `deferred`: pyOpenSSL cannot ask after the handshake.
    """
    policy = verifier.policy()
    mode = policy.mode
    if mode is Mode.DEFERRED:
        raise ValueError("pyOpenSSL cannot ask for a certificate after the handshake")
    flags = SSL.VERIFY_NONE if mode is Mode.OFF else SSL.VERIFY_PEER
    if mode in (Mode.REQUIRE, Mode.REQUIRE_ANY) and policy.enforcement is Enforcement.HANDSHAKE:
        flags |= SSL.VERIFY_FAIL_IF_NO_PEER_CERT
    context.set_verify(flags, _accept)
    if ca_names is not None and policy.ca_names:
        context.load_client_ca(os.fsencode(ca_names))
    # A session keeps the client's own certificate and forgets the others.
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_options(SSL.OP_NO_TICKET)
    context.set_session_id(verifier.policy_id())


def peer_chain(connection: SSL.Connection) -> list[bytes]:
    """The certificates that the client presented, in DER, its own first; none where it presented none."""
    leaf = connection.get_peer_certificate()
    if leaf is None:
        return []
    first = crypto.dump_certificate(crypto.FILETYPE_ASN1, leaf)
    # On servers, OpenSSL's list begins with the next one; not to depend on it costs little.
    chain = [
        crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)
        for certificate in connection.get_peer_cert_chain() or ()
    ]
    return chain if chain[:1] == [first] else [first, *chain]


def verify(verifier: Verifier, connection: SSL.Connection) -> Verdict:
    """Says who the client of a connection is, after the handshake."""
    return verifier.verify(peer_chain(connection))


def _accept(
    connection: SSL.Connection, certificate: crypto.X509, error: int, depth: int, good: int
) -> bool:
    """The verify callback: the verdict decides, and OpenSSL does not."""
    return True
