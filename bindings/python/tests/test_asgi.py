"""What the ASGI middleware makes of scopes that servers give."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from conftest import PKI

from clientcert import Config, Verifier
from clientcert.asgi import ClientCertificates


@pytest.fixture
def verifier(pki: PKI) -> Verifier:
    return Verifier(Config(mode="optional", ca=pki.root, identity="subject.cn"))


def reached(app: ClientCertificates, scope: dict[str, Any], seen: list[Any]) -> bool:
    """Whether the application saw a scope."""
    before = len(seen)

    async def nothing(*message: Any) -> Any:
        return {}

    asyncio.run(app(scope, nothing, nothing))
    return len(seen) > before


def test_what_is_no_request_is_not_let_by_unjudged(verifier: Verifier) -> None:
    seen: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    app = ClientCertificates(application, verifier, refresh=None)
    assert reached(app, {"type": "lifespan"}, seen)
    for unknown in ("webtransport", "mqtt", "HTTP", ""):
        with pytest.raises(RuntimeError, match="nobody is known"):
            reached(app, {"type": unknown, "headers": []}, seen)
    assert len(seen) == 1
