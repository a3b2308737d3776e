"""A run under valgrind: nothing is read that is not there, and nothing of ours is left behind."""

import re

from apache.conftest import Start, host, leave
from support.clients import Client, curl
from support.pki import Pki
from support.project import program

SITE = host(
    "PORT",
    "ClientCert On",
    "ClientCertOption mode optional_no_ca",
    "ClientCertOption ca @PKI@/root.crt",
    'ClientCertOption identity "subject.cn lower"',
    "ClientCertRefresh 1",
    "SSLOptions +StdEnvVars",
    "ProxyPass /back http://127.0.0.1:@BACKEND@/",
    "<Location /back>",
    "    ClientCertForward rfc9440 chain",
    "    RequestHeader set X-Json expr=%{CLIENTCERT_JSON}",
    "</Location>",
    "<Location /private>",
    "    ClientCertRequire user alice max_age=3600",
    "</Location>",
    "<Location /page.html>",
    "    Require clientcert user",
    "</Location>",
    "<Location /private/below>",
    "    SSLVerifyClient require",
    "</Location>",
)

# What ends a block of valgrind's report is an empty line.
BLOCK = re.compile(r"(?:^==\d+== \S.*\n(?:^==\d+== .*\S.*\n)*)", re.MULTILINE)


def test_valgrind(apache: Start, pki: Pki) -> None:
    server = apache(
        SITE,
        mpm="worker",
        single=True,
        launcher=[
            program("valgrind"),
            "--leak-check=full",
            "--show-leak-kinds=definite",
            "--num-callers=30",
        ],
    )
    for client in [None, "good", "chain", "elsewhere", "expired"]:
        for path in ["/", "/private/", "/page.html", "/back/"]:
            assert curl(pki, server.port, path, client, http="2").status in (200, 403)
    for tls in ["1.2", "1.3"]:
        visitor = Client(pki, "good", tls=tls)
        with visitor.connect(server.port) as first:
            assert first.request("/private/").status == 200
            session = leave(first)
        with visitor.connect(server.port, session=session) as again:
            assert again.request("/private/").status == 200
            assert again.resumed
        late = Client(pki, "elsewhere", tls=tls)
        late.context.post_handshake_auth = True
        assert late.get(server.port, "/private/below/").status == 403
    server.stop()
    report = server.output()
    assert "ERROR SUMMARY" in report
    blocks = BLOCK.findall(report)
    invalid = re.compile(r"Invalid (read|write|free)|uninitialised|Mismatched free|Jump to the inv")
    assert not [block for block in blocks if invalid.search(block)]
    lost = [block for block in blocks if "definitely lost in loss record" in block]
    assert not [block for block in lost if "clientcert" in block]
