"""Real clients: curl, `openssl s_client`, Python's ssl with HTTP/1.1, and h2 over Python's ssl."""

import http.client
import itertools
import json
import re
import socket
import ssl
import subprocess
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import h2.config
import h2.connection
import h2.events

from support.pki import Pki
from support.project import HOST, program

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
SECONDS = 20
ALERTS = {
    40: "handshake_failure",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    48: "unknown_ca",
    49: "access_denied",
    80: "internal_error",
    112: "unrecognized_name",
    116: "certificate_required",
}

Headers = Sequence[tuple[str, str]]


@dataclass
class Answer:
    """What came back. Without a status the connection ended first; then `error` says why."""

    status: int = 0
    headers: Headers = field(default_factory=list)
    body: str = ""
    error: str = ""
    http: str = ""

    def header(self, name: str) -> str | None:
        """The only header of that name, or None."""
        values = self.all(name)
        assert len(values) < 2, f"{name} came {len(values)} times"
        return values[0] if values else None

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def json(self) -> Any:
        return json.loads(self.body)


def curl(
    pki: Pki,
    port: int,
    path: str = "/",
    client: str | None = None,
    *,
    tls: str = "1.3",
    http: str = "1.1",
    host: str = "localhost",
    headers: Headers = (),
    more: Sequence[str] = (),
) -> Answer:
    """One request by curl; `host` is what it takes for the server's name."""
    argv = [
        program("curl"),
        "--silent",
        "--show-error",
        "--noproxy",
        "*",
        "--max-time",
        str(SECONDS),
    ]
    argv += ["--include", "--cacert", str(pki.root), f"--tlsv{tls}", "--tls-max", tls]
    argv += ["--http2" if http == "2" else f"--http{http}", "--path-as-is"]
    argv += ["--connect-to", f"::{HOST}:{port}", "--write-out", "\n%{http_version} %{http_code}"]
    if client is not None:
        argv += ["--cert", str(pki.client(client)), "--key", str(pki.client(client))]
    for name, value in headers:
        argv += ["--header", f"{name}: {value}"]
    done = subprocess.run(
        [*argv, *more, f"https://{host}:{port}{path}"], capture_output=True, check=False
    )
    text, _, summary = done.stdout.decode(errors="replace").rpartition("\n")
    version, status = summary.split()
    if status == "000":
        return Answer(error=done.stderr.decode(errors="replace").strip())
    head, _, body = _last_response(text)
    pairs = [line.partition(":") for line in head.splitlines()[1:]]
    headers = [(name, value.strip()) for name, _, value in pairs]
    return Answer(int(status), headers, body, http=version)


def _last_response(text: str) -> tuple[str, str, str]:
    """Head and body of the last response of several, such as that after a 421 which curl sent again."""
    head, separator, body = text.partition("\r\n\r\n")
    while re.match(r"HTTP/[0-9.]+ \d+", body):
        head, separator, body = body.partition("\r\n\r\n")
    return head, separator, body


@dataclass
class Handshake:
    """What `openssl s_client` saw."""

    output: str
    answer: Answer

    @property
    def resumed(self) -> bool:
        return "Reused, TLS" in self.output

    @property
    def ca_names(self) -> list[str]:
        """The CAs that the server names when it asks for a certificate."""
        after = self.output.partition("Acceptable client certificate CA names\n")[2]
        return list(itertools.takewhile(lambda line: " = " in line, after.splitlines()))

    @property
    def alert(self) -> str:
        """The alert that ended the handshake, by its name in RFC 8446, or nothing."""
        found = re.search(r"SSL alert number (\d+)", self.output)
        return ALERTS[int(found[1])] if found else ""


