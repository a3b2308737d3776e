"""The listings of docs/python-servers.md, as they stand there: only paths and ports are this machine's."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest
from conftest import PKI, ROOT
from servers import Browser, Process, free_port, python

PAGE = (ROOT / "docs" / "python-servers.md").read_text()
LISTING = re.compile(r"^```\w+\n# ([\w.]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def sections() -> dict[str, str]:
    parts = re.split(r"^## (.*)\n", PAGE, flags=re.MULTILINE)[1:]
    return {title: text for title, text in zip(parts[::2], parts[1::2]) if COMMAND.search(text)}


def test_the_page_has_its_listings() -> None:
    titles = ["Flask, on Gunicorn", "FastAPI, on Uvicorn", "aiohttp", "Django", "Behind a proxy"]
    assert list(sections()) == titles


@pytest.mark.parametrize("title", sections())
def test_a_listing_serves_those_whom_it_says(title: str, pki: PKI, tmp_path: Path) -> None:
    section = sections()[title]
    front, back = free_port(), free_port()

    def here(text: str) -> str:
        for there, name in {
            "/etc/ssl/clients-ca.pem": "root.crt",
            "server.pem": "server.crt",
            "server.key": "server.key",
        }.items():
            text = re.sub(rf"(?<![\w/]){re.escape(there)}", str(pki.path(name)), text)
        return text.replace("8443", str(front)).replace("8080", str(back))

    for name, text in LISTING.findall(section):
        (tmp_path / name).write_text(here(text))
    command = COMMAND.search(section)
    assert command is not None
    words = shlex.split(here(command.group(1)))
    whole: list[object] = [sys.executable, *words[1:]] if words[0] == "python" else python(*words)
    proxied = (tmp_path / "nginx.conf").exists()
    server = Process(whole, back if proxied else front, tmp_path / "log", folder=tmp_path)
    running = [server]
    try:
        if proxied:
            running.append(nginx(tmp_path, front))
        alice = Browser(front, pki.root, pki.path("good.pem"))
        answer = alice.get("/account")
        assert (answer.status, b"alice" in answer.body) == (200, True), (answer, server.log())
        answer = Browser(front, pki.root).get("/account", headers={"Accept": "application/json"})
        assert answer.status == 403, answer
        assert b"certificate_required" in answer.body
    finally:
        for process in reversed(running):
            process.stop()


def nginx(folder: Path, port: int) -> Process:
    listing = (folder / "nginx.conf").read_text()
    temporary = "".join(
        f"{name}_temp_path {folder};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = folder / "whole.conf"
    whole.write_text(
        f"daemon off; pid {folder}/pid; events {{}}\n"
        f"http {{\naccess_log off;\n{temporary}{listing}}}\n"
    )
    command = ["nginx", "-p", folder, "-c", whole, "-e", "stderr"]
    return Process(command, port, folder / "nginx.log")
