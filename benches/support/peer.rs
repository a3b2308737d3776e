//! The OpenSSL that is installed, as a process of its own that measures itself (`benches/peer/openssl.c`).

use std::path::Path;
use std::process::Command;

use super::pki::{Chain, pem};
use super::process::{Process, framed};

/// The peer, compiled from its source and started; it ends with this value.
pub struct OpenSsl(Process);

/// Anchors that the peer has loaded, and how long that took it.
#[derive(Clone, Copy)]
pub struct Anchors {
    index: usize,
    pub load_nanoseconds: f64,
}

/// Chains that the peer holds.
#[derive(Clone, Copy)]
pub struct Chains {
    index: usize,
    count: usize,
}

/// A CRL and its issuer, as files that a peer can read.
pub struct CrlFiles {
    pub crl: String,
    pub issuer: String,
}

/// What the peer said to a set of chains, each verified as often as it was told.
pub struct Answer {
    /// Nanoseconds of CPU time for one verification.
    pub nanoseconds: f64,
    /// The share of chains that were accepted.
    pub accepted: f64,
}

impl OpenSsl {
    /// Compiles the peer with the C compiler (`CC`, or `cc`) and starts it.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let program = folder.path().join("openssl-peer");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peer/openssl.c");
        let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
        let compiled = Command::new(compiler).arg("-O2").arg(source).arg("-o").arg(&program).arg("-lcrypto").status();
        assert!(compiled.is_ok_and(|status| status.success()), "the OpenSSL peer needs cc and OpenSSL's headers");
        Self(Process::start(&program, folder))
    }

    pub fn version(&mut self) -> String {
        self.0.ask("version")
    }

    pub fn anchors<'a>(&mut self, certificates: impl IntoIterator<Item = &'a [u8]>) -> Anchors {
        let path = self.0.file(pem(certificates).as_bytes());
        let answer = self.0.numbers(&format!("anchors {path}"));
        Anchors { index: index(answer[0]), load_nanoseconds: answer[1] }
    }

    pub fn chains(&mut self, chains: &[Chain]) -> Chains {
        let bytes: Vec<u8> = chains.iter().flat_map(|chain| framed(chain.der())).collect();
        let path = self.0.file(&bytes);
        let answer = self.0.numbers(&format!("chains {path}"));
        Chains { index: index(answer[0]), count: index(answer[1]) }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts here are small")]
    pub fn verify(&mut self, anchors: Anchors, chains: Chains, repeat: usize) -> Answer {
        let operations = (chains.count * repeat) as f64;
        let answer = self.0.numbers(&format!("verify {} {} {repeat}", anchors.index, chains.index));
        Answer { nanoseconds: answer[0] / operations, accepted: answer[1] / operations }
    }

    /// Nanoseconds to read a CRL until it answers, its signature checked, and the bytes of heap that it then takes.
    pub fn load_crl(&mut self, files: &CrlFiles) -> (f64, f64) {
        let answer = self.0.numbers(&format!("load {} {}", files.crl, files.issuer));
        (answer[0], answer[1])
    }

    /// Gives a CRL and its issuer's certificate to the peer.
    pub fn crl_files(&mut self, crl: &[u8], issuer: &[u8]) -> CrlFiles {
        CrlFiles { crl: self.0.file(crl), issuer: self.0.file(issuer) }
    }

    /// Adds a CRL to the anchors, which from then on ask for CRLs of the whole chain.
    pub fn add_crl(&mut self, anchors: Anchors, files: &CrlFiles) {
        self.0.numbers(&format!("crl {} {}", anchors.index, files.crl));
    }

    /// Nanoseconds to read one leaf and its extensions.
    pub fn parse(&mut self, chains: Chains, repeat: usize) -> f64 {
        self.leaf_work("parse", chains, repeat)
    }

    /// Nanoseconds to render subject, serial, SANs and two fingerprints of one leaf from its bytes.
    pub fn fields(&mut self, chains: Chains, repeat: usize) -> f64 {
        self.leaf_work("fields", chains, repeat)
    }

    #[expect(clippy::cast_precision_loss, reason = "counts here are small")]
    fn leaf_work(&mut self, verb: &str, chains: Chains, repeat: usize) -> f64 {
        self.0.numbers(&format!("{verb} {} {repeat}", chains.index))[0] / (chains.count * repeat) as f64
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the peer counts from 0 in whole numbers")]
fn index(number: f64) -> usize {
    number as usize
}