def s_client(
    pki: Pki,
    port: int,
    path: str = "/",
    client: str | None = None,
    *,
    tls: str = "1.3",
    server_name: str = "localhost",
    host: str = "localhost",
    session_in: Path | None = None,
    session_out: Path | None = None,
    more: Sequence[str] = (),
) -> Handshake:
    """One connection and one request of `openssl s_client`; without a name it sends no SNI."""
    argv = [program("openssl"), "s_client", "-connect", f"{HOST}:{port}"]
    argv += ["-servername", server_name] if server_name else ["-noservername"]
    argv += [f"-tls{tls.replace('.', '_')}", "-CAfile", str(pki.root), "-verify_return_error"]
    if client is not None:
        pem = str(pki.client(client))
        argv += ["-cert", pem, "-key", pem]
        chain = pki.client(client).with_suffix(".chain")
        if chain.stat().st_size:
            argv += ["-cert_chain", str(chain)]
    if session_in is not None:
        argv += ["-sess_in", str(session_in)]
    if session_out is not None:
        argv += ["-sess_out", str(session_out)]
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    done = subprocess.run(
        [*argv, "-ign_eof", *more],
        check=False,
        input=request.encode(),
        capture_output=True,
        timeout=SECONDS,
    )
    output = (done.stdout + done.stderr).decode(errors="replace")
    # What it has to say itself may stand on the same line.
    status = re.search(r"HTTP/1\.[01] (\d{3}) ", output)
    return Handshake(
        output, Answer(int(status[1]) if status else 0, error="" if status else output)
    )


class Client:
    """A client of Python's ssl, with one certificate or none. It keeps its sessions only if told to."""

    def __init__(
        self, pki: Pki, name: str | None = None, *, tls: str = "1.3", tickets: bool = True
    ) -> None:
        self.context = ssl.create_default_context(cafile=str(pki.root))
        self.context.minimum_version = self.context.maximum_version = VERSIONS[tls]
        if not tickets:
            self.context.options |= ssl.OP_NO_TICKET
        if name is not None:
            self.context.load_cert_chain(pki.client(name))

    def connect(
        self,
        port: int,
        server_name: str = "localhost",
        session: ssl.SSLSession | None = None,
    ) -> "Connection":
        return Connection(self._wrap(port, server_name, session, ["http/1.1"]), server_name)

    def connect_h2(self, port: int, server_name: str = "localhost") -> "Http2Connection":
        tls = self._wrap(port, server_name, None, ["h2"])
        assert tls.selected_alpn_protocol() == "h2", "the server does not speak HTTP/2"
        return Http2Connection(tls, server_name)

    def connect_raw(self, port: int, server_name: str = "localhost") -> ssl.SSLSocket:
        """A connection without HTTP, for what is behind TLS alone."""
        return self._wrap(port, server_name, None, [])

    def get(self, port: int, path: str = "/", **options: Any) -> Answer:
        """One request on a connection of its own; an alert is an answer without a status."""
        try:
            with self.connect(port) as connection:
                return connection.request(path, **options)
        except (OSError, http.client.HTTPException) as error:
            return Answer(error=str(error))

    def _wrap(
        self, port: int, server_name: str, session: ssl.SSLSession | None, protocols: list[str]
    ) -> ssl.SSLSocket:
        if protocols:
            self.context.set_alpn_protocols(protocols)
        plain = socket.create_connection((HOST, port), timeout=SECONDS)
        try:
            return self.context.wrap_socket(plain, server_hostname=server_name, session=session)
        except BaseException:
            plain.close()
            raise


