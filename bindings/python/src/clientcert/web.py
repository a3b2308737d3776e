"""What all web servers and frameworks here share: what a place requires, who the client of a request is, and what it
is answered.

Applications use the module of their framework, and from here `require` and `Client`:

    from clientcert.web import require

    places = {"/": require("none"), "/account": require("user"), "/admin": require("user", users=["alice"])}
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Callable, Optional, Union

from ._refresher import Refresher
from .decision import Action, Body, Decision
from .forwarded import Dialect, HeaderNames, is_forwarded_header
from .request import HTTPVersion, Request, Requirement

if TYPE_CHECKING:
    from asyncio import BaseTransport

    from .verdict import Verdict
    from .verifier import Verifier

#: The cookie of a user who logged out: his certificate counts for nobody until he logs in with it again.
LOGGED_OUT = "__Host-clientcert-logged-out"
# With None it also comes with a form that another site sends, which would else be sent in the name of the certificate.
_COOKIE = "Path=/; Secure; HttpOnly; SameSite=None"
_LOG_OUT = f"{LOGGED_OUT}=1; {_COOKIE}"
_LOG_IN = f"{LOGGED_OUT}=; {_COOKIE}; Max-Age=0"


_Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


@dataclass(frozen=True)
class Rule:
    """What a place requires of a client. Made by `require`."""

    requirement: Requirement = Requirement.USER
    users: tuple[str, ...] = ()
    strong: bool = False
    maximum_age: Optional[int] = None
    login_url: Optional[str] = None
    login_challenge: Optional[str] = None
    logs_in: bool = False
    logs_out: bool = False


def require(
    requirement: Union[Requirement, str] = Requirement.USER,
    *,
    users: Optional[Iterable[str]] = None,
    strong: bool = False,
    maximum_age: Optional[int] = None,
    login_url: Optional[str] = None,
    login_challenge: Optional[str] = None,
    logs_in: bool = False,
    logs_out: bool = False,
) -> Rule:
    """What a place requires.

    Args:
        requirement: `none`, `certificate` (no authentication), `verified` or `user`.
        users: Who may come in; an empty list lets nobody in. Whoever names users requires a user.
        strong: Whether a user counts only if a strong identity rule names him.
        maximum_age: The most seconds since the handshake. Where the server does not say when that was, nobody comes
            in.
        login_url: Where else a person can log in; who has no certificate is sent there.
        login_challenge: The other log-in as a value of `WWW-Authenticate`.
        logs_in: A POST here ends a log-out. Guard it against forged requests as every other log-in.
        logs_out: A request here logs the user out.

    Raises:
        ValueError: For another requirement.
        TypeError: For users in a single text.
    """
    if isinstance(requirement, str):
        try:
            requirement = Requirement[requirement.upper()]
        except KeyError:
            raise ValueError(f"no requirement: {requirement!r}") from None
    if isinstance(users, (str, bytes)):
        raise TypeError("users is a list of names, not one text")
    # The name of nobody: a verdict's user is never empty.
    names = () if users is None else tuple(users) or ("",)
    return Rule(
        requirement, names, strong, maximum_age, login_url, login_challenge, logs_in, logs_out
    )


#: Lets every client in whose verdict is accepted, also without a certificate.
PUBLIC = require(Requirement.NONE)

#: Rules by path, one rule for everything, or a function of the path.
Places = Union[Rule, Mapping[str, Rule], Callable[[str], Rule]]


class AmbiguousPath(Exception):
    """A path that servers and applications could read differently, where rules go by path. The text is for clients."""


def goes_by_path(places: Optional[Places]) -> bool:
    """Whether different paths can have different rules."""
    if places is None or isinstance(places, Rule):
        return False
    return callable(places) or {prefix.rstrip("/") for prefix in places} != {""}


def rule_lookup(places: Optional[Places]) -> Callable[[str], Rule]:
    """A function that finds the rule of a path: of the longest prefix, which ends where a segment does.

    A path that no prefix fits requires a user. Where rules differ by path, one with an empty segment, `.` or `..`
    raises `AmbiguousPath`: the application could take it for another one.
    """
    if places is None:
        return lambda path: PUBLIC
    if isinstance(places, Rule):
        rule = places
        return lambda path: rule
    if callable(places):
        return places
    rules = {prefix.rstrip("/"): rule for prefix, rule in places.items()}
    for prefix in places:
        if not prefix.startswith("/"):
            raise ValueError(f"a path begins with a slash: {prefix!r}")

    if not goes_by_path(places):
        return lambda path: rules[""]

    def lookup(path: str) -> Rule:
        segments = path.split("/")
        if not {"", ".", ".."}.isdisjoint(segments[1:-1]) or segments[-1] in (".", ".."):
            raise AmbiguousPath("The path is ambiguous.")
        for count in range(len(segments), 0, -1):
            rule = rules.get("/".join(segments[:count]))
            if rule is not None:
                return rule
        return require()

    return lookup


@dataclass
class Facts:
    """What a server knows of a request."""

    method: str
    target: str
    http_version: HTTPVersion = HTTPVersion.UNKNOWN
    authority: Optional[str] = None
    origin: Optional[str] = None
    access_control_request_method: Optional[str] = None
    access_control_request_headers: Optional[str] = None
    accept: Optional[str] = None
    cookie: Optional[str] = None
    early_data: bool = False
    """Whether there is a header Early-Data of a proxy, whatever its value is (RFC 8470)."""
    server_name: Optional[str] = None
    handshake_time: Optional[int] = None


@dataclass(frozen=True)
class Answer:
    """What a client is answered instead of what it asked for."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Refused(Exception):
    """Ends a request with an answer. The middleware of this package turn it into that answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"refused with status {answer.status}")
        self.answer = answer


class Client:
    """The client of one request.

    Attributes:
        verdict: What the certificate of the connection was judged, or the one that a proxy forwards. Ask `identity`,
            `verified` and `user` for what counts in this request.
    """

    def __init__(
        self, verifier: Verifier, verdict: Verdict, facts: Facts, virtual_host: Optional[str] = None
    ) -> None:
        self.verdict = verdict
        self._verifier = verifier
        self._facts = facts
        self._virtual_host = virtual_host
        self._identity: Optional[Verdict] = None
        #: Fields that the middleware adds to the response, whoever writes it.
        self.response_headers: list[tuple[str, str]] = []

    @property
    def identity(self) -> Optional[Verdict]:
        """The verdict that the last decision let in. None where none did: the client is nobody then."""
        return self._identity

    @property
    def verified(self) -> bool:
        """Whether the client is who its certificate says, and has not logged out."""
        return self._identity is not None and self._identity.verified

    @property
    def user(self) -> Optional[str]:
        """The user whom the certificate stands for; None unless it is verified."""
        identity = self._identity
        return identity.user if identity is not None and identity.verified else None

    @property
    def logged_out(self) -> bool:
        """Whether the user has logged out, and not logged in again."""
        # Servers of WSGI join repeated fields by commas, which no value of a cookie of ours has.
        return LOGGED_OUT in _cookies((self._facts.cookie or "").replace(",", ";"))

    def decide(self, rule: Rule = PUBLIC) -> Decision:
        """What to do with the request where `rule` is required. Looks at the verdict again; cheap."""
        facts = self._facts
        logs_in = rule.logs_in and facts.method == "POST"
        decision = self._verifier.decide(
            self.verdict,
            Request(
                requirement=rule.requirement,
                users=list(rule.users),
                strong=rule.strong,
                maximum_age=rule.maximum_age,
                method=facts.method,
                origin=facts.origin,
                access_control_request_method=facts.access_control_request_method,
                access_control_request_headers=facts.access_control_request_headers,
                server_name=facts.server_name,
                authority=facts.authority,
                virtual_host=self._virtual_host,
                target=facts.target,
                other_login_url=rule.login_url,
                other_login_challenge=rule.login_challenge,
                nonce=_cookies(facts.cookie).get("__Host-clientcert"),
                http_version=facts.http_version,
                handshake_time=facts.handshake_time,
                early_data=facts.early_data,
                log_out=rule.logs_out,
                logged_out=self.logged_out and not logs_in,
            ),
        )
        self._identity = decision.verdict if decision.action is Action.ALLOW else None
        if logs_in and self._identity is not None:
            self.response_headers.append(("Set-Cookie", _LOG_IN))
        return decision

    def refuse(self, rule: Rule = PUBLIC, *, pass_preflight: bool = False) -> Optional[Answer]:
        """Decides: None where the request goes on, else what it is answered.

        Args:
            rule: What is required.
            pass_preflight: Whether a CORS preflight goes on without an identity, where the policy has `preflight =
                pass`. Only for what runs before the application; a view that requires something is not for
                preflights.
        """
        decision = self.decide(rule)
        if decision.action is Action.ALLOW:
            return None
        if decision.action is Action.PREFLIGHT and not decision.status and pass_preflight:
            return None
        # Who is to be asked late cannot be asked here: whatever has no status is refused.
        status = decision.status or 403
        headers = list(decision.headers)
        if decision.action is Action.LOG_OUT:
            headers.append(("Set-Cookie", _LOG_OUT))
        body = b""
        if status != 204:
            format = Body.preferred(self._facts.accept)
            body = decision.body(format) or b""
            headers.append(("Content-Type", format.content_type))
            headers.append(("Content-Length", str(len(body))))
        return Answer(status, tuple(headers), b"" if self._facts.method == "HEAD" else body)

    def insist(self, rule: Rule = PUBLIC, *, pass_preflight: bool = False) -> None:
        """Decides, and raises `Refused` where the request does not go on."""
        answer = self.refuse(rule, pass_preflight=pass_preflight)
        if answer is not None:
            raise Refused(answer)


class Gate:
    """Finds out who a client is, from its connection or from what a proxy forwards.

    Args:
        verifier: Borrowed. It may be shared by everything in the process.
        forwarded: The dialect of the proxy in front (`rfc9440`, `nginx`, ...), which `trusted_proxies` must name.
            None: clients connect to this server, and their headers about certificates count for nothing.
        names: Other names for the headers of the dialect.
        virtual_host: The name of this host, for the option `authority = name`.
        trust_remote_address: Whether a server that gives no socket is believed about the address of the peer
            (`REMOTE_ADDR`, `client` of a scope). Only for one that takes it out of no header, whoever sends it.
            Default: False; then nobody is a trusted proxy there, but by a Unix socket.
        refresh: How often, in seconds, files that the policy names (CAs, CRLs, registries) are looked at for changes,
            by a thread of its own that begins with the first request. None: never; then the host calls
            `Verifier.refresh`.
    """

    def __init__(
        self,
        verifier: Verifier,
        *,
        forwarded: Union[Dialect, str, None] = None,
        names: Optional[HeaderNames] = None,
        virtual_host: Optional[str] = None,
        trust_remote_address: bool = False,
        refresh: Optional[float] = 1.0,
    ) -> None:
        self._verifier = verifier
        self._refresher = None if refresh is None else Refresher(verifier, refresh)
        self._dialect = None if forwarded is None else Dialect.named(forwarded)
        self._names = names
        self._virtual_host = virtual_host
        self._trust_remote_address = trust_remote_address
        own = (names.certificate, names.chain, names.verify, names.by) if names is not None else ()
        #: Whether a header must be kept from the application, because a client could pass for another one with it.
        self.hides = _hides(frozenset(_folded(name) for name in own if name))

    @property
    def forwarded(self) -> bool:
        """Whether a proxy says who the client is."""
        return self._dialect is not None

    def remote(self, address: Optional[str], forwarding: Iterable[str]) -> Optional[str]:
        """The peer by the word of a server that gives no socket, in a request with these `forwarding` headers."""
        return true_peer(address, forwarding) if self._trust_remote_address else None

    def client(
        self,
        facts: Facts,
        *,
        chain: Sequence[bytes] = (),
        peer: Optional[str] = None,
        headers: Iterable[tuple[str, bytes]] = (),
    ) -> Client:
        """The client of a request.

        Args:
            facts: Of the request.
            chain: What the client of a direct connection presented, DER, its own certificate first.
            peer: The other end of the socket, or `unix`; never an address out of a header.
            headers: Those that `hides` is true for.
        """
        if self._refresher is not None:
            self._refresher.begin()
        if self._dialect is None:
            verdict = self._verifier.verify(chain)
        else:
            # The handshake that this server knows of was the proxy's.
            facts = replace(facts, handshake_time=None, server_name=None)
            verdict = self._verifier.verify_forwarded(
                self._dialect, peer, headers, names=self._names
            )
        return Client(self._verifier, verdict, facts, self._virtual_host)


def bad_request(text: str) -> Answer:
    """A plain 400."""
    body = f"{text}\n".encode()
    headers = (
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    )
    return Answer(400, headers, body)


def true_peer(address: Optional[str], forwarding: Iterable[str]) -> Optional[str]:
    """An address that a server gives as its client's: None where it is none, or could come out of one of these headers,
    as servers and other middleware put it there."""
    peer = _address(address or "")
    if peer is None or any(peer in _addresses(value) for value in forwarding):
        return None
    return address


def transport_peer(transport: BaseTransport) -> Optional[str]:
    """The other end of a transport of asyncio; None where it is not known, because it went away."""
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family == socket.AF_UNIX:
        return "unix"
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) else None


def http_version(text: str) -> HTTPVersion:
    """The version in the words of WSGI (`HTTP/1.1`) and ASGI (`1.1`, `2`)."""
    return {
        "1.0": HTTPVersion.HTTP_1_0,
        "1.1": HTTPVersion.HTTP_1_1,
        "2": HTTPVersion.HTTP_2,
        "2.0": HTTPVersion.HTTP_2,
        "3": HTTPVersion.HTTP_3,
        "3.0": HTTPVersion.HTTP_3,
    }.get(text.rpartition("/")[2], HTTPVersion.UNKNOWN)


def _addresses(header: str) -> Iterator[Optional[_Address]]:
    """Every address that a header could name, with a port or without, and None for what is no address."""
    for word in re.findall("[0-9A-Fa-f:.]+", header):
        yield _address(word)
        yield _address(word.rpartition(":")[0])


def _address(text: str) -> Optional[_Address]:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # One that IPv6 only wraps is the same.
    return getattr(address, "ipv4_mapped", None) or address


def _hides(own: frozenset[str]) -> Callable[[str], bool]:
    @lru_cache(maxsize=1024)
    def hides(name: str) -> bool:
        return is_forwarded_header(name) or _folded(name) in own

    return hides


def _folded(name: str) -> str:
    return name.lower().replace("_", "-")


def _cookies(header: Optional[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in (header or "").split(";"):
        name, _, value = part.strip().partition("=")
        found.setdefault(name, value)
    return found
