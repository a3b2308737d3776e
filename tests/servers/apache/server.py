"""Apache httpd with the module, in the foreground, with virtual hosts that a test writes."""

import os
import re
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from support.pki import Pki
from support.project import ROOT, fill, free_port, program, run
from support.server import Server, eventually

HTTPD = os.environ.get("CLIENTCERT_APACHE") or program("apache2")
MODULE = Path(
    os.environ.get("CLIENTCERT_APACHE_MODULE", ROOT / "target" / "apache" / "mod_clientcert.so")
)
MODULES = """
    ssl http2 socache_shmcb authz_core authz_host authz_user authn_core authn_file auth_basic
    access_compat alias dir mime env setenvif headers rewrite include cgid proxy proxy_http fcgid
    negotiation filter
"""

MAIN = """
ServerRoot @DIR@
PidFile @DIR@/httpd.pid
Mutex file:@DIR@
@LOAD@
@USER@
ServerName localhost
GracefulShutdownTimeout 5
TypesConfig /etc/mime.types
ErrorLog @DIR@/error.log
LogLevel info
LogFormat "%U %>s %{CLIENTCERT_OUTCOME}e %{CLIENTCERT_REASONS}e %{CLIENTCERT_USER}e" facts
CustomLog @DIR@/facts.log facts
<IfModule cgid_module>
    ScriptSock @DIR@/cgid.sock
</IfModule>
<IfModule fcgid_module>
    FcgidIPCDir @DIR@/fcgid
    FcgidProcessTableFile @DIR@/fcgid.table
    AddHandler fcgid-script .php
    FcgidWrapper @PHP@ .php
</IfModule>
<IfModule mpm_prefork_module>
    StartServers 2
    MaxConnectionsPerChild 0
</IfModule>
<IfModule !mpm_prefork_module>
    StartServers 2
    MinSpareThreads 4
    MaxSpareThreads 100
    ThreadsPerChild 10
    MaxRequestWorkers 40
</IfModule>
DocumentRoot @DIR@/www
DirectoryIndex index.html
<Directory @DIR@/www>
    Options +FollowSymLinks +ExecCGI +Includes
    AllowOverride All
    Require all granted
</Directory>
<IfModule cgid_module>
    ScriptAlias /cgi @DIR@/www/environment
</IfModule>
SSLCertificateFile @PKI@/site.crt
SSLCertificateKeyFile @PKI@/site.key
SSLProtocol -all +TLSv1.2 +TLSv1.3
SSLSessionCache @CACHE@
@LISTEN@
"""

ENVIRONMENT = """#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
env | sort
"""


