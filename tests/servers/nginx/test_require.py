"""`clientcert_require` per place, and every way around it that nginx's own configuration offers."""

import socket

import pytest

from nginx.conftest import Start
from nginx.server import Nginx
from support.clients import Client, curl
from support.pki import Pki
from support.project import HOST

SECRET = "SECRET"

CONFIGURATION = """
    server {
        listen 127.0.0.1:@PORT@ ssl http2;
        listen 127.0.0.1:@PORT_PLAIN@;
        clientcert on;
        clientcert_mode optional;
        clientcert_ca @PKI@/root.crt;
        clientcert_identity "subject.cn lower";
        root @DIR@/www;
        ssi off;
        rewrite ^/server-rewrite$ /protected/secret.txt;

        location / { }
        location /protected/ { clientcert_require verified; }
        location /return { clientcert_require verified; return 200 SECRET; }
        location /redirect { clientcert_require verified; return 302 /SECRET; }
        location /satisfy-any { clientcert_require verified; satisfy any; allow all; return 200 SECRET; }
        location /satisfy-any-file/ {
            clientcert_require verified; satisfy any; allow all; alias @DIR@/www/protected/;
        }
        location /satisfy-any-password/ {
            clientcert_require verified;
            satisfy any; auth_basic closed; auth_basic_user_file @DIR@/passwords; allow 127.0.0.1;
            alias @DIR@/www/protected/;
        }
        location /if { clientcert_require verified; if ($request_method = GET) { return 200 SECRET; } }
        location /if-break/ {
            clientcert_require verified;
            if ($request_method = GET) { rewrite ^/if-break/(.*)$ /protected/$1 break; }
        }
        location /rewrite-out { clientcert_require verified; rewrite ^ /open.txt last; }
        location /rewrite-in { rewrite ^ /protected/secret.txt last; }
        location /try { try_files /nothing /protected/secret.txt; }
        location /try-named { try_files /nothing @protected; }
        location @protected { clientcert_require verified; return 200 SECRET; }
        location /error-named { error_page 404 = @protected; return 404; }
        location /error-page { error_page 404 =200 /protected/secret.txt; return 404; }
        location /error-itself/ {
            clientcert_require verified; error_page 403 =200 /error-itself/secret.txt;
            alias @DIR@/www/protected/;
        }
        location /index/ { index /protected/secret.txt; }
        location /alias/ { clientcert_require verified; alias @DIR@/www/protected/; }
        location /proxied/ { clientcert_require verified; proxy_pass http://127.0.0.1:@BACKEND@/SECRET; }
        location /accelerated {
            proxy_pass http://127.0.0.1:@PORT_ACCELERATOR@;
        }
        location /asked/ { auth_request /ask; alias @DIR@/www/protected/; }
        location = /ask { internal; clientcert_require verified; return 204; }
        location /ssi/ { ssi on; alias @DIR@/www/ssi/; }
        location /addition/ {
            add_after_body /protected/secret.txt; addition_types *; alias @DIR@/www/ssi/;
        }
        location /outer/ {
            clientcert_require verified;
            alias @DIR@/www/protected/;
            location /outer/inner/ { alias @DIR@/www/protected/; }
            location /outer/opened/ { clientcert_require none; alias @DIR@/www/open/; }
        }
        location ~ ^/pattern/(.*)$ { clientcert_require verified; alias @DIR@/www/protected/$1; }
        location = /exact { clientcert_require verified; return 200 SECRET; }
        location /methods/ {
            clientcert_require verified; limit_except GET { deny all; }
            alias @DIR@/www/protected/;
        }
        location /listed/ { clientcert_require verified; autoindex on; alias @DIR@/www/SECRETS/; }
    }
    server {
        listen 127.0.0.1:@PORT_WHOLE@ ssl http2;
        clientcert on;
        clientcert_mode optional;
        clientcert_ca @PKI@/root.crt;
        clientcert_require verified;
        return 200 SECRET;
    }
    server {
        listen 127.0.0.1:@PORT_ACCELERATOR@;
        location / { add_header X-Accel-Redirect /protected/secret.txt; return 200; }
    }
"""

# Ways to the secret. Nobody gets it without a certificate, and alice does.
WAYS = [
    "/protected/secret.txt",
    "/return",
    "/satisfy-any",
    "/satisfy-any-file/secret.txt",
    "/satisfy-any-password/secret.txt",
    "/if",
    "/if-break/secret.txt",
    "/rewrite-in",
    "/server-rewrite",
    "/try",
    "/try-named",
    "/error-named",
    "/error-page",
    "/error-itself/secret.txt",
    "/index/",
    "/alias/secret.txt",
    "/proxied/",
    "/accelerated",
    "/asked/secret.txt",
    "/outer/secret.txt",
    "/outer/inner/secret.txt",
    "/pattern/secret.txt",
    "/exact",
    "/methods/secret.txt",
    "/listed/",
    "/%70rotected/secret.txt",
    "//protected//secret.txt",
    "/protected/./secret.txt",
    "/open/../protected/secret.txt",
    "/open/%2e%2e/protected/secret.txt",
    "/protected/secret.txt?logged=in",
    "/outer/opened/../secret.txt",
]


