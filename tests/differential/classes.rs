//! The closed list of why two verifiers disagree: each class looks at the certificates, and says who is right.

use std::fmt;

use clientcert::certificate::{Certificate, GeneralName, Name, OwnedCertificate};
use clientcert::verify::Code;
use x509_parser::prelude::{FromDer, GeneralName as Base, ParsedExtension, X509Certificate};

use crate::generate::Case;
use crate::oracles::{OpenSsl, Ours};
use crate::support::certificate::pem;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    OpenSsl,
    Webpki,
}

/// Everything about one case on which two verifiers may differ.
pub struct Disagreement<'a> {
    case: &'a Case,
    ours: &'a Ours,
    openssl: OpenSsl,
    webpki: &'a Result<(), webpki::Error>,
    anchors: Vec<Option<OwnedCertificate>>,
    chain: Vec<Option<OwnedCertificate>>,
}

impl<'a> Disagreement<'a> {
    pub fn new(case: &'a Case, ours: &'a Ours, openssl: OpenSsl, webpki: &'a Result<(), webpki::Error>) -> Self {
        let read = |list: &[Vec<u8>]| list.iter().map(|der| OwnedCertificate::from_der(der.as_slice()).ok()).collect();
        Self { case, ours, openssl, webpki, anchors: read(&case.anchors), chain: read(&case.chain) }
    }

    /// The peers that do not say what we say.
    pub fn peers(&self) -> impl Iterator<Item = Peer> + use<> {
        let accepts = self.ours.accepts();
        let openssl = (self.openssl.accepts() != accepts).then_some(Peer::OpenSsl);
        let webpki = (self.webpki.is_ok() != accepts).then_some(Peer::Webpki);
        openssl.into_iter().chain(webpki)
    }

    /// The reasons that we give, the primary one first.
    fn codes(&self) -> &[Code] {
        match self.ours {
            Ours::Rejects(codes) => codes,
            _ => &[],
        }
    }

    /// Whether every reason that we give is one of these.
    fn rejected_for(&self, expected: impl Fn(Code) -> bool) -> bool {
        !self.codes().is_empty() && self.codes().iter().all(|code| expected(*code))
    }

    fn openssl_error(&self) -> Option<i32> {
        match self.openssl {
            OpenSsl::Rejects { error, .. } => Some(error),
            _ => None,
        }
    }

    fn leaf(&self) -> Option<Certificate<'_>> {
        self.chain[0].as_ref().map(OwnedCertificate::view)
    }

    fn anchors(&self) -> impl Iterator<Item = Certificate<'_>> {
        self.anchors.iter().flatten().map(OwnedCertificate::view)
    }

    /// The presented certificates but the leaf.
    fn intermediates(&self) -> impl Iterator<Item = Certificate<'_>> {
        self.chain[1..].iter().flatten().map(OwnedCertificate::view)
    }

    /// Who may have issued something here.
    fn issuers(&self) -> impl Iterator<Item = Certificate<'_>> {
        self.anchors().chain(self.intermediates())
    }

    fn all(&self) -> impl Iterator<Item = Certificate<'_>> {
        self.issuers().chain(self.leaf())
    }

    /// Whether a presented certificate is none for us, or has text in it that OpenSSL does not read.
    fn is_unreadable(&self, index: usize) -> bool {
        self.chain[index].as_ref().is_none_or(|certificate| has_odd_string(&certificate.view()))
    }

    fn leaf_is_pinned(&self) -> bool {
        self.case.anchors.contains(&self.case.chain[0])
    }

    /// Whether some certificate may have been issued by either of two different ones, going by names.
    fn has_rival_issuers(&self) -> bool {
        self.all().any(|certificate| {
            let mut fitting: Vec<&[u8]> = self
                .issuers()
                .filter(|issuer| issuer.subject().matches(&certificate.issuer()))
                .map(|issuer| issuer.as_der())
                .collect();
            fitting.sort_unstable();
            fitting.dedup();
            fitting.len() > 1
        })
    }

    /// Whether a certificate has this extension, critical if so asked, going by another parser than ours.
    #[expect(clippy::unused_self, reason = "reads as what it is: a question about a disagreement")]
    fn has_extension(&self, certificate: &Certificate<'_>, oid: &str, critical: bool) -> bool {
        let Ok((_, parsed)) = X509Certificate::from_der(certificate.as_der()) else { return false };
        parsed
            .extensions()
            .iter()
            .any(|extension| extension.oid.to_id_string() == oid && (extension.critical || !critical))
    }
}

