"""CRLs, CAs and registrations that change while Apache runs: nobody sends it a signal."""

import os
import shutil
from pathlib import Path

from apache.conftest import Start, host
from support.clients import Client, curl
from support.pki import Pki
from support.project import clientcert
from support.server import eventually
from support.storm import Storm

SITE = host(
    "PORT",
    "ClientCert On",
    "ClientCertOption mode optional",
    "ClientCertOption ca @CA@",
    "ClientCertOption crl @CRL@",
    "ClientCertRefresh 1",
    "<Location /private>",
    "    ClientCertRequire verified",
    "</Location>",
)


def write_crls(pki: Pki, path: Path, *revoked: str, number: int = 1) -> Path:
    """A CRL that the children can read, who are not root."""
    pki.write_crls(path, *revoked, number=number).chmod(0o644)
    return path


def test_a_crl_is_replaced_under_load(apache: Start, pki: Pki, tmp_path: Path) -> None:
    crl = write_crls(pki, tmp_path / "all.crl")
    server = apache(SITE, CA=pki.root, CRL=crl)
    alice = Client(pki, "revoked").connect(server.port)
    quick = Client(pki, "revoked").connect_h2(server.port)
    assert alice.request("/private/").body == quick.request("/private/").body == "private\n"
    with Storm(2) as storm:
        storm.start(pki, server.port, "good")
        write_crls(pki, crl, "revoked", "revoked-below", number=2)
        for client in ["revoked", "revoked-below"]:
            for tls in ["1.2", "1.3"]:
                visitor = Client(pki, client, tls=tls)
                # Each child looks for itself: none of several connections in a row gets in.
                eventually(
                    lambda visitor=visitor: all(  # type: ignore[misc]
                        visitor.get(server.port).status == 403 for _ in range(6)
                    ),
                    f"{client} is refused",
                )
        answer = alice.request("/")
        assert answer.status in (401, 403), "who was in is out"
        assert answer.header("connection") == "close"
        assert quick.request("/").status in (401, 403)
        assert quick.request("/private/").status in (401, 403)
        assert curl(pki, server.port, "/private/", "frank").body == "private\n"
        eventually(lambda: server.served() > 200, "others were served meanwhile")
        outcome = storm.end()
    assert set(outcome) == {"200"}, outcome
    assert outcome["200"] > 20


def test_a_crl_that_cannot_be_read_replaces_nothing(
    apache: Start, pki: Pki, tmp_path: Path
) -> None:
    crl = write_crls(pki, tmp_path / "all.crl", "revoked")
    server = apache(SITE, CA=pki.root, CRL=crl)
    assert curl(pki, server.port, "/", "revoked").status == 403
    broken = tmp_path / "broken"
    broken.write_text("-----BEGIN X509 CRL-----\nbm90aGluZw==\n-----END X509 CRL-----\n")
    os.replace(broken, crl)
    eventually(lambda: str(crl) in server.log(), "the log names the file")
    assert curl(pki, server.port, "/", "revoked").status == 403
    assert curl(pki, server.port, "/private/", "good").body == "private\n"
    write_crls(pki, crl, "frank", number=3)
    eventually(lambda: curl(pki, server.port, "/", "frank").status == 403, "the next CRL counts")
    eventually(lambda: curl(pki, server.port, "/", "revoked").status == 200, "in every child")


def test_cas_are_replaced(apache: Start, pki: Pki, tmp_path: Path) -> None:
    cas = tmp_path / "cas.pem"
    shutil.copy(pki.root, cas)
    server = apache(SITE.replace("    ClientCertOption crl @CRL@\n", ""), CA=cas)
    visitor = Client(pki, "good")
    with visitor.connect(server.port) as first:
        assert first.request("/private/").body == "private\n"
        session = first.session
    assert curl(pki, server.port, "/private/", "elsewhere").status == 403
    beside = tmp_path / "cas.new"
    shutil.copy(pki.stranger, beside)
    os.replace(beside, cas)
    for client, status in [("elsewhere", 200), ("good", 403)]:
        stranger = Client(pki, client)
        eventually(
            lambda stranger=stranger, status=status: all(  # type: ignore[misc]
                stranger.get(server.port, "/private/").status == status for _ in range(6)
            ),
            "the CA is new in every child",
        )
    with visitor.connect(server.port, session=session) as again:
        assert again.request("/private/").status == 403, "a session is no way around"


def test_registrations_change(apache: Start, pki: Pki, tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    folder.mkdir()
    folder.chmod(0o755)
    registry = folder / "users"
    key = f"spki:sha256:{pki.fingerprint('registered')}"
    registry.write_text(f"{key} grace laptop\n")
    registry.chmod(0o644)
    server = apache(
        host(
            "PORT",
            "ClientCert On",
            "ClientCertOption mode optional_no_ca",
            "ClientCertOption ca @PKI@/root.crt",
            "ClientCertOption registry file:@REGISTRY@",
            "ClientCertOption trust ca|key",
            "ClientCertRefresh 1",
            "<Location /cgi>",
            "    ClientCertRequire user",
            "</Location>",
        ),
        REGISTRY=registry,
    )
    page = curl(pki, server.port, "/cgi", "registered").body
    assert "CLIENTCERT_USER=grace\n" in page and "CLIENTCERT_REGISTRATION_LABEL=laptop\n" in page
    assert curl(pki, server.port, "/cgi", "self").status == 403
    file = f"file:{registry}"
    clientcert("users", "disable", "--registry", file, key)
    registry.chmod(0o644)
    eventually(lambda: curl(pki, server.port, "/cgi", "registered").status == 403, "grace is out")
    mine = f"spki:sha256:{pki.fingerprint('self')}"
    clientcert("users", "enrol", "--registry", file, "sue", mine)
    registry.chmod(0o644)
    eventually(
        lambda: "CLIENTCERT_USER=sue\n" in curl(pki, server.port, "/cgi", "self").body, "sue is in"
    )


def test_never_looking_again(apache: Start, pki: Pki, tmp_path: Path) -> None:
    """`ClientCertRefresh 0` waits for `apachectl graceful`."""
    crl = write_crls(pki, tmp_path / "all.crl")
    server = apache(SITE.replace("Refresh 1", "Refresh 0"), CA=pki.root, CRL=crl)
    write_crls(pki, crl, "revoked", number=2)
    assert curl(pki, server.port, "/", "revoked").status == 200
    server.graceful()
    eventually(lambda: curl(pki, server.port, "/", "revoked").status == 403, "it looked")
