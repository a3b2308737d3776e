"""A run under valgrind: nothing is read that is not there, and nothing of ours is left behind."""

import re
from pathlib import Path

from nginx.conftest import Start
from support.clients import Client, curl
from support.pki import Pki
from support.project import program
from support.server import eventually

SITE = """
    server {
        listen 127.0.0.1:@PORT@ ssl http2;
        clientcert on;
        clientcert_mode optional_no_ca;
        clientcert_ca @PKI@/root.crt;
        clientcert_crl @CRL@;
        clientcert_identity "subject.cn lower";
        clientcert_refresh 1s;
        location / {
            proxy_set_header Client-Cert $clientcert_client_cert;
            proxy_set_header X-Json $clientcert_json;
            proxy_pass http://127.0.0.1:@BACKEND@;
        }
        location /user { clientcert_require user alice max_age=1h; return 200 "$clientcert_user\\n"; }
    }
"""

LATE = """
    server {
        listen 127.0.0.1:@PORT_LATE@ ssl;
        clientcert on;
        clientcert_mode deferred;
        clientcert_ca @PKI@/root.crt;
        clientcert_identity "subject.cn lower";
        clientcert_option late_request attribute;
        location /user { clientcert_require user alice; return 200 "$clientcert_user\\n"; }
    }
"""

STREAM = """
    server {
        listen 127.0.0.1:@PORT_STREAM@ ssl;
        ssl_certificate @PKI@/site.crt;
        ssl_certificate_key @PKI@/site.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        clientcert on;
        clientcert_mode optional_no_ca;
        clientcert_ca @PKI@/root.crt;
        clientcert_crl @CRL@;
        clientcert_refresh 1s thread;
        clientcert_require verified;
        return "$clientcert_subject";
    }
"""

# What ends a block of valgrind's report is an empty line.
BLOCK = re.compile(r"(?:^==\d+== \S.*\n(?:^==\d+== .*\S.*\n)*)", re.MULTILINE)


def test_valgrind(nginx: Start, pki: Pki, tmp_path: Path) -> None:
    crl = pki.write_crls(tmp_path / "all.crl")
    server = nginx(
        SITE + LATE,
        stream=STREAM,
        main="master_process off;",
        CRL=crl,
        launcher=[
            program("valgrind"),
            "--leak-check=full",
            "--show-leak-kinds=definite",
            "--num-callers=30",
        ],
    )
    for client in [None, "good", "chain", "elsewhere", "expired"]:
        for path in ["/", "/user"]:
            assert curl(pki, server.port, path, client).status in (200, 400, 403)
    for tls in ["1.2", "1.3"]:
        visitor = Client(pki, "good", tls=tls)
        with visitor.connect(server.port) as first:
            assert first.request("/user").body == "alice\n"
            session = first.session
        with visitor.connect(server.port, session=session) as again:
            assert again.request("/user").body == "alice\n"
            assert again.resumed
    with Client(pki, "good").connect_h2(server.port) as quick:
        assert quick.request("/user").body == "alice\n"
    asked = Client(pki, "good")
    asked.context.post_handshake_auth = True
    for _ in range(3):
        assert asked.get(server.port_of("late"), "/user").body == "alice\n"
        with asked.connect_raw(server.port_of("late")) as gone:
            gone.sendall(b"GET /user HTTP/1.1\r\nHost: localhost\r\n\r\n")
    for client, text in [("good", b"CN=alice,O=Example"), ("elsewhere", b""), (None, b"")]:
        with Client(pki, client).connect_raw(server.port_of("stream")) as raw:
            assert b"".join(iter(lambda raw=raw: raw.recv(4096), b"")) == text  # type: ignore[misc]
    # In the event loop of http, and in the thread of stream.
    pki.write_crls(crl, "revoked", number=2)
    eventually(lambda: server.log().count("what changed is in use now") == 2, "the CRL is new")
    server.stop()
    report = server.output()
    assert "ERROR SUMMARY" in report
    blocks = BLOCK.findall(report)
    invalid = re.compile(r"Invalid (read|write|free)|uninitialised|Mismatched free|Jump to the inv")
    assert not [block for block in blocks if invalid.search(block)]
    lost = [block for block in blocks if "definitely lost in loss record" in block]
    assert not [block for block in lost if "clientcert" in block]
