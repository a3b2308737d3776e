//! The certificates of the tests, in files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::library::run;
use crate::support::extension::{self, SERVER_AUTH};
use crate::support::{Key, Template, name, pem};

/// The names of the servers' virtual hosts; all are of the loopback interface (RFC 6761 section 6.3).
pub const HOSTS: [&str; 6] =
    ["plain.localhost", "open.localhost", "api.localhost", "pass.localhost", "late.localhost", "ask.localhost"];

/// A CA, a server's certificate by it, and a client's: Alice's, which ends in 2040. All others end in 2060. A second CA
/// has issued one to Mallory.
pub struct Pki(TempDir);

impl Pki {
    /// Made once for all tests.
    pub fn get() -> &'static Self {
        static PKI: OnceLock<Pki> = OnceLock::new();
        PKI.get_or_init(Self::make)
    }

    /// `ca.pem`, `other_ca.pem`, `server.pem`, `server.key`, `alice.pem` (with the key), `alice.p12` (password
    /// `alice`), `mallory.pem`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A database of NSS with the CA and Alice's certificate, in which browsers look.
    pub fn fill_database(&self, folder: &Path) {
        let database = format!("sql:{}", folder.display());
        fs::create_dir_all(folder).unwrap();
        run(Command::new("certutil").args(["-N", "--empty-password", "-d", &database]));
        run(Command::new("certutil")
            .args(["-A", "-n", "ca", "-t", "C,,", "-d", &database, "-i"])
            .arg(self.file("ca.pem")));
        run(Command::new("pk12util").args(["-W", "alice", "-d", &database, "-i"]).arg(self.file("alice.p12")));
    }

    fn make() -> Self {
        let this = Self(tempfile::tempdir().unwrap());
        let [ca, other, server, alice] = [0, 1, 2, 3].map(Key::p256);
        let (start, end) = ("200101000000Z", "20600101000000Z");
        let authority = |name: &str, key: &Key| pem(&Template::authority(name, name, key).valid(start, end).sign(key));
        let write = |name: &str, text: String| fs::write(this.file(name), text).unwrap();
        let names: Vec<Vec<u8>> = HOSTS.iter().map(|host| name::dns(host)).collect();
        // NSS knows a certificate by its issuer and serial number.
        let numbered = |serial: u8, template: Template| Template { serial: vec![serial], ..template };

        write("ca.pem", authority("Example CA", ca));
        write("other_ca.pem", authority("Other CA", other));
        let certificate = Template::client("Example CA", "server", server)
            .valid(start, end)
            .with(extension::extended_key_usage(&[SERVER_AUTH]))
            .with(extension::subject_alt_name(&names));
        write("server.pem", pem(&numbered(2, certificate).sign(ca)));
        write("server.key", server.secret_pem());
        let certificate = numbered(3, Template::client("Example CA", "alice", alice)).sign(ca);
        write("alice.pem", pem(&certificate) + &alice.secret_pem());
        let certificate = numbered(4, Template::client("Other CA", "mallory", alice)).sign(other);
        write("mallory.pem", pem(&certificate) + &alice.secret_pem());
        run(Command::new("openssl")
            .args(["pkcs12", "-export", "-name", "alice", "-passout", "pass:alice", "-in"])
            .arg(this.file("alice.pem"))
            .arg("-out")
            .arg(this.file("alice.p12")));
        this
    }
}
