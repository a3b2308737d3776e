"""The listings of docs/python.md, as they stand there: only paths and ports are this machine's."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Optional

import pytest
from conftest import PKI, PYTHON, ROOT
from servers import Process, free_port

PAGE = (ROOT / "docs" / "python.md").read_text()
LISTING = re.compile(r"^```python\n# ([\w.]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def listings(pki: PKI, tmp_path: Path) -> dict[str, Path]:
    """The listings as files."""
    files = {
        "/etc/ssl/clients-ca.pem": "root.crt",
        "server.pem": "server.crt",
        "server.key": "server.key",
        "alice.pem": "good.crt",
    }
    written = {}
    for name, text in LISTING.findall(PAGE):
        for there, here in files.items():
            text = text.replace(f'"{there}"', f'"{pki.path(here)}"')
        written[name] = tmp_path / name
        written[name].write_text(text)
    assert set(written) == {"hello.py", "server.py", "everyone.py"}
    return written


def test_hello(listings: dict[str, Path]) -> None:
    done = subprocess.run(
        [sys.executable, listings["hello.py"]],
        env={"PYTHONPATH": str(PYTHON / "src"), "CLIENTCERT_LIBRARY": library()},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith("hello alice CN=alice,O=Example 20")


def library() -> str:
    from clientcert import _raw

    return _raw.origin


@pytest.mark.parametrize(
    ("listing", "client", "status", "says"),
    [
        ("server.py", "good", "200", "hello alice"),
        (
            "server.py",
            "chain",
            *(("200", "hello bob") if sys.version_info >= (3, 10) else ("403", "not trusted")),
        ),
        ("server.py", "expired", "403", "expired"),
        ("server.py", None, "403", "no certificate"),
        ("server.py", "elsewhere", "000", ""),
        ("everyone.py", "good", "200", "verified True CN=alice,O=Example None"),
        (
            "everyone.py",
            "elsewhere",
            "200",
            "verified False CN=alice,O=Elsewhere leaf_issuer_unknown",
        ),
        ("everyone.py", None, "200", "verified False None None"),
    ],
)
def test_servers(
    listings: dict[str, Path],
    pki: PKI,
    tmp_path: Path,
    listing: str,
    client: Optional[str],
    status: str,
    says: str,
) -> None:
    port = free_port()
    program = listings[listing]
    program.write_text(program.read_text().replace("8443", str(port)))
    server = Process([sys.executable, program], port, tmp_path / "log")
    try:
        command = ["curl", "-sS", "-w", "%{http_code}", "--cacert", str(pki.root)]
        command += ["--cert", str(pki.path(f"{client}.pem"))] if client else []
        done = subprocess.run(
            [*command, f"https://localhost:{port}/"], capture_output=True, text=True
        )
        assert done.stdout.endswith(status), done.stdout + done.stderr + server.log()
        assert says in done.stdout
    finally:
        server.stop()


def test_the_reference_has_a_word_on_every_public_name() -> None:
    import inspect

    import clientcert
    from clientcert import errors, pyopenssl, tls

    for module in (clientcert, clientcert.forwarded, errors, tls, pyopenssl):
        assert module.__doc__
        for name in getattr(module, "__all__", None) or [
            name for name in vars(module) if not name.startswith("_")
        ]:
            item = getattr(module, name)
            if (
                not (inspect.isclass(item) or inspect.isfunction(item))
                or "clientcert" not in item.__module__
            ):
                continue
            assert item.__doc__, name
            methods = vars(item).items() if inspect.isclass(item) else ()
            for method, value in methods:
                if not method.startswith("_") and (
                    inspect.isfunction(value) or isinstance(value, property)
                ):
                    assert value.__doc__, f"{name}.{method}"
