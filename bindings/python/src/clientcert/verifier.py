"""The policy in force, for every thread of the host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Optional, Union

from ._handle import (
    Handle,
    Moment,
    check,
    client_text,
    encoded,
    instant,
    lent_bytes,
    moment,
    owned,
    terminated,
)
from ._raw import NOW, ffi, lib
from .config import Config
from .decision import Decision
from .forwarded import Dialect, HeaderNames, Headers, c_headers
from .policy import Policy, Statistics
from .registry import Registry, registration_json
from .request import Request, with_c_request
from .verdict import Verdict

Chain = Union[Sequence[bytes], bytes, bytearray, memoryview]
"""Certificates in DER as a client presented them, its own first: each by itself, or all in one."""


class Proof(NamedTuple):
    """A client that proved earlier who it is."""

    verdict: Verdict
    """Who it is now."""
    handshake_time: Optional[datetime]
    """When it proved that it holds its key; None where what it brought is not good."""


class Verifier(Handle):
    """The policy in force, its swap at a reload, and what is remembered of verified chains.

    All methods are safe for threads, release the GIL, and work in every child of a fork. `time` is the moment to judge
    for, and now unless it is given.
    """

    __slots__ = ()

    def __init__(self, config: Config) -> None:
        """Compiles a config. Reads the files that the options name.

        Raises `InvalidConfigError` where options contradict each other or nobody could ever be accepted, `FileError`
        and `ContentError` for the files, and `NotSupportedError`.
        """
        place = ffi.new("clientcert_verifier **")
        with config._lock:
            check(lib.clientcert_verifier_new, config._c, place)
        self._c = owned(place[0], lib.clientcert_verifier_free)

    def verify(self, chain: Chain, *, time: Optional[Moment] = None) -> Verdict:
        """Says who a client is by the certificates that it presented.

        `chain` is DER, as the client sent it, its own certificate first: a list, or all in one. Nothing in it says that
        the client presented none. The TLS stack must have checked that the client holds the key of the first one.
        """
        if type(chain) is not bytes:
            chain = _joined(chain)
        return Verdict(
            lib.clientcert_verify(self._c, chain, len(chain), NOW if time is None else moment(time))
        )

    def verify_forwarded(
        self,
        dialect: Union[Dialect, str],
        peer: Optional[str],
        headers: Headers,
        *,
        names: Optional[HeaderNames] = None,
        time: Optional[Moment] = None,
    ) -> Verdict:
        """Says who a client is by what a proxy forwards of it. See `clientcert.forwarded`.

        `peer` is the address of the other end of the socket, or `unix`; None is nobody who is trusted. Never an
        address out of a header. `headers` are all of the request's, repeated ones included.
        """
        made = c_headers(headers, names)
        return Verdict(
            lib.clientcert_verify_forwarded(
                self._c, Dialect.named(dialect), client_text(peer), made, moment(time)
            )
        )

    def decide(
        self, verdict: Verdict, request: Request, *, time: Optional[Moment] = None
    ) -> Decision:
        """Decides what to do with one request of a connection that was judged `verdict`.

        It reads no file, so it may be called for every request. The verdict is looked at again: a certificate that
        expired or was revoked meanwhile lets nobody go on. Raises `InvalidArgumentError` where a field that the host
        sets is wrong; what a client wrote raises nothing.
        """
        seconds = moment(time)
        decided = with_c_request(
            request,
            lambda c_request: lib.clientcert_decide(self._c, verdict._c, c_request, seconds),
        )
        return Decision(decided)

    def recheck(self, verdict: Verdict, *, time: Optional[Moment] = None) -> Verdict:
        """Whether a verdict still holds, for a connection that lasts: by the CAs, CRLs, dates and options of now.

        No signature is checked. What is not `SUCCESS` never becomes it.
        """
        return Verdict(lib.clientcert_verdict_recheck(self._c, verdict._c, moment(time)))

    def resolve(
        self,
        verdict: Verdict,
        answer: Union[str, bytes, Mapping[str, Any], None],
        *,
        time: Optional[Moment] = None,
    ) -> Verdict:
        """Completes a verdict that asks the host whose a key is (`registry` is `external`).

        `answer` is what the host found for `Verdict.pending_fingerprint`: a mapping with `user` and perhaps `label`,
        `disabled`, `revoked`, `not_before`, `not_after` (aware datetimes), `no_manage`, `key`, `ca`; the same as JSON;
        a line as in a file of registrations; or None, which says that the key is not registered.
        """
        if answer is None or isinstance(answer, Mapping):
            answer = registration_json(answer)
        data = encoded(answer) if isinstance(answer, str) else bytes(answer)
        return Verdict(
            lib.clientcert_verdict_resolve(self._c, verdict._c, data, len(data), moment(time))
        )

    def ocsp_response(
        self, verdict: Verdict, certificate: int, response: bytes, *, time: Optional[Moment] = None
    ) -> Verdict:
        """Judges a client again with what an OCSP responder says about a presented certificate.

        `certificate` is `OCSPQuestion.certificate`, or where the client stapled the response. `response` is the body of
        the answer; empty where nobody answered.
        """
        return Verdict(
            lib.clientcert_verdict_ocsp_response(
                self._c, verdict._c, certificate, response, len(response), moment(time)
            )
        )

    def reload(self) -> None:
        """Reads all files again and puts the new policy in force, whole. On failure the old one stays, and it raises
        what the constructor raises."""
        check(lib.clientcert_verifier_reload, self._c)

    def refresh(self) -> bool:
        """The same, but only if a file or folder changed; whether a new policy is in force.

        It looks once a second at most, so that it may be called for every connection.
        """
        changed = ffi.new("int32_t *")
        check(lib.clientcert_verifier_refresh, self._c, changed)
        return bool(changed[0] == 1)

    def policy(self) -> Policy:
        """The policy that is in force now."""
        return Policy(lib.clientcert_verifier_policy(self._c))

    @property
    def statistics(self) -> Statistics:
        """How the verifier is doing."""

        def count(which: int) -> int:
            return int(lib.clientcert_verifier_statistic(self._c, which))

        return Statistics(
            hits=count(lib.CLIENTCERT_STATISTIC_HITS),
            misses=count(lib.CLIENTCERT_STATISTIC_MISSES),
            entries=count(lib.CLIENTCERT_STATISTIC_ENTRIES),
            evictions=count(lib.CLIENTCERT_STATISTIC_EVICTIONS),
            insertions=count(lib.CLIENTCERT_STATISTIC_INSERTIONS),
            capacity=count(lib.CLIENTCERT_STATISTIC_CAPACITY),
        )

    def registry(self) -> Optional[Registry]:
        """The registry that the verifier asks. What is changed there, it sees at its next refresh."""
        pointer = lib.clientcert_verifier_registry(self._c)
        return Registry.of(pointer) if pointer else None

    def policy_id(self, host: str = "") -> bytes:
        """What a session must have been made under to be resumed here: 32 bytes, for the session id context.

        `host` is the name of the virtual host as it is configured, never the one that the client sent.
        """
        identity = ffi.new("uint8_t[32]")
        check(lib.clientcert_verifier_policy_id, self._c, terminated(host, "the host"), identity)
        return bytes(identity)

    def export_session(
        self, verdict: Verdict, host: str = "", *, handshake_time: Optional[Moment] = None
    ) -> Optional[bytes]:
        """The record of a client for a TLS session, for `resume_session`. None: such a session is not to be resumed.

        `handshake_time` is when the client proved that it holds its key; for a resumed session, what
        `resume_session` said.
        """
        name, time = terminated(host, "the host"), moment(handshake_time)
        room, length = 0, 4096
        while length > room:
            room = length
            out = ffi.new("uint8_t[]", room)
            length = lib.clientcert_session_export(self._c, verdict._c, name, time, out, room)
        return ffi.buffer(out, length)[:] or None

    def resume_session(
        self, record: bytes, host: str = "", *, time: Optional[Moment] = None
    ) -> Proof:
        """Judges the client of a resumed session by the record that came back with it, under the policy of now.

        A resumed session with a certificate and without a record is judged with an empty one.
        """
        proven = ffi.new("int64_t *")
        verdict = lib.clientcert_session_resume(
            self._c, terminated(host, "the host"), record, len(record), moment(time), proven
        )
        return _proof(verdict, proven[0])

    def answer_question(
        self, verdict: Verdict, question: str, *, handshake_time: Optional[Moment] = None
    ) -> str:
        """Where to redirect a browser (303) that another host sent here with `clientcert_question` in its URL.

        `verdict` is on the client of this connection, and `handshake_time` when it proved its key: now, unless the
        session was resumed. Raises `NotEntitledError` where the client is not verified, and `InvalidArgumentError`
        where the question is none, or is too old.
        """
        place = ffi.new("clientcert_ticket **")
        check(
            lib.clientcert_ticket_new,
            self._c,
            verdict._c,
            client_text(question),
            moment(handshake_time),
            place,
        )
        ticket = owned(place[0], lib.clientcert_ticket_free)
        return (lent_bytes(lib.clientcert_ticket_location, ticket) or b"").decode("ascii")

    def redeem_ticket(
        self, ticket: str, host: str, nonce: Optional[str], *, time: Optional[Moment] = None
    ) -> Proof:
        """Redeems a ticket of another host, once: `clientcert_ticket` of the request's URL.

        `host` is this host as in the request, with its port if it has one; `nonce` the cookie `__Host-clientcert`. Keep
        the verdict for later requests under a random cookie of your own, and redirect to the URL without the ticket.
        """
        proven = ffi.new("int64_t *")
        verdict = lib.clientcert_ticket_redeem(
            self._c,
            client_text(ticket),
            client_text(host),
            client_text(nonce),
            moment(time),
            proven,
        )
        return _proof(verdict, proven[0])


def decide(
    verifier: Verifier, verdict: Verdict, request: Request, *, time: Optional[Moment] = None
) -> Decision:
    """`Verifier.decide`."""
    return verifier.decide(verdict, request, time=time)


def _joined(chain: Chain) -> bytes:
    if type(chain) is not list:
        if isinstance(chain, (bytes, bytearray, memoryview)):
            return bytes(chain)
        if isinstance(chain, str):
            raise TypeError("a chain is bytes, not text")
        chain = list(chain)
    joined = b"".join(chain)
    if b"" in chain:
        # The client has proven that it holds the first key: the second certificate must not move up.
        raise ValueError("a chain holds an empty certificate")
    return joined


def _proof(verdict: Any, proven: int) -> Proof:
    return Proof(Verdict(verdict), instant(proven) if proven else None)