impl fmt::Display for Disagreement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "ours {:?}, OpenSSL {:?}, webpki {:?}", self.ours, self.openssl, self.webpki)?;
        writeln!(f, "at {}: {}", self.case.time, self.case.story.join("; "))?;
        self.case.anchors.iter().try_for_each(|der| write!(f, "pinned\n{}", pem(der)))?;
        self.case.chain.iter().try_for_each(|der| write!(f, "presented\n{}", pem(der)))
    }
}

/// One reason to disagree.
pub struct Class {
    pub name: &'static str,
    /// Why, and who is right.
    pub reason: &'static str,
    peer: Peer,
    we_accept: bool,
    holds: fn(&Disagreement<'_>) -> bool,
}

impl Class {
    pub fn covers(&self, peer: Peer, disagreement: &Disagreement<'_>) -> bool {
        self.peer == peer && self.we_accept == disagreement.ours.accepts() && (self.holds)(disagreement)
    }
}

macro_rules! classes {
    ($($peer:ident $verdict:ident $name:literal: $reason:literal, $holds:expr;)*) => {
        pub const CLASSES: &[Class] = &[$(Class {
            name: $name,
            reason: $reason,
            peer: Peer::$peer,
            we_accept: classes!($verdict),
            holds: $holds,
        }),*];
    };
    (we_accept) => { true };
    (we_reject) => { false };
}

classes! {
    OpenSsl we_accept "the leaf is pinned":
        "A pinned leaf needs nobody else to vouch for it. OpenSSL still builds the longest path from it, and minds what is there.",
        |d| d.leaf_is_pinned();
    OpenSsl we_accept "several issuers of one name":
        "OpenSSL takes the first issuer whose name and key identifiers fit, and does not come back when that path fails. One that we \
         cannot read may have any name.",
        |d| d.has_rival_issuers() || d.chain[1..].iter().any(Option::is_none);
    OpenSsl we_accept "a name of an unknown form":
        "OpenSSL takes no certificate with a general name that it cannot decode. We keep such a name, and refuse it only under a \
         constraint of its kind.",
        |d| matches!(d.openssl_error(), Some(20 | 21 | 26 | 41)) && d.all().any(|c| has_unknown_name(&c));
    OpenSsl we_accept "an old version pinned":
        "Whoever pins a certificate of version 1 or 2 says that it is a CA's. OpenSSL takes version 1 alone, and only self-signed.",
        |d| d.openssl_error() == Some(79) && d.anchors().any(|anchor| anchor.version() < 3);
    OpenSsl we_accept "anyExtendedKeyUsage of a CA":
        "RFC 5280 section 4.2.1.12 lets anyExtendedKeyUsage stand for every purpose. OpenSSL wants clientAuth by name.",
        |d| d.openssl_error() == Some(26) && d.issuers().any(|issuer| names_any_purpose_only(&issuer));
    OpenSsl we_accept "a CA's certificate as leaf":
        "A CA whose key may sign certificates could certify itself a client, so its own certificate will do. OpenSSL wants \
         digitalSignature.",
        |d| d.openssl_error() == Some(26) && d.leaf().is_some_and(|leaf| {
            leaf.basic_constraints().is_some_and(|constraints| constraints.ca) && leaf.key_usage().is_some()
        });
    OpenSsl we_accept "constraints of otherName and registeredID":
        "We judge constraints of user principal names and of object identifiers. OpenSSL refuses them all.",
        |d| d.openssl_error() == Some(51) && d.issuers().any(|i| subtrees(&i).any(|base| matches!(base, Base::OtherName(..) | Base::RegisteredID(_))));
    OpenSsl we_accept "policies twice":
        "RFC 5280 section 4.2.1.4 forbids a CA to list a policy twice, and nothing is unclear if it does. OpenSSL refuses.",
        |d| d.openssl_error() == Some(42) && d.all().any(|c| lists_policy_twice(&c));
    OpenSsl we_accept "policyMappings of a leaf":
        "RFC 5280 section 6.1.4 looks at the policyMappings of CAs. OpenSSL looks at those of the leaf, too.",
        |d| d.openssl_error() == Some(42) && d.leaf().is_some_and(|leaf| d.has_extension(&leaf, "2.5.29.33", false));
    OpenSsl we_accept "the last second":
        "notAfter is the last second of validity (RFC 5280 section 4.1.2.5). For OpenSSL it is the first after it.",
        |d| d.openssl_error() == Some(10) && d.all().any(|c| c.not_after() == d.case.time);
    OpenSsl we_accept "key identifiers that do not fit":
        "Key identifiers help to find an issuer, and the signature proves it (RFC 5280 section 4.2.1.1). For OpenSSL they must fit.",
        |d| d.openssl_error() == Some(20) && d.all().any(|c| {
            let wanted = c.authority_key_identifier().and_then(|identifier| identifier.key_identifier);
            d.issuers().any(|issuer| {
                let own = issuer.subject_key_identifier();
                wanted.is_some() && own.is_some() && wanted != own && issuer.subject().matches(&c.issuer())
            })
        });
    OpenSsl we_accept "an unreadable certificate that is not needed":
        "What cannot be read and is not on the path does no harm. The program that asks OpenSSL hands it none such.",
        |d| matches!(d.openssl, OpenSsl::CannotRead { index } if index > 0 && d.is_unreadable(index));
    OpenSsl we_accept "a string that is no string":
        "Text that is not of its string type stays visible as it is. OpenSSL does not read the certificate.",
        |d| d.openssl == (OpenSsl::CannotRead { index: 0 }) && d.leaf().is_some_and(|leaf| has_odd_string(&leaf));
    OpenSsl we_accept "the leaf's key is no key":
        "A point that is not on its curve is found by whoever checks the handshake's signature. Nobody can hold such a key.",
        |d| d.openssl_error() == Some(1) && d.leaf().is_some_and(|leaf| is_elliptic(&leaf));

    OpenSsl we_reject "no certificate by RFC 5280 and DER":
        "OpenSSL reads BER, and what a CA should not have written.",
        |d| has_forms_of(d, NOT_READ);
    OpenSsl we_reject "a pinned certificate that is no CA's":
        "OpenSSL takes a pinned certificate without basicConstraints that has keyCertSign. We do so where it is self-issued, as old \
         roots are.",
        |d| d.rejected_for(|code| is_of_pinned_authority(d, code));
    OpenSsl we_reject "a pinned leaf for another purpose":
        "OpenSSL does not ask for the purpose of a certificate that is itself trusted.",
        |d| d.leaf_is_pinned() && d.rejected_for(|code| matches!(code, Code::KeyUsage | Code::ExtendedKeyUsage));
    OpenSsl we_reject "a dNSName that is no host name":
        "Where any name is constrained, what is no host name might be read as another one by whoever relies on it. OpenSSL minds only \
         under a dNSName constraint.",
        |d| d.rejected_for(|code| code == Code::NameConstraintUnsupported) && d.all().any(|c| has_odd_host(&c));
    OpenSsl we_reject "nameConstraints of a leaf":
        "RFC 5280 section 4.2.1.10: nameConstraints must be in a CA's certificate alone. OpenSSL does not mind.",
        |d| d.rejected_for(|code| is_of_leaf_constraints(d, code));
    OpenSsl we_reject "no subject":
        "RFC 5280 section 4.1.2.6: a CA has a name, and who has none has critical alternative names. OpenSSL does not mind.",
        |d| d.rejected_for(|code| is_of_missing_subject(d, code));
    OpenSsl we_reject "a network mask with gaps":
        "RFC 5280 section 4.2.1.10 wants masks as RFC 4632 has them. OpenSSL takes any bits.",
        |d| d.rejected_for(|code| code == Code::NameConstraintUnsupported) && d.issuers().any(|i| has_odd_mask(&i));
    OpenSsl we_reject "a URI or mailbox without a host's name":
        "RFC 5280 section 4.2.1.10: under a constraint, a URI whose host is no name is refused. OpenSSL takes anything for a name.",
        |d| d.rejected_for(|code| is_of_odd_place(d, code));
    OpenSsl we_reject "a wildcard that may be an excluded host":
        "`*.example.com` may stand for `www.example.com`, which is excluded. OpenSSL compares the letters.",
        |d| d.rejected_for(|code| is_of_wildcard(d, code));
    OpenSsl we_reject "several of these":
        "More than one of the reasons above in one chain.",
        |d| d.rejected_for(|code| {
            d.leaf_is_pinned() && matches!(code, Code::KeyUsage | Code::ExtendedKeyUsage)
                || is_of_leaf_constraints(d, code)
                || is_of_missing_subject(d, code)
                || is_of_odd_names(d, code)
                || is_of_decoy(d, code)
                || is_of_pinned_authority(d, code)
                || is_of_wildcard(d, code)
                || is_of_odd_place(d, code)
        });

    Webpki we_accept "the leaf is pinned":
        "webpki has no pinned leaves: it asks for an issuer, and for all else that a leaf must be.",
        |d| d.leaf_is_pinned();
    Webpki we_accept "version 1 and 2":
        "webpki reads version 3 alone.",
        |d| matches!(d.webpki, Err(webpki::Error::UnsupportedCertVersion)) && d.all().any(|c| c.version() < 3)
            || matches!(d.webpki, Err(webpki::Error::UnknownIssuer)) && d.anchors().any(|c| c.version() == 2);
    Webpki we_accept "a CA's certificate as leaf":
        "webpki takes no leaf with cA TRUE, which is what `openssl req -x509` makes.",
        |d| matches!(d.webpki, Err(webpki::Error::CaUsedAsEndEntity))
            && d.leaf().and_then(|leaf| leaf.basic_constraints()).is_some_and(|constraints| constraints.ca);
    Webpki we_accept "a critical extension that webpki does not know":
        "webpki knows neither policies nor key identifiers, and minds where they are critical, as some must be.",
        |d| matches!(d.webpki, Err(webpki::Error::UnsupportedCriticalExtension))
            && d.all().any(|c| UNKNOWN_TO_WEBPKI.iter().any(|oid| d.has_extension(&c, oid, true)));
    Webpki we_accept "names spelled differently":
        "webpki compares names byte by byte, not as RFC 5280 section 7.1 says.",
        |d| d.all().any(|c| d.issuers().any(|i| {
            i.subject().matches(&c.issuer()) && i.subject().as_der() != c.issuer().as_der()
        }));
    Webpki we_accept "name constraints of another kind":
        "webpki judges constraints of dNSName and iPAddress, and refuses names under any other.",
        |d| matches!(
            d.webpki,
            Err(webpki::Error::NameConstraintViolation | webpki::Error::BadDer | webpki::Error::MalformedNameConstraint)
        ) && d.issuers().any(|issuer| d.has_extension(&issuer, "2.5.29.30", false));
    Webpki we_accept "a pinned intermediate":
        "An intermediate that is pinned needs no good signature. webpki refuses the short path by a constraint that it does not judge, \
         and reports the long one.",
        |d| matches!(d.webpki, Err(webpki::Error::InvalidSignatureForPublicKey))
            && d.case.chain[1..].iter().any(|der| d.case.anchors.contains(der));
    Webpki we_accept "several issuers of one name":
        "webpki reports, and where signatures are many gives up, what went wrong last; an expired or forged double is in the way.",
        |d| !matches!(d.webpki, Err(webpki::Error::UnsupportedCriticalExtension)) && d.has_rival_issuers();
    Webpki we_accept "anyExtendedKeyUsage of a CA":
        "RFC 5280 section 4.2.1.12 lets anyExtendedKeyUsage stand for every purpose. webpki wants clientAuth by name.",
        |d| matches!(d.webpki, Err(webpki::Error::RequiredEkuNotFoundContext(_)))
            && d.issuers().any(|issuer| names_any_purpose_only(&issuer));
    Webpki we_accept "an unreadable certificate that is not needed":
        "What cannot be read and is not on the path does no harm. webpki tries it, and gives up.",
        |d| d.chain[1..].iter().any(Option::is_none);
    Webpki we_accept "dates before 1970":
        "webpki's time starts in 1970.",
        |d| matches!(d.webpki, Err(webpki::Error::BadDerTime))
            && d.all().any(|c| c.not_before() < 0 || c.not_after() < 0);
    Webpki we_accept "a large pathLenConstraint":
        "webpki reads pathLenConstraint as one byte.",
        |d| matches!(d.webpki, Err(webpki::Error::BadDer))
            && d.all().any(|c| c.basic_constraints().and_then(|b| b.path_length).is_some_and(|length| length > 255));
    Webpki we_accept "a name of an unknown form":
        "webpki takes no subjectAltName with a general name that it cannot decode.",
        |d| matches!(d.webpki, Err(webpki::Error::BadDer | webpki::Error::NameConstraintViolation))
            && d.all().any(|c| has_unknown_name(&c));

    Webpki we_reject "no certificate by RFC 5280 and DER":
        "webpki leaves unread what it does not need, most extensions among it, and nearly everything of a pinned certificate.",
        |d| has_forms_of(d, NOT_READ);
    Webpki we_reject "a dNSName that is no host name":
        "Where any name is constrained, what is no host name might be read as another one by whoever relies on it. webpki minds only \
         under a dNSName constraint.",
        |d| d.rejected_for(|code| code == Code::NameConstraintUnsupported) && d.all().any(|c| has_odd_host(&c));
    Webpki we_reject "a network mask with gaps":
        "RFC 5280 section 4.2.1.10 wants masks as RFC 4632 has them. webpki does not look at them under names of another length.",
        |d| d.rejected_for(|code| code == Code::NameConstraintUnsupported) && d.issuers().any(|i| has_odd_mask(&i));
    Webpki we_reject "nameConstraints of a leaf, and no subject":
        "webpki looks neither at nameConstraints of a leaf nor at an empty subject (RFC 5280 sections 4.2.1.10 and 4.1.2.6).",
        |d| d.rejected_for(|code| is_of_leaf_constraints(d, code) || is_of_missing_subject(d, code));
    Webpki we_reject "keyUsage and the leaf's key":
        "webpki looks neither at keyUsage nor at the leaf's key.",
        |d| d.rejected_for(|code| code == Code::LeafKeyTooWeak || is_key_usage(d, code));
    Webpki we_reject "a pinned certificate is a name and a key":
        "webpki keeps the name, key and name constraints of a pinned certificate. We mind its dates, extensions and purposes as OpenSSL \
         does.",
        |d| d.rejected_for(|code| is_of_anchor(d, code));
    Webpki we_reject "policies":
        "webpki does not judge policies, and where their extensions are not critical it does not mind them.",
        |d| d.rejected_for(|code| is_of_policies(d, code));
    Webpki we_reject "several of these":
        "More than one of the reasons above in one chain.",
        |d| d.rejected_for(|code| {
            code == Code::LeafKeyTooWeak
                || is_key_usage(d, code)
                || is_of_anchor(d, code)
                || is_of_leaf_constraints(d, code)
                || is_of_missing_subject(d, code)
                || is_of_odd_names(d, code)
                || is_of_decoy(d, code)
                || is_of_policies(d, code)
        });
}

const ANY_EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25, 0];
const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];