class Apache(Server):
    """A running server. `hosts` is the end of its configuration; `@PORT@` and so on are filled in."""

    def __init__(
        self,
        pki: Pki,
        folder: Path,
        hosts: str,
        *,
        mpm: str = "event",
        module: bool = True,
        single: bool = False,
        launcher: Sequence[str] = (),
        **values: object,
    ) -> None:
        self.allowed_alerts: Sequence[str] = ()
        # On SIGTERM the event MPM shuts sockets that its workers free at the same time, and now and then crashes.
        self.stop_signal = signal.SIGTERM if single else signal.SIGWINCH
        self.pki = pki
        self.folder = folder
        self.values = defaults(pki, folder) | values
        self._mpm = mpm
        self._module = module
        self._ready = "h2_workers: created" if single else "resuming normal operations"
        make_site(folder)
        self.configure(hosts)
        super().__init__(
            [*launcher, *self._argv(), "-X" if single else "-DFOREGROUND"],
            folder,
            self.values,
            folder / "error.log",
        )

    def _argv(self) -> list[str]:
        return [HTTPD, "-f", str(self.folder / "httpd.conf")]

    def wait_ready(self, seconds: float = 30) -> None:
        """It listens already while it looks at its configuration for the first time, of two."""
        super().wait_ready(seconds)
        eventually(
            lambda: self.process.poll() is not None or self._ready in self.log(),
            "it serves",
            seconds,
        )
        super().wait_ready(seconds)

    def configure(self, hosts: str) -> None:
        """Writes the configuration; a running server takes it up at `graceful`."""
        for name in re.findall(r"@(PORT\w*)@", hosts):
            self.values.setdefault(name, free_port())
        write_configuration(self.folder, hosts, self._mpm, self._module, **self.values)

    def graceful(self) -> None:
        """`apachectl graceful`, as an administrator does it, and the wait until it is done."""
        before = self.log().count("resuming normal operations")
        run(*self._argv(), "-k", "graceful")
        eventually(
            lambda: self.log().count("resuming normal operations") > before, "it goes on anew"
        )

    def served(self) -> int:
        """How many requests were answered so far."""
        file = self.folder / "facts.log"
        return file.read_text(errors="replace").count("\n") if file.exists() else 0

    def alerts(self) -> list[str]:
        """What Apache itself takes for grave in its log."""
        lines = re.findall(
            r"^.*(?:crit|alert|emerg)\] .*$|^.*exit signal.*$", self.log(), re.MULTILINE
        )
        return [line for line in lines if not any(word in line for word in self.allowed_alerts)]

    def kill_child(self) -> int:
        """Kills a child that serves, and returns which."""
        victim = next(pid for pid in self.workers() if _threads(pid) > 2)
        os.kill(victim, signal.SIGKILL)
        return victim


def check(pki: Pki, folder: Path, hosts: str, **values: object) -> subprocess.CompletedProcess[str]:
    """`apachectl -t`."""
    ports = {name: free_port() for name in re.findall(r"@(PORT\w*)@", hosts)}
    make_site(folder)
    values = defaults(pki, folder) | ports | values
    path = write_configuration(folder, hosts, "event", True, **values)
    return run(HTTPD, "-f", path, "-t", check=False)


def make_site(folder: Path) -> None:
    """Pages for everybody and for some, a CGI script and one in PHP."""
    www = folder / "www"
    (www / "private" / "below").mkdir(parents=True, exist_ok=True)
    (www / "index.html").write_text("public\n")
    (www / "page.html").write_text("page\n")
    (www / "private" / "index.html").write_text("private\n")
    (www / "private" / "below" / "index.html").write_text("below\n")
    (www / "sorry.html").write_text("sorry\n")
    (www / "environment").write_text(ENVIRONMENT)
    (www / "environment").chmod(0o755)
    (www / "environment.php").write_text(
        "<?php header('Content-Type: application/json'); echo json_encode($_SERVER);"
    )


def defaults(pki: Pki, folder: Path) -> dict[str, object]:
    """What every configuration names."""
    return {
        "DIR": folder,
        "PKI": pki.folder,
        "PHP": program("php-cgi"),
        "CACHE": f"shmcb:{folder}/sessions(512000)",
    }


def write_configuration(folder: Path, hosts: str, mpm: str, module: bool, **values: object) -> Path:
    """Writes httpd.conf with the modules that it needs."""
    where = run(program("apxs"), "-q", "LIBEXECDIR").stdout.strip()
    load = [f"LoadModule mpm_{mpm}_module {where}/mod_mpm_{mpm}.so"]
    # mod_http2 is not for prefork.
    names = [name for name in MODULES.split() if (name, mpm) != ("http2", "prefork")]
    load += [f"LoadModule {name}_module {where}/mod_{name}.so" for name in names]
    if module:
        load.append(f"LoadModule clientcert_module {MODULE}")
    ports = sorted(str(value) for name, value in values.items() if name.startswith("PORT"))
    text = fill(
        MAIN + hosts,
        LOAD="\n".join(load),
        LISTEN="\n".join(f"Listen 127.0.0.1:{port}" for port in ports),
        USER="User www-data\nGroup www-data" if os.geteuid() == 0 else "",
        **values,
    )
    path = folder / "httpd.conf"
    path.write_text(text)
    return path


def _threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))
