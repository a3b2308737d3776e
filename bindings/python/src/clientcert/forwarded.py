"""Who a client is by what a proxy forwards of it, and what a proxy forwards.

A certificate is public: without a proxy that is trusted for its address, that removes these headers from what clients
send, and that nobody else can pass for, a header authenticates nobody. See `docs/forwarded.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Optional, Union

from ._handle import check, encoded, lent_bytes, lent_text, owned, terminated
from ._raw import lib
from .verdict import Verdict

Text = Union[str, bytes]
Headers = Union[Iterable[tuple[Text, Text]], Mapping[str, Text]]
"""Headers of a request: pairs, or a mapping where no name comes twice. A `str` stands for its characters as bytes
(ISO 8859-1), as WSGI has it, unless it has others; then for its UTF-8."""


class Dialect(IntEnum):
    """How a proxy forwards a client's certificate."""

    RFC9440 = 1
    """`Client-Cert` and `Client-Cert-Chain` (RFC 9440)."""
    ENVOY = 2
    """Envoy's `X-Forwarded-Client-Cert`; of several elements the last counts."""
    NGINX = 3
    """nginx's `$ssl_client_escaped_cert` as `X-SSL-Client-Cert`, and `$ssl_client_verify` as `X-SSL-Client-Verify`."""
    INGRESS_NGINX = 4
    """`ssl-client-cert` and `ssl-client-verify` of ingress-nginx."""
    TOMCAT = 5
    """`ssl_client_escaped_cert` or `ssl_client_cert`, as Tomcat's SSLValve reads them."""
    TRAEFIK = 6
    """Traefik's `X-Forwarded-Tls-Client-Cert`."""
    HAPROXY = 7
    """HAProxy's `X-SSL-` set, with the DER of the certificate in base64 in `X-SSL-Client-Cert`."""
    AWS_ALB = 8
    """`X-Amzn-Mtls-Clientcert` or `X-Amzn-Mtls-Clientcert-Leaf` of AWS Application Load Balancers."""
    APACHE = 9
    """`SSL_CLIENT_CERT` and `SSL_CLIENT_VERIFY` of Apache's mod_headers."""
    AZURE = 10
    """`X-ARR-ClientCert` of Azure App Service."""
    PROXY_PROTOCOL = 11
    """The header of version 2 of the PROXY protocol, whole, as the value of a header named `:proxy-protocol`."""

    @classmethod
    def named(cls, name: Union[Dialect, str]) -> Dialect:
        """The dialect of a name, such as `rfc9440`. Raises `ValueError` where there is none."""
        if isinstance(name, Dialect):
            return name
        try:
            return cls[name.upper().replace("-", "_")]
        except KeyError:
            raise ValueError(f"there is no dialect {name!r}") from None


@dataclass(frozen=True)
class HeaderNames:
    """Names that headers have here, in place of the dialect's; None keeps the dialect's."""

    certificate: Optional[str] = None
    """The header with the client's certificate."""
    chain: Optional[str] = None
    """The header with the certificates above it; `_N` at its end stands for a number where the dialect is Apache's."""
    verify: Optional[str] = None
    """The header that says whether the proxy verified it. Dialects without one can be given one."""
    by: Optional[str] = None
    """No header: the URI of whoever writes, which Envoy has as `By`."""


def write(
    verdict: Verdict,
    dialect: Union[Dialect, str],
    *,
    unverified: bool = False,
    chain: bool = False,
    details: bool = False,
    names: Optional[HeaderNames] = None,
) -> list[tuple[str, str]]:
    """What a proxy forwards of a client: to be set after all that `is_forwarded_header` knows was removed.

    `unverified`: also for a client that was not verified, for servers that verify it themselves. `chain`: with the
    certificates above it. `details`: with names, dates and fingerprints. Values are ISO 8859-1: every character is a
    byte. Raises `NotEntitledError` for a client that was not verified, and `MalformedError` where its certificate
    cannot be written.
    """
    what = (
        (lib.CLIENTCERT_FORWARD_UNVERIFIED if unverified else 0)
        | (lib.CLIENTCERT_FORWARD_CHAIN if chain else 0)
        | (lib.CLIENTCERT_FORWARD_DETAILS if details else 0)
    )
    headers = c_headers((), names)
    check(lib.clientcert_forward_headers, verdict._c, Dialect.named(dialect), what, headers)
    return [
        (
            lent_text(lib.clientcert_headers_name(headers, index)),
            (lent_bytes(lib.clientcert_headers_value, headers, index) or b"").decode("latin-1"),
        )
        for index in range(lib.clientcert_headers_count(headers))
    ]


def is_forwarded_header(name: Text) -> bool:
    """Whether a header must be removed from what clients send: any of any dialect, in any case, with `-` or `_`."""
    data = encoded(name) if isinstance(name, str) else bytes(name)
    return b"\0" in data or bool(lib.clientcert_is_forwarded_header(data) != 0)


def header_names() -> tuple[str, ...]:
    """The names that `is_forwarded_header` knows, in lower case, for servers that need a list; it knows more."""
    names: list[str] = []
    while pointer := lib.clientcert_forwarded_header_at(len(names)):
        names.append(lent_text(pointer))
    return tuple(names)


def vary(dialect: Union[Dialect, str]) -> str:
    """The value of `Vary` for a response that depends on the certificate. Not to let it be cached at all is safer."""
    return lent_text(lib.clientcert_dialect_vary(Dialect.named(dialect)))


def c_headers(headers: Headers, names: Optional[HeaderNames]) -> Any:
    """A set of headers of C."""
    made = owned(lib.clientcert_headers_new(), lib.clientcert_headers_free)
    for role, name in _roles(names):
        check(lib.clientcert_headers_rename, made, role, terminated(name, "the name of a header"))
    pairs: Iterable[tuple[Text, Text]] = (
        headers.items() if isinstance(headers, Mapping) else headers
    )
    for key, value in pairs:
        data = _bytes(value)
        check(lib.clientcert_headers_add, made, _name(key), data, len(data))
    return made


def _name(name: Text) -> bytes:
    """The name of a header. One with a NUL in it would be read as another."""
    data = _bytes(name)
    if b"\0" in data:
        raise ValueError("the name of a header holds a NUL")
    return data


def _bytes(text: Text) -> bytes:
    if isinstance(text, str):
        try:
            return text.encode("latin-1")
        except UnicodeEncodeError:
            return encoded(text)
    return bytes(text)


def _roles(names: Optional[HeaderNames]) -> list[tuple[int, str]]:
    if names is None:
        return []
    pairs = (
        (lib.CLIENTCERT_HEADER_CERTIFICATE, names.certificate),
        (lib.CLIENTCERT_HEADER_CHAIN, names.chain),
        (lib.CLIENTCERT_HEADER_VERIFY, names.verify),
        (lib.CLIENTCERT_HEADER_BY, names.by),
    )
    return [(role, name) for role, name in pairs if name is not None]
