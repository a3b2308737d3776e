"""nginx with the modules, in the foreground, with a configuration that a test writes."""

import os
import re
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from support.pki import Pki
from support.project import ROOT, environment, fill, free_port, program
from support.server import Server, eventually

NGINX = os.environ.get("CLIENTCERT_NGINX") or program("nginx")
MODULES = Path(os.environ.get("CLIENTCERT_NGINX_MODULES", ROOT / "target" / "nginx"))

MAIN = """
@LOAD@
@USER@
daemon off;
worker_processes @WORKERS@;
pid @DIR@/nginx.pid;
error_log @DIR@/error.log info;
@MAIN@
events { worker_connections 2048; }
"""

HTTP = """
http {
    @FACTS@
    client_body_temp_path @DIR@/body;
    proxy_temp_path @DIR@/proxy;
    fastcgi_temp_path @DIR@/fastcgi;
    uwsgi_temp_path @DIR@/uwsgi;
    scgi_temp_path @DIR@/scgi;
    ssl_protocols TLSv1.2 TLSv1.3;
    @CERTIFICATE@
@HTTP@
}
"""


# One line a request: what the module made of it.
FACTS = """
    log_format facts '$request_uri $status $clientcert_outcome $clientcert_reasons $clientcert_user';
    access_log @DIR@/facts.log facts;
"""


# What all servers have, unless a test gives another `CERTIFICATE`.
CERTIFICATE = "ssl_certificate @PKI@/site.crt; ssl_certificate_key @PKI@/site.key;"


def stream_module() -> str:
    """What loads nginx's own stream module, where it is not in nginx itself."""
    shown = subprocess.run([NGINX, "-V"], check=False, capture_output=True, text=True).stderr
    if "--with-stream=dynamic" not in shown:
        return ""
    folder = re.search(r"--modules-path=(\S+)", shown)
    assert folder is not None, shown
    return f"load_module {folder[1]}/ngx_stream_module.so;"


class Nginx(Server):
    """A running nginx. `http` and `stream` are the contents of these blocks; `@PORT@` and so on are filled in."""

    def __init__(
        self,
        pki: Pki,
        folder: Path,
        http: str = "",
        *,
        stream: str = "",
        main: str = "",
        workers: int = 1,
        modules: bool = True,
        launcher: Sequence[str] = (),
        **values: object,
    ) -> None:
        self.allowed_alerts: Sequence[str] = ()
        self.pki = pki
        self.folder = folder
        self.values = {"DIR": folder, "PKI": pki.folder} | values
        self._modules = modules
        self._workers = workers
        self.configure(http, stream=stream, main=main)
        super().__init__(
            [*launcher, *self._argv()],
            folder,
            self.values,
            folder / "error.log",
        )

    def _argv(self) -> list[str]:
        return [
            NGINX,
            "-p",
            str(self.folder),
            "-c",
            str(self.folder / "nginx.conf"),
            "-e",
            "stderr",
        ]

    def configure(self, http: str = "", *, stream: str = "", main: str = "") -> None:
        """Writes the configuration; a running server takes it up at `reload`."""
        for name in re.findall(r"@(PORT\w*)@", http + stream):
            self.values.setdefault(name, free_port())
        write_configuration(
            self.folder, http, stream, main, self._modules, WORKERS=self._workers, **self.values
        )

    def reload(self) -> None:
        """`nginx -s reload`, as an administrator does it, and the wait until the old workers are gone."""
        before = set(self.workers())
        done = subprocess.run(
            [*self._argv(), "-s", "reload"],
            check=False,
            capture_output=True,
            text=True,
            env=environment(),
        )
        assert done.returncode == 0, done.stderr
        eventually(
            lambda: self.workers() and not before & set(self.workers()), "the workers are new"
        )

    def alerts(self) -> list[str]:
        """What nginx itself takes for grave in its log."""
        lines = re.findall(r"^.*\[(?:crit|alert|emerg)\].*$", self.log(), re.MULTILINE)
        return [line for line in lines if not any(word in line for word in self.allowed_alerts)]

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        super().stop()


def write_configuration(
    folder: Path, http: str, stream: str, main: str, modules: bool, **values: object
) -> Path:
    """Writes nginx.conf for http and stream blocks, loading what they need."""
    load = []
    if stream:
        load.append(stream_module())
    if modules and http:
        load.append(f"load_module {MODULES}/ngx_http_clientcert_module.so;")
    if modules and stream:
        load.append(f"load_module {MODULES}/ngx_stream_clientcert_module.so;")
    text = MAIN
    if http:
        facts = FACTS if modules else "access_log off;"
        certificate = str(values.pop("CERTIFICATE", CERTIFICATE))
        text += fill(HTTP, FACTS=facts, CERTIFICATE=certificate, HTTP=http)
    if stream:
        text += f"stream {{\n{stream}\n}}\n"
    # The tests' folders are their user's alone; nginx takes another one where it is started by root.
    user = values.pop("USER", "root root") if os.geteuid() == 0 else ""
    path = folder / "nginx.conf"
    path.write_text(
        fill(text, LOAD="\n".join(load), USER=f"user {user};" if user else "", MAIN=main, **values)
    )
    return path
