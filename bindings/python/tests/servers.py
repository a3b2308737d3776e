"""Servers and clients of the tests: real ones, each a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Optional, Union

TESTS = Path(__file__).resolve().parent


def free_port() -> int:
    """A port that nobody listens on now, below those that the kernel gives to connections meanwhile."""
    for _ in range(100):
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no port is free")


class Process:
    """A server that listens on a port of the loopback interface, or on a Unix socket, as long as this lives."""

    def __init__(
        self,
        command: Sequence[object],
        where: Union[int, Path],
        log: Path,
        environment: Mapping[str, str] = {},
        folder: Path = TESTS,
    ) -> None:
        import clientcert

        source = Path(clientcert.__file__).resolve().parent.parent
        self._log = log
        self._file = log.open("wb")
        self._process = subprocess.Popen(
            [str(word) for word in command],
            stdout=self._file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": f"{source}:{TESTS}",
                "PYTHONUNBUFFERED": "1",
                **environment,
            },
        )
        for _ in range(600):
            if self._process.poll() is not None:
                raise RuntimeError(f"{command[0]} ended: {self.log()}")
            if _listens(where):
                return
            time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"nobody listens: {self.log()}")

    def log(self) -> str:
        """What it printed."""
        return self._log.read_text(errors="replace")

    def stop(self) -> None:
        """Ends it."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._file.close()


#: Starts a server: a command, where it listens, options of the library, and more of its environment.
Start = Callable[..., Process]


def _listens(where: Union[int, Path]) -> bool:
    if isinstance(where, Path):
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(where)) == 0
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", where)) == 0


@dataclass
class Response:
    """What a client was answered."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def __getitem__(self, name: str) -> str:
        """The values of a header, joined; empty where it is not there."""
        return ", ".join(value for key, value in self.headers if key.lower() == name.lower())

    @property
    def json(self) -> Any:
        """The page as JSON."""
        return json.loads(self.body)


@dataclass
class Browser:
    """A client that trusts one CA, and may have a certificate."""

    port: int
    ca: Optional[Path] = None
    certificate: Optional[Path] = None

    def get(
        self,
        path: str,
        method: str = "GET",
        headers: Mapping[str, str] = {},
        body: Optional[str] = None,
    ) -> Response:
        """One request on a connection of its own."""
        connection = self.connect()
        try:
            return self.ask(connection, path, method, headers, body)
        finally:
            connection.close()

    def connect(self) -> http.client.HTTPConnection:
        """A connection for several requests."""
        if self.ca is None:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        context = ssl.create_default_context(cafile=str(self.ca))
        if self.certificate is not None:
            context.load_cert_chain(str(self.certificate))
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=context)

    @staticmethod
    def ask(
        connection: http.client.HTTPConnection,
        path: str,
        method: str = "GET",
        headers: Mapping[str, str] = {},
        body: Optional[str] = None,
    ) -> Response:
        """One request on a connection."""
        connection.request(method, path, body=body, headers=dict(headers))
        response = connection.getresponse()
        return Response(response.status, response.getheaders(), response.read())


def python(*words: object) -> list[object]:
    """A command that runs a module with the interpreter of the tests."""
    return [sys.executable, "-m", *words]


#: Behind this address proxies reach the servers; everybody else is at 127.0.0.1.
PROXY = "127.0.0.2"


def proxied(port: int, headers: dict[str, str], path: str = "/user") -> Response:
    """A request as the proxy sends it."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", port, timeout=30, source_address=(PROXY, 0)
    )
    try:
        return Browser.ask(connection, path, headers=headers)
    finally:
        connection.close()


# Base64 of the certificate out of its PEM, which nginx 1.22 has no other means for.
_BASE64 = """map $ssl_client_raw_cert $client_cert {{
        default '';
        '~^-+BEGIN CERTIFICATE-+\\n{lines}-+END' ':{names}:';
    }}"""


def nginx(folder: Path, pki: Path, backend: int, dialect: str) -> tuple[Process, int]:
    """Debian's nginx in front of a server, and its port: asks for certificates, and forwards what it got."""
    port = free_port()
    lines = "".join(f"(?:(?<l{n}>[A-Za-z0-9+/=]+)\\n)?" for n in range(16))
    names = "".join(f"$l{n}" for n in range(16))
    headers = {
        "rfc9440": 'proxy_set_header Client-Cert $client_cert; proxy_set_header Client-Cert-Chain "";',
        "nginx": "proxy_set_header X-SSL-Client-Cert $ssl_client_escaped_cert;"
        "proxy_set_header X-SSL-Client-Verify $ssl_client_verify;",
    }[dialect]
    user = "user root;" if os.getuid() == 0 else ""
    configuration = f"""
{user}
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder};
    proxy_temp_path {folder};
    fastcgi_temp_path {folder};
    uwsgi_temp_path {folder};
    scgi_temp_path {folder};
    {_BASE64.format(lines=lines, names=names)}
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {pki}/server.crt;
        ssl_certificate_key {pki}/server.key;
        ssl_client_certificate {pki}/root.crt;
        ssl_verify_client optional_no_ca;
        ssl_session_tickets off;
        ssl_session_cache off;
        location / {{
            proxy_pass http://127.0.0.1:{backend};
            proxy_bind {PROXY};
            proxy_set_header Host $http_host;
            {headers}
        }}
    }}
}}
"""
    (folder / "nginx.conf").write_text(configuration)
    command = ["nginx", "-p", folder, "-c", folder / "nginx.conf", "-e", "stderr"]
    return Process(command, port, folder / "nginx.log"), port