/// What makes bytes no certificate by X.690 or RFC 5280 that others overlook.
const NOT_READ: &[&str] = &[
    // X.690 section 10, distinguished encoding.
    "has an indefinite length",
    "has a length that is not minimal",
    "has a length of more than four bytes",
    "has a tag number above 30",
    "is a BOOLEAN that is neither 00 nor FF",
    "is an INTEGER with a superfluous leading byte",
    "is an empty INTEGER",
    "is a BIT STRING whose unused bits are not zero",
    "is no BIT STRING",
    "is no whole number of bytes",
    "is no valid OBJECT IDENTIFIER",
    // What RFC 5280 defines is not there, or more than it defines.
    "is truncated",
    "is missing",
    "has the wrong tag",
    "is followed by trailing bytes",
    "is an empty list",
    "is an empty sequence",
    "has an empty relative name",
    "constrains nothing",
    // RFC 5280 sections 4.1.2.1, 4.1.2.5, 4.2, 4.2.1.1, 4.2.1.9 and 4.2.1.10.
    "is none of 1, 2 and 3",
    "need a version 3 certificate",
    "is not allowed in a version 1 certificate",
    "is neither UTCTime nor GeneralizedTime",
    "is no valid date and time ending in Z",
    "is no UTCTime of the form YYMMDDHHMMSSZ",
    "is no GeneralizedTime of the form YYYYMMDDHHMMSSZ",
    "occurs twice",
    "has only one of authorityCertIssuer and authorityCertSerialNumber",
    "is negative",
    "has a minimum other than 0",
];

