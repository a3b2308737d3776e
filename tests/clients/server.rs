//! The example server, built and started as anybody would, on a port of its own.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

use crate::library::{install_library, project, run};
use crate::pki::Pki;
use crate::process::Process;
use crate::support::port::free_port;

/// A server of several virtual hosts. It is killed when this is dropped; where the test fails, its log is printed.
pub struct Server {
    pub port: u16,
    process: Process,
    #[allow(dead_code)] // Its files last as long as this.
    folder: TempDir,
}

/// How the server is started.
#[derive(Default)]
pub struct Start<'s> {
    /// Its arguments.
    pub arguments: &'s [&'s str],
    /// An origin whose scripts may read the answers, as `https://HOST`, without the port.
    pub origin: Option<&'s str>,
    /// How many seconds its clock is ahead.
    pub clock: i64,
    /// Name and options of each virtual host; `{port}`, `{pki}` and `{key}` in them stand for the port, the folder of
    /// the certificates, and a session key.
    pub hosts: &'s [(&'s str, &'s str)],
}

/// A request as the server's log has it.
#[derive(Clone, Debug)]
pub struct Logged {
    pub connection: u64,
    /// Its number on the connection.
    pub request: u64,
    pub tls: String,
    pub http: String,
    pub host: String,
    pub method: String,
    pub target: String,
    pub audit: Value,
}

impl Server {
    pub fn start(start: &Start<'_>) -> Self {
        let pki = Pki::get();
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let mut command = Command::new(built().join("requests_server"));
        command.args(start.arguments);
        if let Some(origin) = start.origin {
            command.args(["--origin", &format!("{origin}:{port}")]);
        }
        command.arg(pki.file("server.pem")).arg(pki.file("server.key")).arg(port.to_string());
        for (host, options) in start.hosts {
            let file = folder.path().join(format!("{host}.toml"));
            let options = options
                .replace("{port}", &port.to_string())
                .replace("{pki}", &pki.file("").display().to_string())
                .replace("{key}", &format!("hex:{}", "5a".repeat(32)));
            fs::write(&file, options).unwrap();
            command.arg(format!("{host}={}", file.display()));
        }
        if start.clock != 0 {
            command.env("LD_PRELOAD", built().join("clock.so")).env("CLIENTCERT_TEST_CLOCK", start.clock.to_string());
        }
        let process = Process::start(&mut command);
        process.wait_for("address", |line| line.starts_with("https://").then_some(()));
        Self { port, process, folder }
    }

    pub fn url(&self, host: &str, target: &str) -> String {
        format!("https://{host}:{}{target}", self.port)
    }

    /// Every request so far.
    pub fn log(&self) -> Vec<Logged> {
        self.process.lines().iter().filter_map(|line| Logged::read(line)).collect()
    }

    /// Waits until the newest request is of this number on its connection, and answered, not only asked about.
    pub fn wait_for_answer(&self, request: u64) {
        let is_answered = |last: &Logged| last.action() == "allow" || !last.audit["status"].is_null();
        self.wait_for(|log| log.last().filter(|last| last.request == request && is_answered(last)).map(|_| ()))
            .unwrap_or_else(|| panic!("request {request} is not answered: {:?}", self.log()));
    }

    /// Waits for what `find` makes of the log; None after a minute without.
    pub fn wait_for<T>(&self, find: impl Fn(&[Logged]) -> Option<T>) -> Option<T> {
        self.process.wait_until(|lines| find(&lines.iter().filter_map(|line| Logged::read(line)).collect::<Vec<_>>()))
    }

    /// Waits for the last request of a host, method and target (without the query).
    pub fn logged(&self, host: &str, method: &str, target: &str) -> Logged {
        let is_it = |logged: &Logged| {
            logged.host == host && logged.method == method && logged.target.split('?').next() == Some(target)
        };
        self.wait_for(|log| log.iter().rev().find(|logged| is_it(logged)).cloned())
            .unwrap_or_else(|| panic!("no {method} {target} of {host} is in the log"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the log of the server on port {}:\n{}", self.port, self.process.lines().join("\n"));
        }
    }
}

impl Logged {
    pub fn action(&self) -> &str {
        self.audit["action"].as_str().expect("an action")
    }

    /// Reads `request CONNECTION.REQUEST TLS HTTP HOST METHOD TARGET AUDIT`.
    fn read(line: &str) -> Option<Self> {
        let (head, audit) = line.strip_prefix("request ")?.split_once(" {")?;
        let mut words = head.split(' ').map(str::to_owned);
        let (connection, request) = words.next()?.split_once('.').map(|(a, b)| (a.parse(), b.parse()))?;
        Some(Self {
            connection: connection.ok()?,
            request: request.ok()?,
            tls: words.next()?,
            http: words.next()?,
            host: words.next()?,
            method: words.next()?,
            target: words.next()?,
            audit: serde_json::from_str(&format!("{{{audit}")).expect("an audit record is JSON"),
        })
    }
}

/// The folder with the server and the clock, built once.
fn built() -> PathBuf {
    static BUILT: OnceLock<TempDir> = OnceLock::new();
    let folder = BUILT.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        install_library(folder.path());
        let mut sources: Vec<PathBuf> =
            fs::read_dir(project("examples/c/requests")).unwrap().map(|entry| entry.unwrap().path()).collect();
        sources.retain(|path| path.extension().is_some_and(|extension| extension == "c"));
        sources.sort();
        run(Command::new("gcc")
            .args(["-std=gnu99", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-I"])
            .arg(project("include"))
            .args(sources)
            .arg("-o")
            .arg(folder.path().join("requests_server"))
            .arg("-L")
            .arg(folder.path())
            .args(["-lclientcert", "-lssl", "-lcrypto", "-lnghttp2", "-lpthread"])
            .arg(format!("-Wl,-rpath,{}", folder.path().display())));
        run(Command::new("gcc")
            .args(["-std=gnu99", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"])
            .arg(folder.path().join("clock.so"))
            .arg(project("tests/clients/clock.c")));
        folder
    });
    folder.path().to_owned()
}
