//! What a configuration becomes: typed, checked and never changed again.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::anchors::{self, Checked};
use super::config::Config;
use super::identity;
use super::mode::{Enforcement, Mode, Trust};
use super::options::Key;
use super::settings::Settings;
use super::source::{Contents, Fingerprint};
use super::warning::{Warning, WarningKind};
use crate::Error;
use crate::time::unix_now;
use crate::verify::{AnchorStore, Code, Rules, SecondOpinionRule};

/// The immutable snapshot that decides: settings, pinned certificates, and what was odd about them. It may be shared by
/// all threads.
#[derive(Debug)]
pub struct Policy {
    settings: Settings,
    anchors: AnchorStore,
    identity: [u8; 32],
    epoch: u64,
    warnings: Vec<Warning>,
    /// The positions of the anchors whose subjects are sent to clients.
    hints: Vec<usize>,
    fingerprint: Fingerprint,
    /// Whether the files had not changed for so long that a later change shows in the fingerprint.
    settled: AtomicBool,
}

const CA: &str = "ca";

impl Policy {
    /// Reads what the configuration names, checks it, and makes a policy of it.
    ///
    /// # Errors
    ///
    /// [`Error::NotSupported`] for a `trust` that needs a registry; [`Error::InvalidConfig`] where the mode verifies and
    /// there is nothing to trust; [`Error::Io`], [`Error::Malformed`] and [`Error::NoCertificate`] for what `ca` names;
    /// [`Error::UnusableAnchor`] where a pinned certificate could never serve.
    pub fn compile(config: &Config) -> Result<Self, Error> {
        Self::compile_at(config, unix_now())
    }

    /// As [`Policy::compile`], at another time: `now` in Unix seconds is when pinned certificates must be valid.
    ///
    /// # Errors
    ///
    /// Those of [`Policy::compile`].
    pub fn compile_at(config: &Config, now: i64) -> Result<Self, Error> {
        let settings = Settings::of(config)?;
        if settings.trust != Trust::Ca {
            let value = settings.trust.name().to_string();
            return Err(Error::NotSupported {
                option: "trust",
                value,
                missing: "needs a registry of keys, which is not built in",
            });
        }
        let sources = config.sources(Key::Ca);
        if sources.is_empty() && settings.mode.verifies() {
            return Err(Error::InvalidConfig(format!(
                "option 'ca' is not set, and mode '{}' has nothing to verify certificates by",
                settings.mode.name()
            )));
        }
        // Before the files are read, so that a change while they are being read is found later.
        let fingerprint = Fingerprint::of(CA, sources);
        let mut warnings = lint(&settings, sources.is_empty());
        let contents = Contents::read(CA, sources)?;
        let Checked { certificates, digests } = anchors::check(CA, contents, &settings.rules, now, &mut warnings)?;
        let identity = identity::of(config, digests);
        let anchors = AnchorStore::build(certificates);
        warnings.extend(crowd(&anchors, &settings.rules));
        let hints = hints(&settings, &anchors, &mut warnings);
        Ok(Self {
            settings,
            anchors,
            identity,
            epoch: next_epoch(),
            warnings,
            hints,
            settled: fingerprint.is_settled().into(),
            fingerprint,
        })
    }

    /// What happens in the handshake.
    pub fn mode(&self) -> Mode {
        self.settings.mode
    }

    /// Where a failure is felt.
    pub fn enforcement(&self) -> Enforcement {
        self.settings.enforcement
    }

    /// What makes a certificate acceptable.
    pub fn trust(&self) -> Trust {
        self.settings.trust
    }

    /// The SHA-256 of everything that decides: every such option, and every pinned certificate. Equal for policies that
    /// judge alike, in every process; the order of the pinned certificates does not count.
    pub fn identity(&self) -> &[u8; 32] {
        &self.identity
    }

