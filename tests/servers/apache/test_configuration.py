"""`apachectl -t` names what is wrong, its file and its line."""

from pathlib import Path

import pytest

from apache.conftest import Start, host
from apache.server import check
from support.clients import curl
from support.pki import Pki

CA = "ClientCertOption ca @PKI@/root.crt"
ON = ["ClientCert On", "ClientCertOption mode optional", CA]

# The line that is wrong, and what is said of it.
WRONG = {
    "ClientCertOption mdoe optional": "did you mean 'mode'?",
    "ClientCertOption mode sometimes": "sometimes",
    "ClientCertOption depth many": "depth",
    "ClientCertOption SSLVerifyClient require": "another system's name",
    "ClientCertOption ca @PKI@/nowhere.crt": "nowhere.crt",
    "ClientCertOption crl @PKI@/root.crt": "root.crt",
    "ClientCertOption ocsp leaf\nClientCertOption enforcement handshake": "after the handshake",
    "ClientCertOption certificate_host other.example": "certificate_host",
    "ClientCertOption registry external": "registry",
    "ClientCertConfig @PKI@/nowhere.toml": "nowhere.toml",
    "ClientCertConfig @PKI@/root.crt": "root.crt",
    "ClientCertRefresh often": "ClientCertRefresh takes seconds",
    "ClientCertRequire everything": "everything",
    "ClientCertRequire verified alice": "alice",
    "ClientCertRequire user max_age=soon": "max_age",
    "ClientCertRequire user strength=weak": "strength",
    "ClientCertFallback somewhere": "ClientCertFallback takes",
    "ClientCertForward morse": "morse",
    "ClientCertForward rfc9440 everything": "everything",
    "Require clientcert everything": "everything",
    "SSLVerifyClient sometimes": "",
    "SSLVerifyDepth 0": "0",
    "SSLOCSPNoverify on\nSSLOCSPEnable leaf": "SSLOCSPNoverify",
    "SSLOCSPProxyURL http://proxy/\nSSLOCSPEnable on": "SSLOCSPProxyURL",
    "SSLOCSPDefaultResponder http://responder/\nSSLOCSPEnable on": "SSLOCSPOverrideResponder",
    "SSLOCSPEnable leaf no_ocsp_for_cert_ok": "no_ocsp_for_cert_ok",
}


@pytest.mark.parametrize("line", WRONG)
def test_what_is_wrong_is_named_with_its_line(pki: Pki, tmp_path: Path, line: str) -> None:
    place = line.startswith(("ClientCertRequire", "ClientCertFall", "ClientCertForw", "Require"))
    wrong = f"<Location /private>\n{line}\n</Location>" if place else line
    done = check(pki, tmp_path, host("PORT", *ON, wrong))
    output = done.stdout + done.stderr
    assert done.returncode != 0, output
    assert WRONG[line] in output
    text = (tmp_path / "httpd.conf").read_text().splitlines()
    first = line.splitlines()[0].replace("@PKI@", str(pki.folder))
    number = next(i for i, have in enumerate(text, 1) if have.strip() == first)
    assert f"Syntax error on line {number} of {tmp_path}/httpd.conf" in output


def test_what_is_right_is_right(pki: Pki, tmp_path: Path) -> None:
    done = check(pki, tmp_path, host("PORT", *ON))
    assert done.returncode == 0 and "Syntax OK" in done.stderr, done.stderr


def test_clientcert_without_tls_protects_nothing(pki: Pki, apache: Start) -> None:
    with pytest.raises(AssertionError, match="needs SSLEngine On"):
        apache("<VirtualHost 127.0.0.1:@PORT@>\nClientCert On\n</VirtualHost>\n")


def test_a_virtual_host_has_the_options_of_the_main_server(apache: Start, pki: Pki) -> None:
    server = apache(
        "ClientCert On\nClientCertOption mode require\nClientCertOption ca @PKI@/root.crt\n"
        + host("PORT_SAME")
        + host("PORT_OTHER", "ClientCertOption ca @PKI@/stranger.crt")
        + host("PORT_NOT", "ClientCert Off")
    )
    expected = {"same": [403, 200, 403], "other": [403, 403, 200], "not": [200, 200, 200]}
    for name, statuses in expected.items():
        seen = [
            curl(pki, server.port_of(name), "/", who).status for who in [None, "good", "elsewhere"]
        ]
        assert seen == statuses, name


def test_a_file_of_options(apache: Start, pki: Pki, tmp_path: Path) -> None:
    options = tmp_path / "clients.toml"
    options.write_text(f'mode = "require"\nca = "{pki.root}"\nenforcement = "request"\n')
    server = apache(
        host("PORT", "ClientCert On", f"ClientCertConfig {options}")
        + host(
            "PORT_OVER",
            "ClientCert On",
            f"ClientCertConfig {options}",
            "ClientCertOption mode optional",
        )
    )
    assert curl(pki, server.port, "/").status == 403
    assert curl(pki, server.port, "/", "good").status == 200
    assert curl(pki, server.port_of("over"), "/").status == 200
