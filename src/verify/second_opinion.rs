//! The second validator: webpki, asked about the one path that ours accepted.
//!
//! It is told which signatures were just checked, so its word costs microseconds; anything else it checks for real. Where
//! it refuses for something outside its domain it abstains, which needs both its error and the feature seen by our reader.

use pki_types::{AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm, UnixTime};
use smallvec::SmallVec;
use std::sync::LazyLock;
use std::time::Duration;
use webpki::{
    EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeId, KeyPurposeIdIter, KeyUsage, RequiredEkuNotFoundContext,
};

use super::anchor::Anchor;
use super::legacy;
use super::reason::{Code, Culprit, Detail, Reason};
use super::rules::{EkuRule, Rules, SecondOpinionRule};
use crate::certificate::{Certificate, ExtensionKind, GeneralName};
use crate::signature::{KeyKind, SignatureAlgorithm};

/// What the second validator says of an accepted path.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecondOpinion {
    /// It was not asked: nothing was accepted, or `second_opinion` is off.
    NotAsked,
    /// It accepts the path too.
    Agreed,
    /// It cannot judge this path.
    Abstained(Abstention),
    /// It refuses the path, in these words.
    Disagreed(Box<str>),
}

impl SecondOpinion {
    /// The reason to refuse that it is: a refusal always, an abstention where `second_opinion` is strict.
    pub(super) fn objection(&self, rule: SecondOpinionRule) -> Option<Reason> {
        let (code, detail) = match self {
            Self::Disagreed(words) => (Code::ValidatorsDisagree, Detail::Text(words.clone())),
            Self::Abstained(abstention) if rule == SecondOpinionRule::Strict => {
                (Code::SecondOpinionMissing, Detail::Remark(abstention.name()))
            }
            _ => return None,
        };
        Some(Reason::new(code, 0, Culprit::Presented(0)).with(detail))
    }
}

