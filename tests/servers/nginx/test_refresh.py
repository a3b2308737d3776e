"""What changes is read in the event loop where it is small, and by a thread where it is large or in a database."""

import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from nginx.conftest import Start
from nginx.server import Nginx
from support.clients import Client, curl
from support.pki import Pki
from support.project import clientcert, program
from support.server import eventually

SERVER = """
    server {
        listen 127.0.0.1:@PORT@ ssl;
        clientcert on;
        clientcert_mode optional;
        clientcert_ca @PKI@/root.crt;
        clientcert_crl @CRL@;
        @MORE@
        location / { return 200 "$ssl_client_verify\\n"; }
    }
"""
SITE = SERVER.replace("@MORE@", "clientcert_refresh @REFRESH@;")

# How many threads a worker has, and the times that make it so for small files.
REFRESH = [("1s", 1), ("1s thread", 2)]


def threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def worker_of(server: Nginx) -> int:
    """The only one; the master listens before it forks."""
    eventually(lambda: len(server.workers()) == 1, "there is a worker")
    return server.workers()[0]


def write_large_crls(pki: Pki, path: Path, *revoked: str, number: int) -> None:
    """CRLs with so much text around them, as `openssl crl -text` writes it, that a worker leaves them to a thread."""
    beside = pki.write_crls(path.with_name("large"), *revoked, number=number)
    with open(beside, "ab") as file:
        file.write(b"        Revocation Date: a long time ago\n" * 30_000)
    assert beside.stat().st_size > 1 << 20
    os.replace(beside, path)


def test_small_files_need_no_thread(nginx: Start, pki: Pki, tmp_path: Path) -> None:
    crl = pki.write_crls(tmp_path / "all.crl")
    server = nginx(SITE, CRL=crl, REFRESH="1s")
    worker = worker_of(server)
    for number, client in enumerate(["revoked", "frank", "revoked"], start=2):
        pki.write_crls(crl, client, number=number)
        eventually(lambda client=client: refuses(pki, server.port, client), "the CRL is new")  # type: ignore[misc]
    assert curl(pki, server.port, "/", "frank").body == "SUCCESS\n"
    assert threads(server.process.pid) == threads(worker) == 1


def test_a_large_file_starts_the_thread(nginx: Start, pki: Pki, tmp_path: Path) -> None:
    crl = pki.write_crls(tmp_path / "all.crl")
    server = nginx(SITE, CRL=crl, REFRESH="1s")
    worker = worker_of(server)
    write_large_crls(pki, crl, "revoked", number=2)
    eventually(lambda: refuses(pki, server.port, "revoked"), "the large CRL is new")
    assert threads(worker) == 2
    # It stays, and goes on with what is small.
    pki.write_crls(crl, "frank", number=3)
    eventually(lambda: refuses(pki, server.port, "frank"), "the small CRL is new")
    assert curl(pki, server.port, "/", "revoked").body == "SUCCESS\n"
    assert threads(worker) == 2
    assert threads(server.process.pid) == 1
    assert server.log().count("from now on by a thread") == 1
    server.signal(signal.SIGQUIT)
    eventually(lambda: server.process.poll() is not None, "it ends when it is asked to")
    assert server.process.returncode == 0


def test_a_large_file_that_is_there_needs_no_thread(nginx: Start, pki: Pki, tmp_path: Path) -> None:
    crl = tmp_path / "all.crl"
    write_large_crls(pki, crl, "revoked", number=1)
    # What is read right after it was written is read once more.
    time.sleep(0.5)
    server = nginx(SITE, CRL=crl, REFRESH="1s")
    time.sleep(3)
    assert refuses(pki, server.port, "revoked")
    assert threads(worker_of(server)) == 1


@pytest.mark.parametrize(("refresh", "count"), REFRESH)
def test_the_master_has_no_threads(
    nginx: Start, pki: Pki, tmp_path: Path, refresh: str, count: int
) -> None:
    """A thread in the process that forks would be gone in its children, with the locks it holds."""
    server = nginx(SITE, CRL=pki.write_crls(tmp_path / "all.crl"), REFRESH=refresh)
    assert threads(server.process.pid) == 1
    eventually(lambda: threads(worker_of(server)) == count, "the worker has its threads")
    assert curl(pki, server.port, "/", "good").body == "SUCCESS\n"
    server.reload()
    eventually(lambda: threads(worker_of(server)) == count, "the next worker has them, too")
    assert threads(server.process.pid) == 1
    server.signal(signal.SIGQUIT)
    eventually(lambda: server.process.poll() is not None, "it ends when it is asked to")
    assert server.process.returncode == 0


def test_a_server_says_for_itself_whether_it_wants_the_thread(
    nginx: Start, pki: Pki, tmp_path: Path
) -> None:
    crl = pki.write_crls(tmp_path / "all.crl")
    wanted = "clientcert_refresh 1m thread;"
    inherited = nginx(wanted + SERVER.replace("@MORE@", ""), CRL=crl)
    own = nginx(wanted + SERVER.replace("@MORE@", "clientcert_refresh 1m;"), CRL=crl)
    never = nginx(SERVER.replace("@MORE@", "clientcert_refresh 0 thread;"), CRL=crl)
    shared = SERVER.replace("@PORT@", "@PORT_2@").replace("@MORE@", wanted)
    one_of_two = nginx(SERVER.replace("@MORE@", "clientcert_refresh 1m;") + shared, CRL=crl)
    for server, count in [(inherited, 2), (own, 1), (never, 1), (one_of_two, 2)]:
        eventually(lambda: threads(worker_of(server)) == count, f"there are {count} threads")  # noqa: B023


