"""Where the project, the staged library and the programs are."""

import os
import random
import shutil
import socket
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
STAGE = Path(os.environ.get("CLIENTCERT_STAGE", ROOT / "target" / "stage"))
HOST = "127.0.0.1"


def program(name: str) -> str:
    """The path of a program; that it is missing is a failure, and never a reason to skip."""
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    assert path is not None, f"{name} is not installed: run scripts/setup"
    return path


def run(*argv: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end, with the staged library."""
    words = [str(word) for word in argv]
    result = subprocess.run(
        words, check=False, text=True, capture_output=True, timeout=60, env=environment()
    )
    assert not check or result.returncode == 0, f"{argv}: {result.stdout}{result.stderr}"
    return result


def clientcert(*arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Runs the tool."""
    return run(STAGE / "bin" / "clientcert", *arguments, check=check)


def environment(**more: str) -> dict[str, str]:
    """The environment of a server or of the tool: this one, and where the library is."""
    return os.environ | {"LD_LIBRARY_PATH": str(STAGE / "lib")} | more


_drawn: set[int] = set()


def free_port() -> int:
    """A port that nobody listens on, below those that clients get, so that no client takes it meanwhile."""
    while True:
        port = random.randrange(10000, 32000)
        with socket.socket() as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind((HOST, port))
            except OSError:
                continue
        if port not in _drawn:
            _drawn.add(port)
            return port


def fill(template: str, **values: object) -> str:
    """`@NAME@` in a server's configuration becomes a value."""
    for name, value in values.items():
        template = template.replace(f"@{name}@", str(value))
    return template