macro_rules! abstentions {
    ($($variant:ident $name:literal $text:literal;)*) => {
        /// Why the second validator cannot judge a path.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Abstention {
            $(#[doc = concat!($text, ".")] $variant,)*
        }

        impl Abstention {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// A stable name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The text in English.
            pub fn text(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

abstentions! {
    Version "version" "a certificate is not of version 3";
    CaAsLeaf "ca_as_leaf" "the leaf is a CA's certificate";
    CriticalPolicies "critical_policies" "a policy extension is critical";
    ConstraintKind "constraint_kind" "a name constraint is of a kind other than DNS names and IP addresses";
    ConstraintCount "constraint_count" "there are more than 20 000 pairs of a name and a name constraint: it compares each, where ours looks names up, and is not asked, because that would cost more than all else together";
    Pss "rsassa_pss" "a key or signature is RSASSA-PSS in a form that it does not know";
    NameSpelling "name_spelling" "a name is spelled differently in issuer and subject";
    Depth "depth" "there are more than six intermediates";
    SelfIssuedPathLength "self_issued_path_length" "a path length constraint stands above a self-issued certificate, which it counts";
    LargePathLength "large_path_length" "a path length constraint is larger than 255";
    WithinSkew "within_skew" "the time is outside of a validity, but within `time_skew`";
    PinnedLeaf "pinned_leaf" "the leaf is itself pinned";
    Before1970 "before_1970" "a date, or the time of the verification, is before 1970";
    UniqueIdentifiers "unique_identifiers" "a certificate has unique identifiers";
    UnknownNameForm "unknown_name_form" "a subject alternative name is of a form that RFC 5280 does not know";
    TooLarge "too_large" "a certificate is larger than 64 KiB";
    DistrustedKey "distrusted_key" "a key is on its built-in list of distrusted public CAs";
}

/// Pairs of a name and a name constraint that it is still asked about; it takes some 17 ns for each.
const MAX_CONSTRAINT_PAIRS: usize = 20_000;

/// Asks about a path, leaf first, whose signatures have all been checked.
pub(super) fn ask(path: &[Certificate<'_>], anchor: &Anchor, rules: &Rules, now: i64) -> SecondOpinion {
    let Ok(seconds) = u64::try_from(now) else {
        return SecondOpinion::Abstained(Abstention::Before1970);
    };
    if constraint_pairs(path, anchor) > MAX_CONSTRAINT_PAIRS {
        return SecondOpinion::Abstained(Abstention::ConstraintCount);
    }
    let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    match webpki_verify(path, anchor, rules, time) {
        Ok(()) => SecondOpinion::Agreed,
        Err(error) => match abstention(&error, path, anchor, now) {
            Some(abstention) => SecondOpinion::Abstained(abstention),
            None => SecondOpinion::Disagreed(error.to_string().into()),
        },
    }
}

fn webpki_verify(
    path: &[Certificate<'_>],
    anchor: &Anchor,
    rules: &Rules,
    time: UnixTime,
) -> Result<(), webpki::Error> {
    let checked = Checked { path, anchor: anchor.certificate() };
    let mut found: SmallVec<[Remembering<'_>; 2]> = SmallVec::new();
    for (certificate, issuer) in checked.pairs() {
        let (signature, key) = (content(certificate.signature_algorithm()), content(issuer.key_algorithm()));
        // Most paths are signed with one algorithm throughout.
        if found.iter().any(|other| other.signature == signature && other.key == key) {
            continue;
        }
        let known = KNOWN_ALGORITHMS.iter().filter(|known| known.signature.as_ref() == signature);
        let known = known.filter(|known| known.key.as_ref() == key).map(|known| known.algorithm);
        let legacy = legacy::algorithms(rules).filter(|algorithm| algorithm.signature_alg_id().as_ref() == signature);
        found.extend(known.chain(legacy).map(|algorithm| Remembering { algorithm, signature, key, checked: &checked }));
    }
    let mut algorithms: SmallVec<[&dyn SignatureVerificationAlgorithm; 2]> = SmallVec::new();
    algorithms.extend(found.iter().map(|algorithm| algorithm as &dyn SignatureVerificationAlgorithm));

    let leaf = CertificateDer::from(path[0].as_der());
    let mut intermediates: SmallVec<[CertificateDer<'_>; 4]> = SmallVec::new();
    intermediates.extend(path[1..].iter().map(|certificate| CertificateDer::from(certificate.as_der())));
    let leaf = EndEntityCert::try_from(&leaf)?;
    let Some(trusted) = anchor.second() else {
        return Err(webpki::Error::UnsupportedCertVersion);
    };
    let usage = Usage { rule: &rules.eku };
    // The path that it returns is large: it stays where it is.
    match leaf.verify_for_usage(&algorithms, std::slice::from_ref(trusted), &intermediates, time, usage, None, None) {
        Ok(_) => Ok(()),
        Err(error) => Err(error),
    }
}

/// One of webpki's algorithms, with what is inside its AlgorithmIdentifiers.
struct KnownAlgorithm {
    signature: AlgorithmIdentifier,
    key: AlgorithmIdentifier,
    algorithm: &'static dyn SignatureVerificationAlgorithm,
}

static KNOWN_ALGORITHMS: LazyLock<Vec<KnownAlgorithm>> = LazyLock::new(|| {
    let known = |algorithm: &&'static dyn SignatureVerificationAlgorithm| KnownAlgorithm {
        signature: algorithm.signature_alg_id(),
        key: algorithm.public_key_alg_id(),
        algorithm: *algorithm,
    };
    webpki::ALL_VERIFICATION_ALGS.iter().map(known).collect()
});

/// A path whose signatures our validator has just found good.
#[derive(Debug)]
struct Checked<'c> {
    path: &'c [Certificate<'c>],
    anchor: Certificate<'c>,
}

impl<'c> Checked<'c> {
    /// Each certificate of the path with its issuer.
    fn pairs(&self) -> impl Iterator<Item = (&Certificate<'c>, &Certificate<'c>)> {
        self.path.iter().zip(self.path[1..].iter().chain(std::iter::once(&self.anchor)))
    }
}

/// An algorithm that knows the signatures which were just checked.
#[derive(Debug)]
struct Remembering<'c> {
    algorithm: &'static dyn SignatureVerificationAlgorithm,
    /// What is inside the AlgorithmIdentifiers of the signature and of the key that it is for.
    signature: &'c [u8],
    key: &'c [u8],
    checked: &'c Checked<'c>,
}

impl SignatureVerificationAlgorithm for Remembering<'_> {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let known = self.checked.pairs().any(|(certificate, issuer)| {
            same(certificate.signature(), signature)
                && same(issuer.key(), public_key)
                && content(certificate.signature_algorithm()) == self.signature
                && same(certificate.tbs(), message)
        });
        if known { Ok(()) } else { self.algorithm.verify_signature(public_key, message, signature) }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }
}