class Connection:
    """HTTP/1.1 over one TLS connection."""

    def __init__(self, tls: ssl.SSLSocket, host: str) -> None:
        self.tls = tls
        self._host = host
        self._http = http.client.HTTPConnection(HOST)
        self._http.sock = tls

    def request(
        self,
        path: str = "/",
        *,
        method: str = "GET",
        host: str | None = None,
        headers: Headers = (),
        body: bytes | None = None,
    ) -> Answer:
        if self._http.sock is None:
            raise http.client.NotConnected("the server ended the connection")
        self._http.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        self._http.putheader("Host", host or self._host)
        for name, value in headers:
            self._http.putheader(name, value)
        if body is not None:
            self._http.putheader("Content-Length", str(len(body)))
        self._http.endheaders(body)
        response = self._http.getresponse()
        page = response.read().decode(errors="replace")
        return Answer(response.status, response.getheaders(), page, http="1.1")

    @property
    def open(self) -> bool:
        """Whether the server left the connection open after its last answer."""
        return self._http.sock is not None

    @property
    def resumed(self) -> bool:
        return self.tls.session_reused is True

    @property
    def session(self) -> ssl.SSLSession:
        """To be asked after an answer: below it a ticket of TLS 1.3 has not been read."""
        session = self.tls.session
        assert session is not None
        return session

    def close(self) -> None:
        self._http.close()
        self.tls.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Http2Connection:
    """HTTP/2 over one TLS connection: one request after the other, but for bodies that come later."""

    def __init__(self, tls: ssl.SSLSocket, host: str) -> None:
        self.tls = tls
        self.went_away = False
        self._host = host
        self._http = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self._http.initiate_connection()
        self._flush()

    def request(
        self,
        path: str = "/",
        *,
        method: str = "GET",
        host: str | None = None,
        headers: Headers = (),
        body: bytes | None = None,
    ) -> Answer:
        stream = self.begin(
            path, method=method, host=host, headers=headers, has_body=body is not None
        )
        return self._read(stream) if body is None else self.finish(stream, body)

    def begin(
        self,
        path: str = "/",
        *,
        method: str = "POST",
        host: str | None = None,
        headers: Headers = (),
        has_body: bool = True,
    ) -> int:
        """The stream of a request whose body, if it has one, is still to come."""
        stream = self._http.get_next_available_stream_id()
        pseudo = [(":method", method), (":scheme", "https"), (":authority", host or self._host)]
        pseudo += [(":path", path)]
        self._http.send_headers(stream, [*pseudo, *headers], end_stream=not has_body)
        self._flush()
        return stream

    def finish(self, stream: int, body: bytes) -> Answer:
        self._http.send_data(stream, body, end_stream=True)
        self._flush()
        return self._read(stream)

    def _read(self, stream: int) -> Answer:
        answer = Answer(http="2")
        while True:
            data = self.tls.recv(65536)
            if not data:
                return Answer(error="the server ended the connection", http="2")
            for event in self._http.receive_data(data):
                if isinstance(event, h2.events.ConnectionTerminated):
                    self.went_away = True
                if getattr(event, "stream_id", stream) != stream:
                    continue
                if isinstance(event, h2.events.ResponseReceived):
                    pairs = [(str(name), str(value)) for name, value in event.headers or []]
                    answer.status = int(dict(pairs)[":status"])
                    answer.headers = [pair for pair in pairs if not pair[0].startswith(":")]
                elif isinstance(event, h2.events.DataReceived):
                    answer.body += (event.data or b"").decode(errors="replace")
                    self._http.acknowledge_received_data(event.flow_controlled_length or 0, stream)
                elif isinstance(event, h2.events.StreamReset):
                    return Answer(error=f"reset {int(event.error_code or 0):#x}", http="2")
                elif isinstance(event, h2.events.StreamEnded):
                    self._flush()
                    return answer
            self._flush()

    def wait_for_end(self) -> bool:
        """Whether the server says GOAWAY or ends the connection now."""
        while not self.went_away:
            data = self.tls.recv(65536)
            if not data:
                return True
            for event in self._http.receive_data(data):
                self.went_away |= isinstance(event, h2.events.ConnectionTerminated)
        return True

    def _flush(self) -> None:
        pending = self._http.data_to_send()
        if pending:
            self.tls.sendall(pending)

    def close(self) -> None:
        self.tls.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def unique_path() -> str:
    """A path that finds its line in a log again."""
    return f"/{uuid.uuid4().hex}"