@pytest.fixture(scope="module")
def server(shared_nginx: Start, tmp_path_factory: pytest.TempPathFactory) -> Nginx:
    folder = tmp_path_factory.mktemp("www")
    for path, text in {
        "protected/secret.txt": SECRET,
        "protected/index.html": SECRET,
        "SECRETS/SECRET.txt": SECRET,
        "index/nothing": "",
        "open.txt": "OPEN",
        "open/open.txt": "OPEN",
        "ssi/page.html": 'OPEN <!--# include virtual="/protected/secret.txt" -->',
        "ssi/page.txt": "OPEN",
    }.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    (folder / "passwords").write_text("nobody:{PLAIN}nothing\n")
    text = CONFIGURATION.replace("@DIR@/www", str(folder)).replace(
        "@DIR@/passwords", f"{folder}/passwords"
    )
    return shared_nginx(text)


@pytest.mark.parametrize("http", ["1.0", "1.1", "2"])
@pytest.mark.parametrize("way", WAYS)
def test_no_way_around(server: Nginx, pki: Pki, way: str, http: str) -> None:
    nobody = curl(pki, server.port, way, http=http)
    assert SECRET not in nobody.body and SECRET not in str(nobody.headers), nobody
    assert nobody.status == 403, nobody
    if http == "1.1":
        failed = curl(pki, server.port, way, "expired", http=http)
        assert failed.status == 400 and SECRET not in failed.body, failed
    alice = curl(pki, server.port, way, "good", http=http)
    assert alice.status == 200 and SECRET in alice.body, alice


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "X"])
def test_no_method_around(server: Nginx, pki: Pki, method: str) -> None:
    for way in ["/return", "/proxied/", "/protected/secret.txt"]:
        with Client(pki).connect(server.port) as connection:
            assert connection.request(way, method=method).status == 403, way


def test_what_is_open_stays_open(server: Nginx, pki: Pki) -> None:
    assert curl(pki, server.port, "/open.txt").body == "OPEN"
    assert curl(pki, server.port, "/outer/opened/open.txt").body == "OPEN"
    assert curl(pki, server.port, "/rewrite-out").status == 403
    assert curl(pki, server.port, "/rewrite-out", "good").body == "OPEN"
    redirect = curl(pki, server.port, "/redirect")
    assert redirect.status == 403 and redirect.header("Location") is None


@pytest.mark.parametrize("path", ["/ssi/page.html", "/addition/page.txt"])
def test_subrequests(server: Nginx, pki: Pki, path: str) -> None:
    nobody = curl(pki, server.port, path)
    assert nobody.body.startswith("OPEN") and SECRET not in nobody.body
    assert SECRET in curl(pki, server.port, path, "good").body


def test_a_whole_server(server: Nginx, pki: Pki) -> None:
    """`return` of the server itself comes before any location is known."""
    port = server.port_of("whole")
    assert curl(pki, port).status == 403
    assert curl(pki, port, http="2").status == 403
    assert curl(pki, port, client="good").body == SECRET


def test_without_tls_nobody_is_anybody(server: Nginx) -> None:
    port = server.port_of("plain")
    assert plain(port, "GET /protected/secret.txt HTTP/1.0\r\n\r\n").startswith("HTTP/1.1 403")
    assert plain(port, "GET /return HTTP/1.0\r\n\r\n").startswith("HTTP/1.1 403")
    assert plain(port, "GET /open.txt HTTP/1.0\r\n\r\n").endswith("OPEN")


def test_http_0_9(server: Nginx, pki: Pki) -> None:
    with Client(pki).connect_raw(server.port) as tls:
        tls.sendall(b"GET /protected/secret.txt\r\n")
        received = b"".join(iter(lambda: tls.recv(4096), b""))
    assert SECRET.encode() not in received


def test_pipelined(server: Nginx, pki: Pki) -> None:
    """What one request of a connection got says nothing about the next one."""
    request = "GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n"
    burst = "".join(
        request.format(path, more)
        for path, more in [
            ("/open.txt", ""),
            ("/return", ""),
            ("/open.txt", ""),
            ("/protected/secret.txt", "Connection: close\r\n"),
        ]
    )
    with Client(pki).connect_raw(server.port) as tls:
        tls.sendall(burst.encode())
        received = b"".join(iter(lambda: tls.recv(4096), b"")).decode()
    assert received.count("HTTP/1.1 200") == 2 and received.count("HTTP/1.1 403") == 2
    assert SECRET not in received


def plain(port: int, request: str) -> str:
    with socket.create_connection((HOST, port), timeout=10) as connection:
        connection.sendall(request.encode())
        return b"".join(iter(lambda: connection.recv(4096), b"")).decode()