/// Whether bytes are equal, which those in the same place are.
fn same(a: &[u8], b: &[u8]) -> bool {
    std::ptr::eq(a, b) || a == b
}

/// Our rule of extended key usage, applied by webpki to what it reads itself.
struct Usage<'r> {
    rule: &'r EkuRule,
}

impl ExtendedKeyUsageValidator for Usage<'_> {
    fn validate(&self, usages: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        // It does not say which certificate it asks about, so the wider rule for CAs is applied to all. Without the
        // extension there is nothing to read: that a leaf must have one is ours to say, and said.
        let mut present = Vec::new();
        for usage in usages {
            let usage = usage?;
            if self.rule.allows_in_ca(|oid| usage == KeyPurposeId::new(oid)) {
                return Ok(());
            }
            present.push(usage.to_decoded_oid());
        }
        if present.is_empty() {
            return Ok(());
        }
        let required = KeyUsage::client_auth();
        Err(webpki::Error::RequiredEkuNotFoundContext(RequiredEkuNotFoundContext { required, present }))
    }
}

/// The abstention that an error stands for, if our own reading shows its cause.
fn abstention(error: &webpki::Error, path: &[Certificate<'_>], anchor: &Anchor, now: i64) -> Option<Abstention> {
    use webpki::Error as E;
    let root = anchor.certificate();
    let all = || path.iter().chain(std::iter::once(&root));
    let issuers = || all().skip(1);
    // The causes for which it cannot even read a certificate; any of its errors of form may be theirs.
    let unreadable = || {
        all().find_map(|certificate| {
            let causes = [
                (Abstention::Version, certificate.version() != 3),
                (Abstention::TooLarge, certificate.as_der().len() > 0xffff),
                (Abstention::UniqueIdentifiers, certificate.has_unique_identifiers()),
                (Abstention::Before1970, certificate.not_before() < 0 || certificate.not_after() < 0),
                (Abstention::UnknownNameForm, has_unknown_name_form(certificate)),
                (Abstention::LargePathLength, path_length(certificate).is_some_and(|length| length > 255)),
            ];
            causes.into_iter().find(|(_, holds)| *holds).map(|(abstention, _)| abstention)
        })
    };
    match error {
        E::UnsupportedCertVersion
        | E::BadDer
        | E::BadDerTime
        | E::TrailingData(_)
        | E::MalformedExtensions
        | E::ExtensionValueInvalid
        | E::UnsupportedNameType => {
            unreadable().or_else(|| has_odd_constraint(issuers()).then_some(Abstention::ConstraintKind))
        }
        E::CaUsedAsEndEntity => {
            path[0].basic_constraints().is_some_and(|constraints| constraints.ca).then_some(Abstention::CaAsLeaf)
        }
        E::UnsupportedCriticalExtension => {
            const POLICIES: [ExtensionKind; 4] = [
                ExtensionKind::CertificatePolicies,
                ExtensionKind::PolicyMappings,
                ExtensionKind::PolicyConstraints,
                ExtensionKind::InhibitAnyPolicy,
            ];
            let critical = path.iter().any(|certificate| POLICIES.iter().any(|kind| certificate.is_critical(*kind)));
            critical.then_some(Abstention::CriticalPolicies)
        }
        E::NameConstraintViolation
        | E::MalformedNameConstraint
        | E::MalformedDnsIdentifier
        | E::InvalidNetworkMaskConstraint => {
            has_odd_constraint(issuers()).then_some(Abstention::ConstraintKind).or_else(unreadable)
        }
        E::UnsupportedSignatureAlgorithmContext(_) | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            let pss_key = issuers().any(|issuer| matches!(KeyKind::of(issuer), KeyKind::RsaPss(..)));
            let pss_signature = path.iter().any(|certificate| {
                matches!(SignatureAlgorithm::of(certificate.signature_algorithm()), Some(SignatureAlgorithm::RsaPss(_)))
            });
            (pss_key || pss_signature).then_some(Abstention::Pss)
        }
        E::UnknownIssuer => {
            let misspelt = path.iter().zip(issuers()).any(|(c, i)| c.issuer().as_der() != i.subject().as_der());
            misspelt.then_some(Abstention::NameSpelling)
        }
        E::MaximumPathDepthExceeded => (path.len() > 7).then_some(Abstention::Depth),
        E::PathLenConstraintViolated => {
            self_issued_exceed_length(path, &root).then_some(Abstention::SelfIssuedPathLength)
        }
        // It also tries a self-issued certificate as its own issuer, and then that is the error which it keeps.
        E::InvalidSignatureForPublicKey if path[1..].iter().any(Certificate::is_self_issued) => {
            let length = self_issued_exceed_length(path, &root).then_some(Abstention::SelfIssuedPathLength);
            length.or_else(|| has_odd_constraint(issuers()).then_some(Abstention::ConstraintKind))
        }
        E::CertExpired { .. } | E::CertNotValidYet { .. } => {
            path.iter().any(|c| now < c.not_before() || now > c.not_after()).then_some(Abstention::WithinSkew)
        }
        E::CertDistrusted => Some(Abstention::DistrustedKey),
        _ => None,
    }
}

