//! What a configuration becomes: typed, checked and never changed again.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::anchors::Anchors;
use super::config::Config;
use super::crls::Crls;
use super::identity;
use super::mode::{Enforcement, Mode, Trust};
use super::networks::Peer;
use super::options::Key;
use super::registrations::Registrations;
use super::requests::{self, RequestOptions, challenge_values};
use super::secret::SessionKeys;
use super::settings::Settings;
use super::warning::{Warning, WarningKind};
use crate::Error;
use crate::certificate::Certificate;
use crate::files::Look;
use crate::identity::{Rules as IdentityRules, Strength};
use crate::registry::Registry;
use crate::revocation::{CrlCheck, CrlState, CrlStore};
use crate::seal::{Keys, PurposeKeys};
use crate::time::unix_now;
use crate::verify::{AnchorStore, Code, Lookup, OcspCheck, Rules, SecondOpinionRule};

/// The immutable snapshot that decides: settings, pinned certificates, CRLs, and what was odd about them. It may be shared
/// by all threads. What did not change is shared between the policies of a verifier.
#[derive(Debug)]
pub struct Policy {
    settings: Settings,
    anchors: Arc<Anchors>,
    /// None where CRLs are not looked at.
    crls: Option<Arc<Crls>>,
    /// None where no registry is asked.
    registrations: Option<Arc<Registrations>>,
    session_keys: Arc<SessionKeys>,
    /// The keys of session records.
    sessions: PurposeKeys,
    identity: [u8; 32],
    epoch: u64,
    lineage: u64,
    warnings: Vec<Warning>,
    /// The positions of the anchors whose subjects are sent to clients.
    hints: Vec<usize>,
    /// The library's own values of `WWW-Authenticate`.
    challenges: Vec<String>,
}

impl Policy {
    /// Reads what the configuration names, checks it, and makes a policy of it.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidConfig`] where the mode verifies and there is nothing to trust, no CA or no registry; what reading the
    /// registry returns; [`Error::Io`], [`Error::Malformed`], [`Error::NoCertificate`] and [`Error::NoCrl`] for what
    /// `ca`, `crl`, `crl_issuer` and `session_key` name; [`Error::UnusableAnchor`] and [`Error::UnusableCrl`] where a pinned certificate or a
    /// CRL could never serve.
    pub fn compile(config: &Config) -> Result<Self, Error> {
        Self::compile_at(config, unix_now())
    }

    /// As [`Policy::compile`], at another time: `now` in Unix seconds is when pinned certificates must be valid.
    ///
    /// # Errors
    ///
    /// Those of [`Policy::compile`].
    pub fn compile_at(config: &Config, now: i64) -> Result<Self, Error> {
        Self::assemble(config, None, false, now)
    }

    /// A policy of the same configuration that takes the place of this one: every file is read again, or, where
    /// `changed_only`, those that changed.
    pub(crate) fn renew(&self, config: &Config, changed_only: bool) -> Result<Self, Error> {
        Self::assemble(config, Some(self), changed_only, unix_now())
    }

    /// The same policy with the registrations of now, for where something else is broken: until that is mended, a key that
    /// was revoked is of no use all the same, and a registry that is away serves no longer than it may. None where the
    /// registrations say what they said.
    pub(crate) fn with_registrations_of_now(&self, config: &Config) -> Option<Self> {
        let settings = Settings::of(config).ok()?;
        let registrations = Registrations::load(config, &settings, self.registrations.as_ref(), true).ok()??;
        if self.registrations.as_ref().is_some_and(|before| before.says_the_same_as(&registrations)) {
            return None;
        }
        let about_registrations =
            |warning: &Warning| matches!(warning.kind, WarningKind::RegistryAway | WarningKind::RegistryEmpty);
        let others = self.warnings.iter().filter(|warning| !about_registrations(warning)).cloned();
        Some(Self {
            settings,
            anchors: Arc::clone(&self.anchors),
            crls: self.crls.clone(),
            warnings: others.chain(registrations.warnings()).collect(),
            registrations: Some(registrations),
            session_keys: Arc::clone(&self.session_keys),
            sessions: self.session_keys.keys.of("session"),
            identity: self.identity,
            epoch: next_epoch(),
            lineage: self.lineage,
            hints: self.hints.clone(),
            challenges: self.challenges.clone(),
        })
    }