/// Whether something here is no certificate, and each such thing for one of these reasons.
fn has_forms_of(d: &Disagreement<'_>, forms: &[&str]) -> bool {
    let certificates = d.case.anchors.iter().chain(&d.case.chain);
    let mut problems = certificates.filter_map(|der| OwnedCertificate::from_der(der.as_slice()).err()).peekable();
    problems.peek().is_some() && problems.all(|problem| forms.iter().any(|form| problem.to_string().contains(form)))
}

/// Extensions that webpki refuses where they are critical, though each is understood here.
const UNKNOWN_TO_WEBPKI: &[&str] = &["2.5.29.14", "2.5.29.32", "2.5.29.33", "2.5.29.35", "2.5.29.36", "2.5.29.54"];

/// A leaf with nameConstraints gives this reason.
fn is_of_leaf_constraints(d: &Disagreement<'_>, code: Code) -> bool {
    code == Code::NameConstraintUnsupported && d.leaf().is_some_and(|leaf| d.has_extension(&leaf, "2.5.29.30", false))
}

/// A certificate without a subject gives this reason.
fn is_of_missing_subject(d: &Disagreement<'_>, code: Code) -> bool {
    code == Code::SubjectMissing && d.all().any(|c| c.subject().is_empty())
}

/// A URI or a mailbox under a constraint of its kind, whose host may be no name, gives this reason.
fn is_of_odd_place(d: &Disagreement<'_>, code: Code) -> bool {
    let constrained = |of: fn(&Base<'_>) -> bool| d.issuers().any(|issuer| subtrees(&issuer).any(|base| of(&base)));
    let mut names = d.all().flat_map(|certificate| certificate.subject_alternative_names());
    code == Code::NameConstraintUnsupported
        && names.any(|name| match name {
            GeneralName::Uri(_) => constrained(|base| matches!(base, Base::URI(_))),
            GeneralName::Email(address) => {
                let sound = address.iter().all(|byte| is_of_host(*byte) || *byte == b'@');
                !sound && constrained(|base| matches!(base, Base::RFC822Name(_)))
            }
            _ => false,
        })
}

/// A wildcard that an excluded host may be meant by gives this reason.
fn is_of_wildcard(d: &Disagreement<'_>, code: Code) -> bool {
    code == Code::NameExcluded && d.all().any(|c| hosts(&c).any(|host| host.starts_with(b"*.")))
}

/// A pinned certificate that does not say that it is a CA's gives this reason.
fn is_of_pinned_authority(d: &Disagreement<'_>, code: Code) -> bool {
    let silent = |anchor: Certificate<'_>| anchor.version() == 3 && anchor.basic_constraints().is_none();
    code == Code::IssuerNotCa && d.anchors().any(|anchor| silent(anchor) && !anchor.is_self_issued())
}

/// A certificate besides the leaf that cannot be read gives this reason, next to those of the path.
fn is_of_decoy(d: &Disagreement<'_>, code: Code) -> bool {
    code == Code::CertificateMalformed && d.chain[1..].iter().any(Option::is_none)
}

/// A host that is no host name, or a network that is none, gives this reason.
fn is_of_odd_names(d: &Disagreement<'_>, code: Code) -> bool {
    code == Code::NameConstraintUnsupported
        && (d.all().any(|c| has_odd_host(&c)) || d.issuers().any(|i| has_odd_mask(&i)))
}

/// policyConstraints or policyMappings give this reason.
fn is_of_policies(d: &Disagreement<'_>, code: Code) -> bool {
    const EXTENSIONS: [&str; 2] = ["2.5.29.36", "2.5.29.33"];
    matches!(code, Code::PolicyRequired | Code::PolicyInvalid)
        && d.all().any(|c| EXTENSIONS.iter().any(|oid| d.has_extension(&c, oid, false)))
}

fn is_key_usage(d: &Disagreement<'_>, code: Code) -> bool {
    matches!(code, Code::KeyUsage | Code::IssuerKeyUsage) && d.all().any(|c| c.key_usage().is_some())
}

/// Whether a pinned certificate may give this reason.
fn is_of_anchor(d: &Disagreement<'_>, code: Code) -> bool {
    let possible = matches!(
        code,
        Code::IssuerNotCa
            | Code::CertificateExpired
            | Code::CertificateNotYetValid
            | Code::ExtendedKeyUsage
            | Code::PathLengthExceeded
            | Code::CriticalExtension
    );
    possible && d.anchors().any(|anchor| is_odd_anchor(d, &anchor))
}

/// Whether a pinned certificate is one that would not do as an intermediate.
fn is_odd_anchor(d: &Disagreement<'_>, anchor: &Certificate<'_>) -> bool {
    anchor.basic_constraints().is_none_or(|constraints| !constraints.ca || constraints.path_length.is_some())
        || !(anchor.not_before()..=anchor.not_after()).contains(&d.case.time)
        || anchor.extended_key_usages().next().is_some()
        || d.has_extension(anchor, "1.3.6.1.4.1.55555.1", true)
        || UNKNOWN_TO_WEBPKI.iter().any(|oid| d.has_extension(anchor, oid, true))
}

fn has_unknown_name(certificate: &Certificate<'_>) -> bool {
    let constraints = X509Certificate::from_der(certificate.as_der()).ok().is_some_and(|(_, parsed)| {
        parsed
            .extensions()
            .iter()
            .any(|extension| matches!(extension.parsed_extension(), ParsedExtension::ParseError { .. }))
    });
    constraints || certificate.subject_alternative_names().any(|name| matches!(name, GeneralName::Unknown { .. }))
}

fn has_odd_host(certificate: &Certificate<'_>) -> bool {
    hosts(certificate).any(|host| host.ends_with(b".") || !host.iter().all(|byte| is_of_host(*byte)))
}

fn hosts<'c>(certificate: &Certificate<'c>) -> impl Iterator<Item = &'c [u8]> {
    certificate.subject_alternative_names().filter_map(|name| match name {
        GeneralName::Dns(host) => Some(host),
        _ => None,
    })
}

