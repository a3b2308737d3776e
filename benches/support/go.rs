//! The Go that is installed, as a process of its own that measures itself (`benches/peer/crls.go`).

use std::path::Path;
use std::process::{Command, Stdio};

use super::peer::CrlFiles;
use super::pki::Chain;
use super::process::{Process, framed};

/// The peer, compiled from its source and started; it ends with this value.
pub struct Go {
    process: Process,
    pub version: String,
}

/// What a CRL takes in Go.
pub struct Loaded {
    /// Nanoseconds of CPU time to read it and check its signature.
    pub nanoseconds: f64,
    /// The bytes of heap of the list and of what it was read from, into which it points.
    pub bytes: f64,
    /// The same of a map of its serial numbers that the host makes itself.
    pub map_nanoseconds: f64,
    pub map_bytes: f64,
}

/// How a server in Go looks a serial number up.
#[derive(Clone, Copy)]
pub enum Lookup {
    /// In no CRL.
    None,
    /// In `RevokedCertificateEntries`, one after another: all that the standard library offers.
    Walk,
    /// In a map that the host made.
    Map,
}

/// What a verification needs, as files that the peer can read and CRLs that it keeps.
pub struct Verification {
    root: String,
    chain: String,
    crls: Vec<String>,
}

impl Go {
    /// Compiles the peer and starts it. Fails, with the reason, where Go is not installed or too old.
    pub fn start() -> Result<Self, String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let program = folder.path().join("go-peer");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peer/crls.go");
        // Its standard library is all that is needed: nothing is fetched.
        let compiled = Command::new("go")
            .args(["build", "-o"])
            .args([&program, &source])
            .envs([("GOTOOLCHAIN", "local"), ("GOPROXY", "off"), ("GOFLAGS", "")])
            .stdout(Stdio::null())
            .output();
        match compiled {
            Err(error) => Err(format!("`go` cannot be run: {error}")),
            Ok(output) if !output.status.success() => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Ok(_) => {
                let mut process = Process::start(&program, folder);
                let version = process.ask("version");
                Ok(Self { process, version })
            }
        }
    }

    /// Loads a CRL, of its issuer's certificate, that `crl_files` wrote; and forgets it.
    pub fn load(&mut self, files: &CrlFiles) -> Loaded {
        let answer = self.process.numbers(&format!("load {} {}", files.crl, files.issuer));
        let [nanoseconds, bytes, map_nanoseconds, map_bytes] = answer[..] else { panic!("four numbers") };
        Loaded { nanoseconds, bytes, map_nanoseconds, map_bytes }
    }

    pub fn crl_files(&mut self, crl: &[u8], issuer: &[u8]) -> CrlFiles {
        CrlFiles { crl: self.process.file(crl), issuer: self.process.file(issuer) }
    }

    /// Gives a root, a chain, and CRLs with their issuers' certificates to the peer.
    pub fn verification<'a>(
        &mut self,
        root: &[u8],
        chain: &Chain,
        crls: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Verification {
        let keep = |(crl, issuer): (&[u8], &[u8])| {
            let files = self.crl_files(crl, issuer);
            self.process.ask(&format!("crl {} {}", files.crl, files.issuer))
        };
        let crls = crls.into_iter().map(keep).collect();
        Verification { root: self.process.file(root), chain: self.process.file(&framed(chain.der())), crls }
    }

    /// Nanoseconds of CPU time of one verification from the certificates' bytes.
    #[expect(clippy::cast_precision_loss, reason = "counts here are small")]
    pub fn verify(&mut self, of: &Verification, lookup: Lookup, repeat: usize) -> f64 {
        let mode = match lookup {
            Lookup::None => "none",
            Lookup::Walk => "walk",
            Lookup::Map => "map",
        };
        let Verification { root, chain, crls } = of;
        let command = format!("verify {mode} {repeat} {root} {chain} {}", crls.join(" "));
        self.process.numbers(&command)[0] / repeat as f64
    }
}
