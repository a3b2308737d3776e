"""What `nginx -t` says of a configuration: file and line, and the library's own words."""

import subprocess
from pathlib import Path

import pytest

from nginx.server import NGINX, write_configuration
from support.pki import Pki
from support.project import environment, free_port

SERVER = """
    server {
        listen 127.0.0.1:@PORT@ ssl;
        clientcert on;
        @MORE@
        location / { @LOCATION@ return 204; }
    }
"""

CA = "clientcert_ca @PKI@/root.crt;"


def check(
    pki: Pki, folder: Path, more: str, location: str = "", server: str = SERVER
) -> subprocess.CompletedProcess[str]:
    http = server.replace("@MORE@", more).replace("@LOCATION@", location)
    path = write_configuration(
        folder,
        http,
        "",
        "",
        True,
        WORKERS=1,
        DIR=folder,
        PKI=pki.folder,
        PORT=free_port(),
    )
    return subprocess.run(
        [NGINX, "-t", "-p", str(folder), "-c", str(path), "-e", "stderr"],
        check=False,
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
    )


# A directive, and what is said of it.
WRONG = [
    ("clientcert_mode perhaps;", "'perhaps'"),
    ("clientcert_mode;", "invalid number of arguments"),
    ("clientcert_option mdoe require;", "mode"),
    ("clientcert_option no_such_option 1;", "no_such_option"),
    ("clientcert_option depth many;", "depth"),
    ("clientcert_option depth;", "invalid number of arguments"),
    ("clientcert_ca @PKI@/no-such-file.pem;", "no-such-file.pem"),
    ("clientcert_ca @PKI@/good.key;", "good.key"),
    ("clientcert_crl @PKI@/no-such-file.crl;", "no-such-file.crl"),
    ("clientcert_registry nowhere:at-all;", "nowhere"),
    ('clientcert_identity "san.nonsense";', "san.nonsense"),
    ('clientcert_identity "san.email match=(";', "match"),
    ("clientcert_config @PKI@/no-such-file.toml;", "no-such-file.toml"),
    ("clientcert_refresh soon;", "invalid value"),
    ("clientcert_refresh 1s process;", "process"),
    ("clientcert_refresh 1s thread thread;", "invalid number of arguments"),
    ("clientcert_refresh 1s; clientcert_refresh 1s thread;", "duplicate"),
]

WRONG_PLACES = [
    ("clientcert_require nobody;", "nobody"),
    ("clientcert_require user strength=weird;", "weird"),
    ("clientcert_require user max_age=never;", "never"),
    ("clientcert_require none alice;", "alice"),
    ("clientcert_require;", "invalid number of arguments"),
    ("clientcert_require verified; clientcert_require user;", "duplicate"),
    ("clientcert_log_out perhaps;", "perhaps"),
    ("clientcert_mode require;", "not allowed here"),
]


@pytest.mark.parametrize(("directive", "words"), WRONG)
def test_a_wrong_option(pki: Pki, tmp_path: Path, directive: str, words: str) -> None:
    ca = "" if "clientcert_ca" in directive else CA
    done = check(pki, tmp_path, f"{directive} {ca}")
    assert_names(done, tmp_path, directive, words)


@pytest.mark.parametrize(("directive", "words"), WRONG_PLACES)
def test_a_wrong_place(pki: Pki, tmp_path: Path, directive: str, words: str) -> None:
    done = check(pki, tmp_path, CA, directive)
    assert_names(done, tmp_path, directive, words)


def test_a_policy_that_is_no_policy(pki: Pki, tmp_path: Path) -> None:
    """What only the whole shows is said of the line that switches it on."""
    done = check(pki, tmp_path, "clientcert_mode require;")
    assert_names(done, tmp_path, "clientcert on;", "ca")


def test_a_file_of_options(pki: Pki, tmp_path: Path) -> None:
    options = tmp_path / "options.toml"
    options.write_text(f'ca = "{pki.root}"\nmode = "optional"\nmdoe = "require"\n')
    done = check(pki, tmp_path, f"clientcert_config {options};")
    assert_names(done, tmp_path, "clientcert_config", "mdoe")
    assert str(options) in done.stderr
    options.write_text(f'ca = "{pki.root}"\nmode = "optional"\n')
    assert check(pki, tmp_path, f"clientcert_config {options};").returncode == 0