/// The bases of all subtrees, as another parser than ours reads them.
fn subtrees<'c>(certificate: &Certificate<'c>) -> impl Iterator<Item = Base<'c>> {
    let mut bases = Vec::new();
    if let Ok((_, parsed)) = X509Certificate::from_der(certificate.as_der()) {
        for extension in parsed.extensions() {
            if let ParsedExtension::NameConstraints(constraints) = extension.parsed_extension() {
                let lists = [&constraints.permitted_subtrees, &constraints.excluded_subtrees];
                bases.extend(lists.into_iter().flatten().flatten().map(|subtree| subtree.base.clone()));
            }
        }
    }
    bases.into_iter()
}

/// Whether a network in the constraints is none: of an impossible length, or with a mask that is no prefix.
fn has_odd_mask(certificate: &Certificate<'_>) -> bool {
    subtrees(certificate).any(|base| match base {
        Base::IPAddress(network) if matches!(network.len(), 8 | 32) => {
            let bits =
                network[network.len() / 2..].iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
            !bits.is_sorted_by(|a, b| a >= b)
        }
        Base::IPAddress(_) => true,
        _ => false,
    })
}

fn is_of_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'*')
}

/// Whether a name has text that its string type cannot have, or that is of no string type.
fn has_odd_string(certificate: &Certificate<'_>) -> bool {
    const UTF8_STRING: u8 = 12;
    const UNIVERSAL_STRING: u8 = 28;
    const BMP_STRING: u8 = 30;
    [certificate.subject(), certificate.issuer()].iter().flat_map(Name::attributes).any(|attribute| {
        match attribute.tag {
            UTF8_STRING => std::str::from_utf8(attribute.value).is_err(),
            UNIVERSAL_STRING => !attribute.value.chunks(4).all(is_character),
            BMP_STRING => attribute.value.len() % 2 != 0,
            // NumericString to IA5String, GraphicString to GeneralString.
            tag => !matches!(tag, 18..=22 | 25..=27),
        }
    })
}

fn is_character(bytes: &[u8]) -> bool {
    <[u8; 4]>::try_from(bytes).is_ok_and(|bytes| char::from_u32(u32::from_be_bytes(bytes)).is_some())
}

fn names_any_purpose_only(certificate: &Certificate<'_>) -> bool {
    let mut usages = certificate.extended_key_usages();
    usages.clone().any(|usage| usage == ANY_EXTENDED_KEY_USAGE) && !usages.any(|usage| usage == CLIENT_AUTH)
}

fn lists_policy_twice(certificate: &Certificate<'_>) -> bool {
    let mut policies: Vec<&[u8]> = certificate.policies().collect();
    policies.sort_unstable();
    policies.windows(2).any(|pair| pair[0] == pair[1])
}

fn is_elliptic(certificate: &Certificate<'_>) -> bool {
    const ID_EC_PUBLIC_KEY: &[u8] = &[0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    certificate.subject_public_key_info().windows(ID_EC_PUBLIC_KEY.len()).any(|window| window == ID_EC_PUBLIC_KEY)
}
