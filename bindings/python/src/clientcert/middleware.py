"""What the middleware of WSGI and ASGI is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Generic, Optional, TypeVar, Union

from .forwarded import Dialect, HeaderNames
from .web import AmbiguousPath, Gate, Places, Rule, goes_by_path, rule_lookup

if TYPE_CHECKING:
    from .verifier import Verifier

Application = TypeVar("Application")


class Middleware(Generic[Application]):
    """An application behind a gate.

    Args:
        app: The application.
        verifier: Borrowed, and kept.
        places: What is required where, by path below the point where this is mounted. Default: nothing; the
            application asks with `Client.insist` where it needs more. A preflight passes everywhere where the policy
            has `preflight = pass`.
        mounted_at: That point: what the server calls `root_path` in ASGI and `SCRIPT_NAME` in WSGI. Default: none.
            With some servers a client can set it. So where rules go by path, a request for any other is answered 400.
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
        mounted_at: str = "",
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
        _check(mounted_at, places)
        self._mounted_at = mounted_at
        self._by_path = goes_by_path(places)
        self._lookup = rule_lookup(places)

    def _rule(self, root: str, path: str) -> Rule:
        """The rule of a path below the point where the server says that this is mounted."""
        if self._by_path and root != self._mounted_at:
            raise AmbiguousPath("The application is mounted at another path.")
        return self._lookup(path)


def _check(mounted_at: str, places: Optional[Places]) -> None:
    root, *segments = mounted_at.split("/")
    if root or not {"", ".", ".."}.isdisjoint(segments):
        raise ValueError(f"no path that an application is mounted at: {mounted_at!r}")
    if not mounted_at or not isinstance(places, Mapping):
        return
    for prefix in places:
        # There are servers that give the whole path, and others that give what is below.
        if f"{prefix}/".startswith(f"{mounted_at}/"):
            raise ValueError(f"places are paths below {mounted_at!r}: {prefix!r}")