    /// A number that no other policy of this process has or had, larger for later ones.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// What its operator should know, in the order of the options and of the certificates.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The DER of the names of the pinned certificates, each once, for the certificate_authorities of a
    /// CertificateRequest (RFC 8446 section 4.2.4). None where `ca_hints` is `none`, and where all together are too
    /// large for one.
    pub fn ca_names(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.hints.iter().map(|position| subject(&self.anchors, *position))
    }

    /// Whether a connection may go on in spite of a reason.
    pub fn tolerates(&self, code: Code) -> bool {
        code.is_tolerable() && self.settings.tolerated.binary_search(&code).is_ok()
    }

    /// How many verdicts may be remembered.
    pub fn cache_size(&self) -> usize {
        self.settings.cache_size
    }

    /// How long a verdict may be remembered.
    pub fn cache_ttl(&self) -> Duration {
        self.settings.cache_ttl
    }

    pub(crate) fn anchors(&self) -> &AnchorStore {
        &self.anchors
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.settings.rules
    }

    /// Whether the files that `config` names are still those that this policy was made of. It costs a `stat` for each of
    /// them; they are read only where this policy was made right after they were written.
    pub(crate) fn is_current(&self, config: &Config) -> bool {
        let sources = config.sources(Key::Ca);
        let found = Fingerprint::of(CA, sources);
        if !self.fingerprint.equals(&found) {
            return false;
        }
        if self.settled.load(Ordering::Relaxed) {
            return true;
        }
        let same = Contents::read(CA, sources)
            .is_ok_and(|contents| identity::of(config, anchors::digests(&contents)) == self.identity);
        if same && found.is_settled() {
            self.settled.store(true, Ordering::Relaxed);
        }
        same
    }
}

/// Policies of a process are numbered, so that what one of them decided is never taken for another's.
fn next_epoch() -> u64 {
    static EPOCH: AtomicU64 = AtomicU64::new(1);
    EPOCH.fetch_add(1, Ordering::Relaxed)
}

/// The options that fail open, are weak, or have no effect.
fn lint(settings: &Settings, without_ca: bool) -> Vec<Warning> {
    let Settings { mode, rules, .. } = settings;
    let mut warnings = Vec::new();
    let mut warn = |kind, option, text: &str| warnings.push(Warning::new(kind, option, text));
    match mode {
        Mode::RequestAny | Mode::RequireAny => {
            warn(WarningKind::Unverified, "mode", "certificates are not verified: every one is FAILED, and accepted");
        }
        Mode::OptionalNoCa => warn(
            WarningKind::Unverified,
            "mode",
            "connections go on with certificates that are not verified: a page needs SUCCESS, not a certificate",
        ),
        Mode::Off | Mode::Optional | Mode::Require | Mode::Deferred => {}
    }
    if !mode.verifies() && !without_ca {
        warn(WarningKind::NoEffect, "ca", &format!("mode '{}' verifies nothing by it", mode.name()));
    }
    let usual = Settings::tolerated_without_ca();
    let more: Vec<&str> =
        settings.tolerated.iter().filter(|code| !usual.contains(code)).map(|code| code.name()).collect();
    if !more.is_empty() {
        warn(WarningKind::ToleratesMuch, "tolerate", &format!("connections go on in spite of {}", more.join(", ")));
    }
    if rules.eku == crate::verify::EkuRule::Any {
        warn(WarningKind::AnyPurpose, "eku", "certificates for any purpose are accepted, those of servers included");
    }
    if rules.strength.min_rsa_bits < 2048 {
        warn(WarningKind::Weak, "min_rsa_bits", "RSA keys of less than 2048 bits can be broken");
    }
    if rules.strength.min_ec_bits < 256 {
        warn(WarningKind::Weak, "min_ec_bits", "keys on curves of less than 256 bits are below today's standards");
    }
    if rules.strength.allow_sha1 {
        warn(WarningKind::Weak, "sha1", "signatures with SHA-1 can be forged");
    }
    if rules.second_opinion == SecondOpinionRule::Off {
        warn(WarningKind::SecondOpinionOff, "second_opinion", "a fault in one validator alone can let somebody in");
    }
    warnings
}

