"""Servers made by hand with CPython's `ssl`.

    context = clientcert.tls.server_context(verifier, "server.pem", ca="/etc/ssl/clients-ca.pem")
    connection = context.wrap_socket(client, server_side=True)
    verdict = clientcert.tls.verify(verifier, connection)

CPython has no verify callback: OpenSSL judges a certificate before anybody else does, by the CAs of the context, and
ends the handshake where it does not like one. So OpenSSL is given as little to decide as it lets itself be: dates are
left to the verdict, as are revocation, users and everything else. What OpenSSL accepts means nothing here: **the
verdict decides**.

What that leaves undone: a client with a certificate of an unknown CA, for another purpose, or with a bad signature
sees an alert, not a page, whatever `enforcement` and `tolerate` say, and its handshake raises `ssl.SSLError`. The
context needs the CAs that the policy pins, and those that a reload pins are not in it. CAs are not named to clients.
Where that will not do, use `clientcert.pyopenssl`, or a proxy in front.
"""

from __future__ import annotations

import os
import select
import ssl
import time
from collections.abc import Iterable
from typing import Any, NamedTuple, Optional, Union

from .policy import Enforcement, Mode
from .request import Late
from .verdict import Verdict
from .verifier import Verifier

Path = Union[str, "os.PathLike[str]"]
Connection = Union[ssl.SSLSocket, ssl.SSLObject]
CAs = Union[Path, bytes, Iterable[Union[Path, bytes]]]
"""Files of PEM, folders with hashed names (`openssl rehash`), and PEM or DER as bytes."""

# X509_V_FLAG_PARTIAL_CHAIN, which Python has a name for from 3.10 on, and X509_V_FLAG_NO_CHECK_TIME, which has none.
_PARTIAL_CHAIN = 0x80000
_NO_CHECK_TIME = 0x200000

_HANDSHAKE = 22
_FINISHED = 20


class Answer(NamedTuple):
    """What came of asking for a certificate after the handshake."""

    late: Late
    """For `Request.late`. `NOT_ASKED` where the client did not offer to be asked."""
    verdict: Verdict
    """Who the client is now: the verdict of the connection from here on."""
    early: bytes
    """What the client sent meanwhile, such as the body of its request. It came before the certificate."""