def test_a_database_is_asked_by_a_thread(nginx: Start, pki: Pki, tmp_path: Path) -> None:
    registry = f"sqlite:{tmp_path / 'users.db'}"
    key = f"spki:sha256:{pki.fingerprint('registered')}"
    clientcert("users", "enrol", "--registry", registry, "grace", key)
    server = nginx(
        SITE.replace("optional;", "optional; clientcert_option trust ca|key;").replace(
            "clientcert_crl @CRL@;", "clientcert_registry @REGISTRY@;"
        ),
        REGISTRY=registry,
        REFRESH="1s",
    )
    worker = worker_of(server)
    eventually(lambda: threads(worker) == 2, "there is a thread")
    assert curl(pki, server.port, "/", "registered").body == "SUCCESS\n"
    clientcert("users", "disable", "--registry", registry, key)
    eventually(lambda: refuses(pki, server.port, "registered"), "grace is out")


@pytest.mark.parametrize(("refresh", "count"), REFRESH)
def test_what_cannot_be_read_is_reported_once(
    nginx: Start, pki: Pki, tmp_path: Path, refresh: str, count: int
) -> None:
    crl = pki.write_crls(tmp_path / "all.crl", "revoked")
    server = nginx(SITE, CRL=crl, REFRESH=refresh)
    reports = f"{crl} holds no CRL: it is empty"
    for times, other in [(1, "frank"), (2, "good")]:
        empty = tmp_path / "empty"
        empty.touch()
        os.replace(empty, crl)
        eventually(lambda times=times: server.log().count(reports) == times, "it is reported")  # type: ignore[misc]
        # It is looked at again and again meanwhile.
        time.sleep(2.5)
        assert server.log().count(reports) == times
        assert refuses(pki, server.port, "revoked")
        assert curl(pki, server.port, "/", "good").body == "SUCCESS\n"
        pki.write_crls(crl, "revoked", other, number=times + 1)
        eventually(lambda other=other: refuses(pki, server.port, other), "the next CRL counts")  # type: ignore[misc]
    assert threads(worker_of(server)) == count


@pytest.mark.parametrize(("refresh", "count"), REFRESH)
def test_a_worker_that_is_to_end_looks_on(
    nginx: Start, pki: Pki, tmp_path: Path, refresh: str, count: int
) -> None:
    """Who is still connected to it is revoked there, too."""
    crl = pki.write_crls(tmp_path / "all.crl")
    server = nginx(SITE, CRL=crl, REFRESH=refresh)
    old = worker_of(server)
    with Client(pki, "revoked").connect_raw(server.port) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        server.signal(signal.SIGHUP)
        eventually(lambda: set(server.workers()) - {old}, "there is a new worker")
        eventually(lambda: f"{old}#" in gracefully(server.log()), "the old one is to end")
        assert threads(old) == count
        pki.write_crls(crl, "revoked", number=2)
        eventually(
            lambda: f"{old}#" in "".join(lines(server.log(), "what changed is in use now")),
            "the old worker has the CRL",
        )
        raw.sendall(b"\r\n")
        answer = b"".join(iter(lambda: raw.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 403 ") and b"was revoked" in answer, answer
    eventually(lambda: old not in server.workers(), "the old worker is gone")


def test_a_thread_that_cannot_be_started(nginx: Start, pki: Pki) -> None:
    """It is tried again, and what was read before counts until then."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        crl = pki.write_crls(folder / "all.crl", "frank")
        root = folder / "root.crt"
        root.write_bytes(pki.root.read_bytes())
        site = SITE.replace("@PKI@/root.crt", str(root))
        server = nginx(site, CRL=crl, REFRESH="1s", USER="nobody nogroup")
        server.allowed_alerts = ["cannot start the thread"]
        worker = worker_of(server)
        assert curl(pki, server.port, "/", "revoked").body == "SUCCESS\n"
        before = limit_processes(worker, "0")
        write_large_crls(pki, crl, "revoked", number=2)
        eventually(lambda: server.log().count("cannot start the thread") >= 2, "it is tried")
        assert curl(pki, server.port, "/", "revoked").body == "SUCCESS\n"
        assert refuses(pki, server.port, "frank")
        assert threads(worker) == 1
        limit_processes(worker, before)
        eventually(lambda: refuses(pki, server.port, "revoked"), "the large CRL is new")
        assert threads(worker) == 2


def limit_processes(worker: int, most: str) -> str:
    """Sets how many threads its user may have, as that user, and returns how many it was before."""
    limits = Path(f"/proc/{worker}/limits").read_text()
    before = re.search(r"^Max processes +(\S+)", limits, re.MULTILINE)
    assert before is not None, limits
    user, group = ("nobody", "nogroup") if os.geteuid() == 0 else (None, None)
    argv = [program("prlimit"), f"--pid={worker}", f"--nproc={most}:"]
    subprocess.run(argv, check=True, user=user, group=group)
    return before[1]


def refuses(pki: Pki, port: int, client: str) -> bool:
    return curl(pki, port, "/", client).status == 400


def lines(log: str, words: str) -> list[str]:
    return [line for line in log.splitlines() if words in line]


def gracefully(log: str) -> str:
    return "\n".join(lines(log, "gracefully shutting down"))