fn crowd(anchors: &AnchorStore, rules: &Rules) -> Option<Warning> {
    let crowd = anchors.largest_crowd();
    let most = usize::try_from(rules.max_anchor_candidates).unwrap_or(usize::MAX);
    (crowd > most).then(|| {
        let text = format!(
            "{crowd} certificates have the same name and no key identifiers, and of such only {most} are tried \
             (max_anchor_candidates): clients of the others may be refused"
        );
        Warning::new(WarningKind::AnchorCrowd, CA, text)
    })
}

/// The positions of the anchors whose subjects are sent: each subject once, no empty ones, all or none.
fn hints(settings: &Settings, anchors: &AnchorStore, warnings: &mut Vec<Warning>) -> Vec<usize> {
    /// All extensions of a CertificateRequest share 2^16-1 bytes (RFC 8446 section 4.3.2); the others get 1535 of them.
    const MOST: usize = 64_000;
    if !settings.ca_hints {
        return Vec::new();
    }
    let mut seen = HashSet::new();
    let mut size = 0;
    let mut positions = Vec::new();
    for position in 0..anchors.anchors().len() {
        let name = subject(anchors, position);
        if !anchors.anchors()[position].certificate().subject().is_empty() && seen.insert(name) {
            size += name.len() + 2;
            positions.push(position);
        }
        if size > MOST {
            let text = format!("the names of the CAs take more than the {MOST} bytes that can be sent: none are");
            warnings.push(Warning::new(WarningKind::HintsTooLarge, "ca_hints", text));
            return Vec::new();
        }
    }
    positions
}

fn subject(anchors: &AnchorStore, position: usize) -> &[u8] {
    anchors.anchors()[position].certificate().subject().as_der()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::thread::sleep;

    use super::*;

    /// Longer than the clock of any file system is coarse.
    const LATER: Duration = Duration::from_millis(200);

    fn certificate(name: &str) -> String {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
        let mut parameters = rcgen::CertificateParams::default();
        parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        parameters.self_signed(&key).expect("a certificate").pem()
    }

    #[test]
    fn a_change_of_files_is_noticed_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.pem");
        let (one, two) = (certificate("one"), certificate("two"));
        fs::write(&file, &one).expect("a file");
        let mut config = Config::new();
        config.set("ca", folder.path().to_str().expect("a path")).expect("a folder");

        let fresh = Policy::compile(&config).expect("a policy");
        assert!(fresh.is_current(&config));
        sleep(LATER);
        assert!(fresh.is_current(&config) && fresh.settled.load(Ordering::Relaxed));
        assert!(fresh.is_current(&config));

        fs::write(folder.path().join("notes.txt"), "not looked at").expect("a file");
        assert!(fresh.is_current(&config));
        fs::write(folder.path().join("b.pem"), &two).expect("a file");
        assert!(!fresh.is_current(&config), "a new file");
        fs::remove_file(folder.path().join("b.pem")).expect("a file");
        assert!(fresh.is_current(&config));
        fs::rename(&file, folder.path().join("c.pem")).expect("a file");
        assert!(!fresh.is_current(&config), "a new name");
        fs::remove_file(folder.path().join("c.pem")).expect("a file");
        assert!(!fresh.is_current(&config), "nothing left");
    }

    #[test]
    fn a_change_within_the_same_tick_and_of_the_same_size_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.pem");
        let one = certificate("one");
        fs::write(&file, &one).expect("a file");
        let mut config = Config::new();
        config.set("ca", file.to_str().expect("a path")).expect("a file");
        let mut policy = Policy::compile(&config).expect("a policy");
        let mut two = certificate("two");
        while two.len() != one.len() {
            two = certificate("two");
        }
        fs::write(&file, &two).expect("a file");
        // What a coarse clock would have left: the same trace of another content.
        policy.fingerprint = Fingerprint::of(CA, config.sources(Key::Ca));
        policy.settled = false.into();
        assert!(!policy.is_current(&config));
    }
}