    fn assemble(config: &Config, previous: Option<&Self>, changed_only: bool, now: i64) -> Result<Self, Error> {
        let settings = Settings::of(config)?;
        let without_ca = config.sources(Key::Ca).is_empty();
        if without_ca && settings.mode.verifies() && settings.trust != Trust::Key {
            return Err(Error::InvalidConfig(format!(
                "option 'ca' is not set, and mode '{}' has nothing to verify certificates by",
                settings.mode.name()
            )));
        }
        let same_anchors = previous.filter(|_| changed_only).map(|previous| &previous.anchors);
        let anchors = match same_anchors.filter(|anchors| anchors.is_current(config)) {
            Some(anchors) => Arc::clone(anchors),
            None => Arc::new(Anchors::load(config, &settings.rules, now)?),
        };
        let crls = match revocation(config, &settings)? {
            true => Some(Self::crls_after(config, &anchors, previous, changed_only, now)?),
            false => None,
        };
        let before = previous.and_then(|previous| previous.registrations.as_ref());
        let registrations = Registrations::load(config, &settings, before, changed_only)?;
        let mut warnings = lint(config, &settings, without_ca);
        warnings.extend_from_slice(&anchors.warnings);
        warnings.extend(crls.iter().flat_map(|crls| crls.warnings.iter().cloned()));
        warnings.extend(registrations.iter().filter_map(|registrations| registrations.warnings()));
        let session_keys = match previous.filter(|_| changed_only) {
            Some(previous) => previous.session_keys.renew(config)?,
            None => Arc::new(SessionKeys::load(config)?),
        };
        warnings.extend_from_slice(&session_keys.warnings);
        let sessions = session_keys.keys.of("session");
        let identity = identity::of(config, anchors.digests.clone());
        let hints = hints(&settings, &anchors.store, &mut warnings);
        let names = hints.iter().map(|position| subject(&anchors.store, *position));
        let challenges = challenge_values(&settings.requests.challenges, names);
        let epoch = next_epoch();
        let lineage = previous.map_or(epoch, |previous| previous.lineage);
        Ok(Self {
            settings,
            anchors,
            crls,
            registrations,
            session_keys,
            sessions,
            identity,
            epoch,
            lineage,
            warnings,
            hints,
            challenges,
        })
    }