def server_context(
    verifier: Verifier,
    certfile: Path,
    keyfile: Optional[Path] = None,
    password: Optional[str] = None,
    *,
    ca: Optional[CAs] = None,
) -> ssl.SSLContext:
    """A context for servers, with the server's certificate, that asks clients as the policy says. See `install`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certfile, keyfile, password)
    install(context, verifier, ca=ca)
    return context


def install(context: ssl.SSLContext, verifier: Verifier, *, ca: Optional[CAs] = None) -> None:
    """Makes a server's context ask clients for certificates as the policy says, and keep no sessions by tickets.

    `ca` are the CAs that the policy pins, unless the context has them already. Under `deferred` the context asks after
    the handshake (`ask_post_handshake`); clients of TLS 1.2 it has to ask in it. Call it again after a reload that
    changed the mode. Raises `ValueError` where OpenSSL would refuse every client, because the context has no CA.
    """
    policy = verifier.policy()
    mode, enforcement = policy.mode, policy.enforcement
    sources = _sources(ca)
    for source in sources:
        _load(context, source)
    # Of a folder, OpenSSL reads what it needs when it needs it.
    has_folder = any(not isinstance(source, bytes) and os.path.isdir(source) for source in sources)
    if mode is not Mode.OFF and not has_folder and not context.cert_store_stats()["x509"]:
        raise ValueError(
            "the context has no CA, so OpenSSL would refuse every client: give `ca`, or use pyOpenSSL"
        )
    insists = mode in (Mode.REQUIRE, Mode.REQUIRE_ANY) and enforcement is Enforcement.HANDSHAKE
    context.check_hostname = False
    if mode is Mode.OFF:
        context.verify_mode = ssl.CERT_NONE
    else:
        context.verify_mode = ssl.CERT_REQUIRED if insists else ssl.CERT_OPTIONAL
    context.post_handshake_auth = mode is Mode.DEFERRED
    # As a number: the complement of an enumerator drops what has no name.
    flags = (int(context.verify_flags) | _PARTIAL_CHAIN | _NO_CHECK_TIME) & ~int(
        ssl.VERIFY_X509_STRICT
    )
    context.verify_flags = ssl.VerifyFlags(flags)
    # A ticket keeps the client's own certificate and forgets the others.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    if mode is Mode.DEFERRED and getattr(context, "_msg_callback", False) is None:
        context._msg_callback = _count_finished  # type: ignore[attr-defined]


def peer_chain(connection: Connection) -> list[bytes]:
    """The certificates that the client presented, in DER, its own first; none where it presented none.

    CPython 3.9 tells only the client's own: the policy has to pin the CA that issued it then.
    """
    leaf = connection.getpeercert(binary_form=True)
    if leaf is None:
        return []
    chain = _presented(connection)
    return chain if chain[:1] == [leaf] else [leaf, *chain]


def verify(verifier: Verifier, connection: Connection) -> Verdict:
    """Says who the client of a connection is, after the handshake: also of one whose session was resumed."""
    return verifier.verify(peer_chain(connection))


def connection_fields(connection: Connection) -> dict[str, Any]:
    """What the connection tells for a `Request`: `Request(**connection_fields(connection), ...)`.

    When the handshake was, the host has to remember: a resumption does not renew it.
    """
    context = connection.context
    return {
        "tls_version": connection.version(),
        "resumed": bool(connection.session_reused),
        # Whether this client really offered it, only the question tells: `ask_post_handshake`.
        "offers_post_handshake_auth": context.post_handshake_auth
        and connection.version() == "TLSv1.3",
    }


def ask_post_handshake(
    connection: ssl.SSLSocket, verifier: Verifier, *, timeout: float = 30.0, limit: int = 131072
) -> Answer:
    """Asks a client of TLS 1.3 for its certificate after the handshake (RFC 8446 section 4.6.2), and waits for it.

    For `Action.ASK_POST_HANDSHAKE`, on a blocking socket whose context has `post_handshake_auth`, in one thread at a
    time. The wait ends, as `TIMED_OUT`, after `timeout` seconds or where the client sends more than `limit` bytes
    without an answer. Raises `ssl.SSLError` where the certificate is one that OpenSSL does not accept, and `OSError`
    where the connection ends.
    """
    before = _finished(connection)
    if before is None and peer_chain(connection):
        # What is there already would pass for the answer.
        return Answer(Late.NOT_ASKED, verify(verifier, connection), b"")
    try:
        connection.verify_client_post_handshake()
    except ssl.SSLError as error:
        if error.reason != "EXTENSION_NOT_RECEIVED":
            raise
        return Answer(Late.NOT_ASKED, verify(verifier, connection), b"")
    patience = connection.gettimeout()
    early = bytearray()
    end = time.monotonic() + timeout
    try:
        connection.settimeout(timeout)
        connection.do_handshake()
        connection.settimeout(0)
        poll = select.poll()
        poll.register(connection, select.POLLIN)
        while not _answered(connection, before) and len(early) <= limit:
            left = end - time.monotonic()
            data = _read(connection)
            if data is not None:
                early += data
            elif left <= 0:
                break
            elif not _answered(connection, before):
                poll.poll(int(left * 1000) + 1)
    finally:
        connection.settimeout(patience)
    chain = peer_chain(connection)
    if not _answered(connection, before):
        late = Late.TIMED_OUT
    else:
        late = Late.ANSWERED if chain else Late.DECLINED
    return Answer(late, verifier.verify(chain), bytes(early))


def _read(connection: ssl.SSLSocket) -> Optional[bytes]:
    """What there is to read; None where there is nothing, or only messages of the handshake came."""
    try:
        data = connection.recv(16384)
    except ssl.SSLWantReadError:
        return None
    if not data:
        raise ConnectionResetError("the client went away while it was asked for its certificate")
    return data


def _answered(connection: ssl.SSLSocket, before: Optional[int]) -> bool:
    if before is None:
        return connection.getpeercert(binary_form=True) is not None
    return (_finished(connection) or 0) > before


def _finished(connection: Connection) -> Optional[int]:
    """How many Finished messages the client sent; None where nobody counts them."""
    return getattr(connection, "_clientcert_finished", None)


def _count_finished(
    connection: Any, direction: str, version: Any, content_type: Any, message: Any, data: bytes
) -> None:
    """A message callback: the second Finished of a client ends its answer, also where that holds no certificate.

    It is a private hook of CPython. Without it, a client that declines is one that never answers.
    """
    if direction == "read" and content_type == _HANDSHAKE and message == _FINISHED:
        connection._clientcert_finished = (_finished(connection) or 0) + 1


def _presented(connection: Connection) -> list[bytes]:
    """What OpenSSL has of the presented chain: nothing on a resumption by ticket."""
    # Public from 3.13 on, and there in 3.10 already, as objects.
    get = getattr(getattr(connection, "_sslobj", None), "get_unverified_chain", None)
    chain = get() if get is not None else None
    return [ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in chain or ()]


def _sources(ca: Optional[CAs]) -> list[Union[Path, bytes]]:
    if ca is None:
        return []
    return [ca] if isinstance(ca, (str, bytes, os.PathLike)) else list(ca)


def _load(context: ssl.SSLContext, source: Union[Path, bytes]) -> None:
    if isinstance(source, bytes):
        pem = source.lstrip().startswith(b"-----BEGIN")
        context.load_verify_locations(cadata=source.decode("ascii") if pem else source)
    elif os.path.isdir(source):
        context.load_verify_locations(capath=source)
    else:
        context.load_verify_locations(cafile=source)
