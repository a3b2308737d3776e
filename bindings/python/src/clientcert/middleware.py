"""What the middleware of WSGI and ASGI is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Optional, TypeVar, Union

from .forwarded import Dialect, HeaderNames
from .web import Gate, Places, rule_lookup

if TYPE_CHECKING:
    from .verifier import Verifier

Application = TypeVar("Application")


class Middleware(Generic[Application]):
    """An application behind a gate.

    Args:
        app: The application.
        verifier: Borrowed, and kept.
        places: What is required where, by path below the point where this is mounted. Default: nothing; the
            application asks with `Client.insist` where it needs more.
        forwarded: The dialect of the proxy in front, see `clientcert.web.Gate`.
        names: Other names for the headers of the dialect.
        virtual_host: The name of this host.
        trust_remote_address: Whether a server is believed about the peer's address; see `clientcert.web.Gate`.
        refresh: How often changed files are looked for, in seconds; see `clientcert.web.Gate`.
    """

    def __init__(
        self,
        app: Application,
        verifier: Verifier,
        *,
        places: Optional[Places] = None,
        forwarded: Union[Dialect, str, None] = None,
        names: Optional[HeaderNames] = None,
        virtual_host: Optional[str] = None,
        trust_remote_address: bool = False,
        refresh: Optional[float] = 1.0,
    ) -> None:
        self._app = app
        self._gate = Gate(
            verifier,
            forwarded=forwarded,
            names=names,
            virtual_host=virtual_host,
            trust_remote_address=trust_remote_address,
            refresh=refresh,
        )
        self._rule = rule_lookup(places)