    fn crls_after(
        config: &Config,
        anchors: &Arc<Anchors>,
        previous: Option<&Self>,
        changed_only: bool,
        now: i64,
    ) -> Result<Arc<Crls>, Error> {
        let before = previous.and_then(|previous| Some((previous, previous.crls.as_ref()?)));
        if let Some((previous, crls)) = before.filter(|_| changed_only)
            && Arc::ptr_eq(&previous.anchors, anchors)
            && crls.is_current(config)
        {
            return Ok(Arc::clone(crls));
        }
        let before = before.map(|(_, crls)| &**crls);
        Crls::load(config, &anchors.store, before, now).map(Arc::new)
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

    /// A number that the policies of one verifier have in common, and no other verifier's of this process.
    pub(crate) fn lineage(&self) -> u64 {
        self.lineage
    }

    /// What its operator should know, in the order of the options and of the certificates.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The DER of the names of the pinned certificates, each once, for the certificate_authorities of a
    /// CertificateRequest (RFC 8446 section 4.2.4). None where `ca_hints` is `none`, and where all together are too
    /// large for one.
    pub fn ca_names(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.hints.iter().map(|position| subject(&self.anchors.store, *position))
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

    /// How long after its handshake a session may be resumed, in seconds.
    pub fn session_max_age(&self) -> i64 {
        self.settings.session_max_age
    }

    /// The keys that seal what a client or another process keeps for us.
    pub(crate) fn session_keys(&self) -> &Keys {
        &self.session_keys.keys
    }

    /// The keys of session records.
    pub(crate) fn sessions(&self) -> &PurposeKeys {
        &self.sessions
    }

    /// What the options of requests say.
    pub(crate) fn requests(&self) -> &RequestOptions {
        &self.settings.requests
    }

    /// The library's own values of `WWW-Authenticate`.
    pub(crate) fn challenges(&self) -> &[String] {
        &self.challenges
    }

    /// Whether what a peer forwards may be listened to.
    pub fn trusts_proxy(&self, peer: &Peer) -> bool {
        self.settings.trusted_proxies.iter().any(|network| network.contains(peer))
    }

    /// Whether a trusted proxy's word that it verified a certificate counts.
    pub fn proxy_verifies(&self) -> bool {
        self.settings.proxy_verifies
    }

    pub(crate) fn anchors(&self) -> &AnchorStore {
        &self.anchors.store
    }

    /// The CRLs, where they are looked at.
    pub(crate) fn crls(&self) -> Option<&CrlStore> {
        self.crls.as_deref().map(|crls| &crls.store)
    }

    /// What maps certificates to users.
    pub fn identity_rules(&self) -> &IdentityRules {
        &self.settings.identity
    }

    /// The state of the CRLs in use, those of one issuer together, newest first. None where CRLs are not looked at.
    pub fn crl_states(&self) -> Vec<CrlState> {
        self.crls().into_iter().flat_map(CrlStore::crls).map(CrlState::of).collect()
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.settings.rules
    }

    /// What the registry says of a certificate; that it is not registered where none is asked.
    pub(crate) fn look_up(&self, leaf: &Certificate<'_>) -> Lookup<'_> {
        self.registrations.as_ref().map_or(Lookup::NotRegistered, |registrations| registrations.look_up(leaf))
    }

    /// Whether the host looks keys up itself.
    pub(crate) fn asks_the_host(&self) -> bool {
        self.registrations.as_ref().is_some_and(|registrations| registrations.registry().is_external())
    }

    /// The registry that this policy looks keys up in, for the verbs that change it.
    pub fn registry(&self) -> Option<&Arc<Registry>> {
        self.registrations.as_ref().map(|registrations| registrations.registry())
    }

    /// Whether the files and the registry that `config` names are still what this policy was made of. It costs a `stat`
    /// for each file; they are read only where they were read right after they were written.
    ///
    /// # Errors
    ///
    /// Where the registry is away, and its last known state serves on while everything else is as it was.
    pub(crate) fn is_current(&self, config: &Config) -> Result<bool, Error> {
        let files = self.anchors.is_current(config)
            && self.crls.as_ref().is_none_or(|crls| crls.is_current(config))
            && self.session_keys.is_current(config);
        match &self.registrations {
            Some(registrations) if files => registrations.is_current(&self.settings),
            _ => Ok(files),
        }
    }

    /// How many bytes there are to read at most: 0 where nothing has to be read to tell that the policy is current, else the
    /// sizes of all files that it is made of. None where a database would have to be asked. It opens no file.
    pub(crate) fn unread(&self, config: &Config) -> Option<u64> {
        let registrations = match &self.registrations {
            Some(registrations) => registrations.look()?,
            None => Look::default(),
        };
        let crls = self.crls.as_ref().map(|crls| crls.look(config)).unwrap_or_default();
        let looks = [self.anchors.look(config), crls, self.session_keys.look(config), registrations];
        let bytes = looks.iter().map(|look| look.bytes).fold(0, u64::saturating_add);
        Some(if looks.iter().any(|look| look.changed) { bytes.max(1) } else { 0 })
    }
}

/// Policies of a process are numbered, so that what one of them decided is never taken for another's.
fn next_epoch() -> u64 {
    static EPOCH: AtomicU64 = AtomicU64::new(1);
    EPOCH.fetch_add(1, Ordering::Relaxed)
}

/// The options that fail open, are weak, or have no effect.
fn lint(config: &Config, settings: &Settings, without_ca: bool) -> Vec<Warning> {
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
    let uses_registry = settings.trust != Trust::Ca || settings.identity.names_by_registration();
    if config.registry().is_some() && !(uses_registry && mode.verifies()) {
        let text = format!("mode '{}' and trust '{}' ask nobody whose a key is", mode.name(), settings.trust.name());
        warn(WarningKind::NoEffect, "registry", &text);
    }
    if !mode.verifies() && !without_ca {
        warn(WarningKind::NoEffect, "ca", &format!("mode '{}' verifies nothing by it", mode.name()));
    }
    let crls_given = !config.sources(Key::Crl).is_empty();
    if crls_given && rules.crl.check == CrlCheck::Off {
        warn(WarningKind::NoEffect, "crl", "'crl_check' is off: revoked certificates are accepted");
    } else if crls_given && !mode.verifies() {
        warn(WarningKind::NoEffect, "crl", &format!("mode '{}' verifies nothing by it", mode.name()));
    } else if !crls_given {
        for (key, name) in
            [(Key::CrlMissing, "crl_missing"), (Key::CrlExpired, "crl_expired"), (Key::CrlIssuer, "crl_issuer")]
        {
            if config.is_set(key) {
                warn(WarningKind::NoEffect, name, "'crl' names no CRLs");
            }
        }
    } else {
        if rules.crl.allow_missing {
            warn(WarningKind::RevocationFailsOpen, "crl_missing", "certificates that no CRL covers are accepted");
        }
        if rules.crl.grace.is_none() {
            warn(WarningKind::RevocationFailsOpen, "crl_expired", "CRLs are used however old they are");
        }
    }
    if rules.ocsp.check == OcspCheck::Off {
        for (key, name) in [
            (Key::OcspMissing, "ocsp_missing"),
            (Key::OcspResponder, "ocsp_responder"),
            (Key::OcspNonce, "ocsp_nonce"),
            (Key::OcspMaxAge, "ocsp_max_age"),
            (Key::OcspTimeSkew, "ocsp_time_skew"),
        ] {
            if config.is_set(key) {
                warn(WarningKind::NoEffect, name, "'ocsp' is off");
            }
        }
    } else if !mode.verifies() {
        warn(WarningKind::NoEffect, "ocsp", &format!("mode '{}' verifies nothing by it", mode.name()));
    } else if rules.ocsp.check == OcspCheck::IfGiven {
        for (key, name) in
            [(Key::OcspMissing, "ocsp_missing"), (Key::OcspResponder, "ocsp_responder"), (Key::OcspNonce, "ocsp_nonce")]
        {
            if config.is_set(key) {
                warn(WarningKind::NoEffect, name, "'ocsp' is if_given, and nobody is asked");
            }
        }
    } else if rules.ocsp.allow_missing {
        warn(WarningKind::RevocationFailsOpen, "ocsp_missing", "certificates about which nobody answers are accepted");
    }
    if let Some(everybody) = settings.trusted_proxies.iter().find(|network| network.is_everybody()) {
        let text = format!("{everybody} is everybody: whoever reaches this server can be anyone by a header");
        warn(WarningKind::Unverified, "trusted_proxies", &text);
    }
    if settings.trusted_proxies.is_empty() && config.is_set(Key::ForwardedVerification) {
        warn(WarningKind::NoEffect, "forwarded_verification", "'trusted_proxies' names nobody");
    } else if settings.proxy_verifies {
        let text = "certificates that a trusted proxy says it verified lead to no CA here: it can make anyone";
        warn(WarningKind::Unverified, "forwarded_verification", text);
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
    let identity = &settings.identity;
    for rule in identity.rules() {
        if identity.only_strong() && rule.strength() == Strength::Weak {
            let text = format!("only strong rules count, and this is a weak one, which only refuses: {}", rule.text());
            warn(WarningKind::NoEffect, "identity", &text);
        }
    }
    if rules.second_opinion == SecondOpinionRule::Off {
        warn(WarningKind::SecondOpinionOff, "second_opinion", "a fault in one validator alone can let somebody in");
    }
    warnings.extend(requests::warnings(config, *mode, &settings.requests));
    warnings
}

/// Whether CRLs are looked at.
fn revocation(config: &Config, settings: &Settings) -> Result<bool, Error> {
    let given = !config.sources(Key::Crl).is_empty();
    let check = settings.rules.crl.check;
    if !given && config.is_set(Key::CrlCheck) && check != CrlCheck::Off {
        return Err(Error::InvalidConfig("option 'crl_check' is set, and 'crl' names no CRLs to look in".into()));
    }
    Ok(given && check != CrlCheck::Off && settings.mode.verifies())
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
