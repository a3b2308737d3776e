//! A PostgreSQL server of the test's own, in a folder that is removed, on a Unix socket in it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::port::free_port;

/// The password of `clientcert`, who owns the database of this name.
pub const PASSWORD: &str = "correct horse";

/// A server with the database `clientcert`. It is killed when this is dropped.
pub struct Postgres {
    folder: TempDir,
    account: Option<Account>,
    server: Option<Child>,
    /// The port of the loopback address, where it listens there, and the number of the socket.
    port: u16,
    listens: bool,
}

/// Whom the server runs as: it refuses root.
#[derive(Clone, Copy)]
struct Account {
    user: u32,
    group: u32,
}

impl Postgres {
    /// Makes a database and starts its server.
    pub fn start() -> Self {
        Self::make(false)
    }

    /// The same, on a port of the loopback address too.
    pub fn start_listening() -> Self {
        Self::make(true)
    }

    fn make(listens: bool) -> Self {
        let folder = tempfile::Builder::new().prefix("pg").tempdir().expect("a folder");
        let account = Account::other_than_root();
        if let Some(account) = account {
            chown(folder.path(), Some(account.user), Some(account.group)).expect("a folder of another account");
        }
        let port = if listens { free_port() } else { 5432 };
        let mut this = Self { folder, account, server: None, port, listens };
        let password = this.folder.path().join("password");
        fs::write(&password, PASSWORD).expect("a file");
        let mut initdb = this.command("initdb");
        initdb.args(["--username=clientcert", "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"]);
        initdb.arg("-D").arg(this.data()).arg("--pwfile").arg(&password);
        let output = initdb.output().expect("initdb runs");
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        this.restart();
        this.run("postgres", "CREATE DATABASE clientcert");
        this
    }

    /// Starts the server where it is not running, and waits until it takes connections.
    pub fn restart(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        // What a killed server left running for a moment still holds its memory, and the next one refuses to start.
        let mut said = String::new();
        while self.server.is_none() {
            assert!(Instant::now() < deadline, "PostgreSQL does not start: {said}");
            said = self.try_start();
        }
    }

    /// Kills the server as a loss of power would end it.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().expect("a server to kill");
            server.wait().expect("the end of the server");
        }
    }

    /// Ends every connection to the database, as a restart of a balancer in between does.
    pub fn disconnect_all(&self) {
        self.run("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'clientcert'");
    }

    /// The URL of the database, by its socket.
    pub fn url(&self) -> String {
        self.url_of("clientcert", PASSWORD)
    }

    /// The same for another database or password.
    pub fn url_of(&self, database: &str, password: &str) -> String {
        let password = password.replace(' ', "%20");
        let folder = self.socket_folder().to_str().expect("a path").replace('/', "%2F");
        format!("postgres://clientcert:{password}@{folder}/{database}")
    }

    /// The URL of the database, by the loopback address.
    pub fn url_of_loopback(&self) -> String {
        format!("postgres://clientcert:{}@localhost:{}/clientcert", PASSWORD.replace(' ', "%20"), self.port)
    }

    /// Runs statements with `psql` and returns what it prints, without headings.
    pub fn query(&self, statements: &str) -> String {
        self.run("clientcert", statements)
    }

    /// What is said to statements that are refused.
    pub fn refusal(&self, statements: &str) -> String {
        self.psql("clientcert", statements).expect_err(statements)
    }

    /// Where the server's socket is.
    pub fn socket_folder(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, database: &str, statements: &str) -> String {
        self.psql(database, statements).unwrap_or_else(|error| panic!("{statements}: {error}"))
    }

    fn psql(&self, database: &str, statements: &str) -> Result<String, String> {
        let mut psql = self.command("psql");
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        psql.args(["--username=clientcert", "--dbname", database, "--command", statements]);
        psql.arg("--host").arg(self.socket_folder()).arg("--port").arg(self.port.to_string());
        let output = psql.env("PGPASSWORD", PASSWORD).output().expect("psql runs");
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout).expect("text").trim_end().to_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// What the server said.
    fn try_start(&mut self) -> String {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).arg("-k").arg(self.socket_folder());
        // A killed process loses nothing that it wrote, so nothing needs to reach the disk here.
        let addresses = if self.listens { "listen_addresses=127.0.0.1" } else { "listen_addresses=" };
        let port = format!("port={}", self.port);
        for setting in [addresses, &port, "fsync=off", "full_page_writes=off", "max_connections=40"] {
            command.args(["-c", setting]);
        }
        let mut server = command.stderr(Stdio::piped()).spawn().expect("postgres runs");
        let mut log = BufReader::new(server.stderr.take().expect("a log"));
        let (mut said, mut end) = (String::new(), 0);
        while log.read_line(&mut said).is_ok_and(|length| length > 0) {
            if said[end..].contains("database system is ready to accept connections") {
                // It goes on writing, and would be stopped by a full pipe.
                std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
                self.server = Some(server);
                return said;
            }
            end = said.len();
        }
        server.wait().expect("the end of the server");
        sleep(Duration::from_millis(50));
        said
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program_path(program));
        command.current_dir(self.folder.path()).env("LC_ALL", "C").stdin(Stdio::null());
        if let Some(account) = self.account {
            command.gid(account.group).uid(account.user);
        }
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Account {
    /// None where the tests do not run as root.
    fn other_than_root() -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let probe = tempfile::tempfile().expect("a file");
        if probe.metadata().expect("its owner").uid() != 0 {
            return None;
        }
        let accounts = fs::read_to_string("/etc/passwd").expect("accounts");
        let of = |name: &str| {
            let fields: Vec<&str> = accounts
                .lines()
                .map(|line| line.split(':'))
                .map(Iterator::collect)
                .find(|fields: &Vec<&str>| fields[0] == name)?;
            Some(Self { user: fields.get(2)?.parse().ok()?, group: fields.get(3)?.parse().ok()? })
        };
        Some(of("postgres").or_else(|| of("nobody")).expect("an account 'postgres' or 'nobody' to run PostgreSQL as"))
    }
}

/// Debian keeps the programs of each version in a folder of their own; elsewhere they are in PATH.
fn program_path(program: &str) -> PathBuf {
    let versions = glob::glob("/usr/lib/postgresql/*/bin").expect("a pattern").flatten();
    let newest = versions.filter(|folder| folder.join("postgres").exists()).max_by_key(|folder| {
        let version = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str()?.parse().ok());
        version.unwrap_or(0_u32)
    });
    let path = newest.map_or_else(|| PathBuf::from(program), |folder| folder.join(program));
    let works = Command::new(&path).arg("--version").output().is_ok_and(|output| output.status.success());
    assert!(works, "PostgreSQL's {program} is needed for this test: scripts/setup installs it");
    path
}
