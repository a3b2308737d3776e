"""CRLs, CAs and registrations that change while nginx runs: nobody sends it a signal."""

import os
import shutil
import tempfile
from pathlib import Path

from nginx.conftest import Start
from support.clients import Client, curl, s_client
from support.pki import Pki
from support.project import clientcert
from support.server import eventually
from support.storm import Storm

SITE = """
    server {
        listen 127.0.0.1:@PORT@ ssl http2;
        clientcert on;
        clientcert_mode optional;
        clientcert_ca @CA@;
        clientcert_crl @CRL@;
        clientcert_refresh 1s;
        location / { return 200 "$ssl_client_verify\\n"; }
        location /verified { clientcert_require verified; return 200 "in\\n"; }
    }
"""


def test_a_crl_is_replaced_under_load(nginx: Start, pki: Pki, tmp_path: Path) -> None:
    crl = pki.write_crls(tmp_path / "all.crl")
    server = nginx(SITE, CA=pki.root, CRL=crl, workers=2)
    alice = Client(pki, "revoked").connect(server.port)
    quick = Client(pki, "revoked").connect_h2(server.port)
    assert alice.request("/").body == quick.request("/").body == "SUCCESS\n"
    with Storm(2) as storm:
        storm.start(pki, server.port, "good")
        pki.write_crls(crl, "revoked", "revoked-below", number=2)
        for client in ["revoked", "revoked-below"]:
            for tls in ["1.2", "1.3"]:
                visitor = Client(pki, client, tls=tls)
                # Each worker looks for itself: none of several connections in a row gets in.
                eventually(
                    lambda visitor=visitor: all(  # type: ignore[misc]
                        visitor.get(server.port).status == 400 for _ in range(6)
                    ),
                    f"{client} is refused",
                )
        for answer in [alice.request("/"), quick.request("/")]:
            assert answer.status in (401, 403), "who was in is out"
        assert curl(pki, server.port, "/", "frank").body == "SUCCESS\n"
        outcome = storm.end()
    assert set(outcome) == {"200"}, outcome


def test_a_crl_that_cannot_be_read_replaces_nothing(nginx: Start, pki: Pki, tmp_path: Path) -> None:
    crl = pki.write_crls(tmp_path / "all.crl", "revoked")
    server = nginx(SITE, CA=pki.root, CRL=crl)
    assert curl(pki, server.port, "/", "revoked").status == 400
    broken = tmp_path / "broken"
    broken.write_text("-----BEGIN X509 CRL-----\nbm90aGluZw==\n-----END X509 CRL-----\n")
    os.replace(broken, crl)
    eventually(lambda: str(crl) in server.log(), "the log names the file")
    assert curl(pki, server.port, "/", "revoked").status == 400
    assert curl(pki, server.port, "/", "good").body == "SUCCESS\n"
    lines = [line for line in server.log().splitlines() if str(crl) in line]
    assert "[error]" in lines[0] or "[warn]" in lines[0]
    pki.write_crls(crl, "frank", number=3)
    eventually(lambda: curl(pki, server.port, "/", "frank").status == 400, "the next CRL counts")
    assert curl(pki, server.port, "/", "revoked").body == "SUCCESS\n"


def test_cas_are_replaced(nginx: Start, pki: Pki, tmp_path: Path) -> None:
    crl = pki.write_crls(tmp_path / "all.crl")
    cas = tmp_path / "cas.pem"
    shutil.copy(pki.root, cas)
    server = nginx(SITE.replace("clientcert_crl @CRL@;", ""), CA=cas, CRL=crl)
    session_of = Client(pki, "good")
    with session_of.connect(server.port) as first:
        assert first.request("/verified").body == "in\n"
        session = first.session
    assert curl(pki, server.port, "/verified", "elsewhere").status == 400
    assert s_client(pki, server.port).ca_names == ["O = Example, CN = Example Root"]
    beside = tmp_path / "cas.new"
    shutil.copy(pki.stranger, beside)
    os.replace(beside, cas)
    eventually(
        lambda: curl(pki, server.port, "/verified", "elsewhere").body == "in\n", "the CA is new"
    )
    assert curl(pki, server.port, "/verified", "good").status == 400
    eventually(
        lambda: s_client(pki, server.port).ca_names == ["O = Elsewhere, CN = Elsewhere Root"],
        "clients are told",
    )
    with session_of.connect(server.port, session=session) as again:
        assert again.request("/verified").status == 400, "a session is no way around"


def test_registrations_change(nginx: Start, pki: Pki, tmp_path: Path) -> None:
    registry = tmp_path / "users"
    key = f"spki:sha256:{pki.fingerprint('registered')}"
    registry.write_text(f"{key} grace laptop\n")
    registry.chmod(0o640)
    server = nginx(
        """
        server {
            listen 127.0.0.1:@PORT@ ssl;
            clientcert on;
            clientcert_mode optional_no_ca;
            clientcert_ca @PKI@/root.crt;
            clientcert_registry file:@REGISTRY@;
            clientcert_option trust ca|key;
            clientcert_refresh 1s;
            location / { clientcert_require user; return 200 "$clientcert_user $clientcert_registration_label\\n"; }
        }
        """,
        REGISTRY=registry,
    )
    assert curl(pki, server.port, "/", "registered").body == "grace laptop\n"
    assert curl(pki, server.port, "/", "self").status == 403
    file = f"file:{registry}"
    clientcert("users", "disable", "--registry", file, key)
    eventually(
        lambda: curl(pki, server.port, "/", "registered").status in (400, 403), "grace is out"
    )
    clientcert("users", "enable", "--registry", file, key)
    eventually(lambda: curl(pki, server.port, "/", "registered").status == 200, "grace is in again")
    mine = f"spki:sha256:{pki.fingerprint('self')}"
    clientcert("users", "enrol", "--registry", file, "sue", mine)
    eventually(lambda: curl(pki, server.port, "/", "self").body == "sue \n", "sue is in")


def test_workers_of_another_user(nginx: Start, pki: Pki) -> None:
    """As nginx is run: what the workers look at again they must be able to read, and a secret key they need not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        key = folder / "session.key"
        key.write_bytes(bytes(range(80)))
        key.chmod(0o600)
        crl = pki.write_crls(folder / "all.crl")
        server = nginx(
            SITE.replace("@CRL@;", "@CRL@; clientcert_option session_key @KEY@;"),
            CA=shutil.copy(pki.root, folder / "root.pem"),
            CRL=crl,
            KEY=key,
            USER="nobody nogroup",
        )
        assert curl(pki, server.port, "/", "revoked").body == "SUCCESS\n"
        pki.write_crls(crl, "revoked", number=2)
        eventually(lambda: curl(pki, server.port, "/", "revoked").status == 400, "the CRL is new")
        assert curl(pki, server.port, "/", "good").body == "SUCCESS\n"


def test_never_looking_again(nginx: Start, pki: Pki, tmp_path: Path) -> None:
    """`clientcert_refresh 0` waits for `nginx -s reload`, which looks at once."""
    crl = pki.write_crls(tmp_path / "all.crl")
    server = nginx(SITE.replace("refresh 1s", "refresh 0"), CA=pki.root, CRL=crl)
    pki.write_crls(crl, "revoked", number=2)
    assert curl(pki, server.port, "/", "revoked").body == "SUCCESS\n"
    server.reload()
    assert curl(pki, server.port, "/", "revoked").status == 400