/// Whether a path length constraint is exceeded if self-issued certificates are counted, as webpki does.
fn self_issued_exceed_length(path: &[Certificate<'_>], root: &Certificate<'_>) -> bool {
    let issuers = path.iter().skip(1).chain(std::iter::once(root));
    issuers.enumerate().any(|(below, issuer)| path_length(issuer).is_some_and(|limit| below > limit as usize))
}

fn path_length(certificate: &Certificate<'_>) -> Option<u32> {
    certificate.basic_constraints().and_then(|constraints| constraints.path_length)
}

/// Whether a name constraint is of a kind or a form that webpki does not judge.
fn has_odd_constraint<'i>(mut issuers: impl Iterator<Item = &'i Certificate<'i>>) -> bool {
    issuers.any(|issuer| {
        issuer.name_constraints().is_some_and(|constraints| {
            constraints
                .permitted()
                .chain(constraints.excluded())
                .any(|subtree| !matches!(subtree, GeneralName::Dns(_) | GeneralName::Ip(_)))
        })
    })
}

/// How many pairs of a name and a constraint there are, every name counted for every CA.
fn constraint_pairs(path: &[Certificate<'_>], anchor: &Anchor) -> usize {
    let root = anchor.certificate();
    let constraints: usize = path
        .iter()
        .chain(std::iter::once(&root))
        .filter_map(Certificate::name_constraints)
        .map(|constraints| constraints.permitted().count() + constraints.excluded().count())
        .sum();
    if constraints == 0 {
        return 0;
    }
    let names: usize = path
        .iter()
        .map(|certificate| certificate.subject_alternative_names().count() + certificate.subject().attributes().count())
        .sum();
    names.saturating_mul(constraints)
}

fn has_unknown_name_form(certificate: &Certificate<'_>) -> bool {
    certificate.subject_alternative_names().any(|name| matches!(name, GeneralName::Unknown { .. }))
}

/// What is inside an AlgorithmIdentifier, as pki-types writes it.
fn content(algorithm: &[u8]) -> &[u8] {
    // Signature algorithms are far shorter than 128 bytes where webpki knows them, so the header has two.
    algorithm.get(2..).unwrap_or(&[])
}