def test_the_switch(pki: Pki, tmp_path: Path) -> None:
    server = SERVER.replace("clientcert on;", "@SWITCH@")
    for switch, words in [("clientcert perhaps;", "perhaps"), ("clientcert;", "invalid number")]:
        done = check(pki, tmp_path, CA, server=server.replace("@SWITCH@", switch))
        assert_names(done, tmp_path, switch, words)
    twice = server.replace("@SWITCH@", "clientcert on; clientcert on;")
    assert_names(check(pki, tmp_path, CA, server=twice), tmp_path, "clientcert on;", "duplicate")


# nginx asks responders about the path that it finds with its own CAs.
OCSP = [
    "ssl_ocsp on; clientcert_ca @PKI@/root.crt;",
    "ssl_ocsp on; ssl_client_certificate @PKI@/root.crt; clientcert_mode optional;",
    "clientcert_option ocsp leaf; clientcert_ca @PKI@/root.crt;",
    "clientcert_option ocsp chain; clientcert_ca @PKI@/root.crt;",
]


LATE_OCSP = "ssl_ocsp on; ssl_verify_client on; ssl_client_certificate @PKI@/root.crt;"


def test_ocsp_and_asking_late(pki: Pki, tmp_path: Path) -> None:
    """Each is right by itself; together nobody would ask the responders."""
    resolver = "resolver 127.0.0.1;"
    done = check(pki, tmp_path, f"{LATE_OCSP} clientcert_mode deferred; {resolver}")
    assert_names(done, tmp_path, "clientcert on;", "deferred")
    assert check(pki, tmp_path, LATE_OCSP + resolver).returncode == 0
    alone = LATE_OCSP.replace("ssl_ocsp on;", "clientcert_mode deferred;")
    assert check(pki, tmp_path, alone).returncode == 0


@pytest.mark.parametrize("more", OCSP)
def test_ocsp_is_never_left_out_silently(pki: Pki, tmp_path: Path, more: str) -> None:
    done = check(pki, tmp_path, more + " resolver 127.0.0.1;")
    assert done.returncode != 0
    assert "ocsp" in done.stderr


RIGHT = [
    "clientcert_mode require;",
    "clientcert_mode optional; clientcert_option enforcement handshake;",
    "clientcert_option tolerate certificate_expired,crl_expired;",
    "clientcert_refresh 0; clientcert_option depth 2;",
    "clientcert_refresh 1m thread;",
    'clientcert_identity "san.email lower"; clientcert_identity "subject.cn";',
]


@pytest.mark.parametrize("more", RIGHT)
def test_a_right_configuration(pki: Pki, tmp_path: Path, more: str) -> None:
    done = check(pki, tmp_path, f"{more} {CA}", "clientcert_require user alice max_age=1h;")
    assert done.returncode == 0, done.stderr
    assert "successful" in done.stderr


def test_every_option_of_the_library(pki: Pki, tmp_path: Path) -> None:
    """Options go through as they are: a value that the library writes itself is one that it reads."""
    options = {
        "second_opinion": "strict",
        "min_rsa_bits": "3072",
        "crl_expired": "3600",
        "session_max_age": "3600",
        "accept_v1": "false",
        "max_chain_bytes": "20000",
        "cache_size": "0",
        "identity_charset": "name",
        "trusted_proxies": "10.0.0.0/8",
    }
    more = "".join(f"clientcert_option {name} {value};\n" for name, value in options.items())
    done = check(pki, tmp_path, more + CA)
    assert done.returncode == 0, done.stderr


def test_a_server_s_value_replaces_that_of_http(pki: Pki, tmp_path: Path) -> None:
    done = check(
        pki,
        tmp_path,
        "clientcert_ca @PKI@/root.crt;",
        server="clientcert_ca @PKI@/root.crt; clientcert_mode optional; clientcert_option depth 1;"
        + SERVER.replace("@MORE@", "clientcert_mode require; clientcert_option depth 3; @MORE@"),
    )
    assert done.returncode == 0, done.stderr


def assert_names(
    done: subprocess.CompletedProcess[str], folder: Path, directive: str, words: str
) -> None:
    """The error is about that directive, by the file and the line that it stands in."""
    assert done.returncode != 0, "it passes for right"
    errors = [line for line in done.stderr.splitlines() if "[emerg]" in line]
    assert len(errors) == 1, done.stderr
    start = directive.split("@")[0].strip()
    text = (folder / "nginx.conf").read_text().splitlines()
    line = next(number for number, content in enumerate(text, 1) if start in content)
    assert f"{folder}/nginx.conf:{line}" in errors[0], (line, errors)
    assert words in errors[0], errors
