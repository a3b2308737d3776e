//! Why a client was not verified: one table of codes, from which every rendering comes.

use std::fmt;

use crate::certificate::{Calendar, Malformed};
use crate::revocation::RevocationReason;

/// One thing that is wrong with what the client presented.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reason {
    /// What is wrong.
    pub code: Code,
    /// Its distance from the leaf on the path that was examined: the leaf is 0. None where no certificate is to blame.
    pub depth: Option<u32>,
    /// The certificate to blame.
    pub culprit: Culprit,
    /// More about it, in words.
    pub detail: Option<Detail>,
    /// Whether `tolerate` lets the connection go on in spite of it. The outcome stays FAILED.
    pub tolerated: bool,
}

/// Which certificate a reason is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Culprit {
    /// None: the client presented nothing, or the fault is not in a certificate.
    None,
    /// The presented certificate with this index; the leaf is 0.
    Presented(usize),
    /// The pinned CA at the end of the path that was examined.
    Anchor,
}

/// What a code alone does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Where the bytes stop being a certificate.
    Malformed(Malformed),
    /// A fixed remark, such as the name of the limit that was passed.
    Remark(&'static str),
    /// Why and when a certificate was revoked, in Unix seconds.
    Revoked {
        /// The reason, where the CRL or responder gives one.
        reason: Option<RevocationReason>,
        /// Since when.
        date: i64,
    },
    /// More words: the other validator's, or where a CRL was found.
    Text(Box<str>),
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::Remark(text) => f.write_str(text),
            Self::Revoked { reason, date } => {
                let reason = reason.map_or("no reason given", RevocationReason::name);
                write!(f, "{reason}, since {}", Calendar::from_unix(*date).rfc3339())
            }
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Reason {
    pub(crate) fn new(code: Code, depth: u32, culprit: Culprit) -> Self {
        Self { code, depth: Some(depth), culprit, detail: None, tolerated: false }
    }

    pub(crate) fn of_connection(code: Code) -> Self {
        Self { code, depth: None, culprit: Culprit::None, detail: None, tolerated: false }
    }

    pub(crate) fn with(mut self, detail: impl Into<Option<Detail>>) -> Self {
        self.detail = detail.into();
        self
    }
}

/// TLS versions as far as they change what is sent to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2 and everything before it.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

/// What a table row says of a code.
struct Row {
    code: Code,
    name: &'static str,
    text: &'static str,
    openssl: (i32, &'static str),
    /// TLS 1.3, then TLS 1.2 and below.
    alert: (u8, u8),
    nginx_status: u16,
    iis_substatus: u8,
    class: Class,
}

/// Groups of codes, most urgent first: the order of primary reasons and of what is sent to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// Nothing can be said about the client.
    Internal,
    Absent,
    Form,
    /// What was brought back, a session or a ticket, is none of ours, or does not count any more.
    Session,
    /// The chain leads to no CA that is trusted here. Such a client learns nothing else.
    Trust,
    Signature,
    Revocation,
    Registration,
    Validity,
    Authority,
    Purpose,
    Strength,
    Constraint,
    /// Whether it was revoked cannot be said.
    RevocationUnknown,
    Identity,
    /// The host has to complete the verdict.
    Pending,
    Opinion,
    Unverified,
}

macro_rules! reasons {
    ($($number:literal $variant:ident $name:literal $text:literal,
        $x509:literal $x509_name:ident, $alert13:ident $alert12:ident, $nginx:literal $iis:literal, $class:ident;)*) => {
        /// The codes of all reasons. Numbers and names are stable; new ones may be added, so an unknown one is a refusal.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[repr(i32)]
        pub enum Code {
            $(#[doc = concat!("`", $name, "`: ", $text, ".")] $variant = $number,)*
        }

        static TABLE: &[Row] = &[
            $(Row {
                code: Code::$variant,
                name: $name,
                text: $text,
                openssl: ($x509, stringify!($x509_name)),
                alert: (alert::$alert13, alert::$alert12),
                nginx_status: $nginx,
                iis_substatus: $iis,
                class: Class::$class,
            },)*
        ];

        impl Code {
            fn row(self) -> &'static Row {
                // One row a variant in the order of the variants, as the macro writes both.
                const INDEX: &[Code] = &[$(Code::$variant),*];
                let index = INDEX.iter().position(|code| *code == self).unwrap_or(0);
                &TABLE[index]
            }
        }
    };
}

/// TLS alert descriptions (RFC 8446 section 6.2).
mod alert {
    pub(super) const HANDSHAKE_FAILURE: u8 = 40;
    pub(super) const BAD_CERTIFICATE: u8 = 42;
    pub(super) const UNSUPPORTED_CERTIFICATE: u8 = 43;
    pub(super) const CERTIFICATE_REVOKED: u8 = 44;
    pub(super) const CERTIFICATE_EXPIRED: u8 = 45;
    pub(super) const CERTIFICATE_UNKNOWN: u8 = 46;
    pub(super) const UNKNOWN_CA: u8 = 48;
    pub(super) const ACCESS_DENIED: u8 = 49;
    pub(super) const INTERNAL_ERROR: u8 = 80;
    pub(super) const CERTIFICATE_REQUIRED: u8 = 116;
}

reasons! {
    1 CertificateRequired "certificate_required" "the client presented no certificate",
        1 X509_V_ERR_UNSPECIFIED, CERTIFICATE_REQUIRED HANDSHAKE_FAILURE, 496 7, Absent;
    2 CertificateMalformed "certificate_malformed" "the certificate is not well-formed",
        41 X509_V_ERR_INVALID_EXTENSION, BAD_CERTIFICATE BAD_CERTIFICATE, 495 16, Form;
    3 ChainMalformed "chain_malformed" "what was presented is no list of certificates",
        1 X509_V_ERR_UNSPECIFIED, BAD_CERTIFICATE BAD_CERTIFICATE, 495 16, Form;
    4 ChainTooLarge "chain_too_large" "more or larger certificates were presented than is allowed",
        22 X509_V_ERR_CERT_CHAIN_TOO_LONG, BAD_CERTIFICATE BAD_CERTIFICATE, 495 16, Form;

    10 IssuerUnknown "issuer_unknown" "the chain ends at a certificate whose issuer is not trusted here",
        20 X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, UNKNOWN_CA UNKNOWN_CA, 495 16, Trust;
    11 LeafIssuerUnknown "leaf_issuer_unknown" "the certificate's issuer is not trusted here, and no other certificate was presented",
        21 X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, UNKNOWN_CA UNKNOWN_CA, 495 16, Trust;
    12 SelfSigned "self_signed" "the certificate is self-signed and not pinned",
        18 X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, UNKNOWN_CA UNKNOWN_CA, 495 16, Trust;
    13 SelfSignedInChain "self_signed_in_chain" "the chain ends at a self-signed certificate that is not pinned",
        19 X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, UNKNOWN_CA UNKNOWN_CA, 495 16, Trust;
    14 SearchExhausted "search_exhausted" "no path to a trusted CA was found within the limits of the search",
        20 X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, UNKNOWN_CA UNKNOWN_CA, 495 16, Trust;

    20 SignatureInvalid "signature_invalid" "the signature is not by the issuer's key",
        7 X509_V_ERR_CERT_SIGNATURE_FAILURE, UNKNOWN_CA UNKNOWN_CA, 495 16, Signature;
    21 SignatureAlgorithmUnsupported "signature_algorithm_unsupported" "the signature's algorithm is not supported",
        76 X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM, UNKNOWN_CA UNKNOWN_CA, 495 16, Signature;
    22 IssuerKeyUnsupported "issuer_key_unsupported" "the issuer's key cannot be used to check the signature",
        6 X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, UNKNOWN_CA UNKNOWN_CA, 495 16, Signature;

    30 CertificateRevoked "certificate_revoked" "the certificate was revoked",
        23 X509_V_ERR_CERT_REVOKED, CERTIFICATE_REVOKED CERTIFICATE_REVOKED, 495 13, Revocation;
    31 CrlMissing "crl_missing" "there is no CRL by this certificate's issuer",
        3 X509_V_ERR_UNABLE_TO_GET_CRL, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 13, RevocationUnknown;
    32 CrlExpired "crl_expired" "the CRL has expired",
        12 X509_V_ERR_CRL_HAS_EXPIRED, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 13, RevocationUnknown;
    33 CrlNotYetValid "crl_not_yet_valid" "the CRL is not valid yet",
        11 X509_V_ERR_CRL_NOT_YET_VALID, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 13, RevocationUnknown;
    34 CrlSignatureInvalid "crl_signature_invalid" "the CRL's signature is invalid, or of an unsupported kind",
        8 X509_V_ERR_CRL_SIGNATURE_FAILURE, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 13, RevocationUnknown;
    35 CrlIssuerUnfit "crl_issuer_unfit" "the CRL's issuer may not sign CRLs",
        35 X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 13, RevocationUnknown;
    36 CrlIssuerUnknown "crl_issuer_unknown" "the certificate of the CRL's issuer is missing, or leads to another CA",
        33 X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 13, RevocationUnknown;
    37 CrlUnsupported "crl_unsupported" "the CRL has a critical extension that is not understood",
        36 X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 13, RevocationUnknown;
    38 CrlScope "crl_scope" "the CRLs do not cover this certificate, or not every reason of revocation",
        44 X509_V_ERR_DIFFERENT_CRL_SCOPE, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 13, RevocationUnknown;

    40 CertificateNotYetValid "certificate_not_yet_valid" "the certificate is not valid yet",
        9 X509_V_ERR_CERT_NOT_YET_VALID, BAD_CERTIFICATE BAD_CERTIFICATE, 495 17, Validity;
    41 CertificateExpired "certificate_expired" "the certificate has expired",
        10 X509_V_ERR_CERT_HAS_EXPIRED, CERTIFICATE_EXPIRED CERTIFICATE_EXPIRED, 495 17, Validity;

    50 IssuerNotCa "issuer_not_ca" "the issuer's certificate is not a CA's",
        79 X509_V_ERR_INVALID_CA, UNKNOWN_CA UNKNOWN_CA, 495 16, Authority;
    51 IssuerKeyUsage "issuer_key_usage" "the issuer's key may not sign certificates",
        32 X509_V_ERR_KEYUSAGE_NO_CERTSIGN, UNKNOWN_CA UNKNOWN_CA, 495 16, Authority;
    52 PathLengthExceeded "path_length_exceeded" "a CA's path length constraint is exceeded",
        25 X509_V_ERR_PATH_LENGTH_EXCEEDED, UNKNOWN_CA UNKNOWN_CA, 495 16, Authority;
    53 ChainTooLong "chain_too_long" "there are more intermediate certificates than `depth` allows",
        22 X509_V_ERR_CERT_CHAIN_TOO_LONG, UNKNOWN_CA UNKNOWN_CA, 495 16, Authority;
    54 IssuerVersion "issuer_version" "an intermediate CA's certificate is not of version 3",
        79 X509_V_ERR_INVALID_CA, UNKNOWN_CA UNKNOWN_CA, 495 16, Authority;

    60 ExtendedKeyUsage "extended_key_usage" "the extended key usage does not allow this purpose",
        26 X509_V_ERR_INVALID_PURPOSE, UNSUPPORTED_CERTIFICATE UNSUPPORTED_CERTIFICATE, 495 16, Purpose;
    61 KeyUsage "key_usage" "the key usage does not allow to authenticate",
        26 X509_V_ERR_INVALID_PURPOSE, UNSUPPORTED_CERTIFICATE UNSUPPORTED_CERTIFICATE, 495 16, Purpose;
    62 VersionRefused "version_refused" "certificates of version 1 are refused here",
        26 X509_V_ERR_INVALID_PURPOSE, UNSUPPORTED_CERTIFICATE UNSUPPORTED_CERTIFICATE, 495 16, Purpose;
    63 CaAsLeaf "ca_as_leaf" "a CA's certificate is refused as a client's here",
        37 X509_V_ERR_INVALID_NON_CA, UNSUPPORTED_CERTIFICATE UNSUPPORTED_CERTIFICATE, 495 16, Purpose;

    64 SubjectMissing "subject_missing" "the subject is empty, and the subject alternative names are absent or not critical",
        88 X509_V_ERR_EMPTY_SUBJECT_SAN_NOT_CRITICAL, BAD_CERTIFICATE BAD_CERTIFICATE, 495 16, Purpose;

    70 LeafKeyTooWeak "leaf_key_too_weak" "the certificate's key is too weak or of an unsupported kind",
        66 X509_V_ERR_EE_KEY_TOO_SMALL, BAD_CERTIFICATE BAD_CERTIFICATE, 495 16, Strength;
    71 CaKeyTooWeak "ca_key_too_weak" "a CA's key is too weak",
        67 X509_V_ERR_CA_KEY_TOO_SMALL, BAD_CERTIFICATE BAD_CERTIFICATE, 495 16, Strength;
    72 SignatureAlgorithmWeak "signature_algorithm_weak" "the signature's digest is too weak",
        68 X509_V_ERR_CA_MD_TOO_WEAK, BAD_CERTIFICATE BAD_CERTIFICATE, 495 16, Strength;

    80 CriticalExtension "critical_extension" "a critical extension is not understood",
        34 X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 16, Constraint;
    81 NameNotPermitted "name_not_permitted" "a name is outside of what a CA is permitted to certify",
        47 X509_V_ERR_PERMITTED_VIOLATION, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 16, Constraint;
    82 NameExcluded "name_excluded" "a name is in what a CA is forbidden to certify",
        48 X509_V_ERR_EXCLUDED_VIOLATION, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 16, Constraint;
    83 NameConstraintUnsupported "name_constraint_unsupported" "a name constraint is of a kind or form that is not supported",
        51 X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 16, Constraint;
    84 NameConstraintLimit "name_constraint_limit" "names and constraints are too many to compare",
        1 X509_V_ERR_UNSPECIFIED, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 16, Constraint;
    85 PolicyRequired "policy_required" "no certificate policy is valid for the whole path, and one is required",
        43 X509_V_ERR_NO_EXPLICIT_POLICY, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 16, Constraint;
    86 PolicyInvalid "policy_invalid" "the certificate policy extensions contradict RFC 5280",
        42 X509_V_ERR_INVALID_POLICY_EXTENSION, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 16, Constraint;
    87 TlsFeatureMissing "tls_feature_missing" "a TLS feature that the issuer's certificate has is missing",
        41 X509_V_ERR_INVALID_EXTENSION, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 16, Constraint;

    90 ValidatorsDisagree "validators_disagree" "the second validator refuses what the first accepts; this is an alarm",
        50 X509_V_ERR_APPLICATION_VERIFICATION, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 16, Opinion;
    91 SecondOpinionMissing "second_opinion_missing" "the second validator cannot judge this path, and `second_opinion` is strict",
        50 X509_V_ERR_APPLICATION_VERIFICATION, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 16, Opinion;
    92 NotVerified "not_verified" "this mode takes any certificate and verifies none",
        50 X509_V_ERR_APPLICATION_VERIFICATION, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 16, Unverified;

    100 KeyNotRegistered "key_not_registered" "the key is not registered to a user",
        27 X509_V_ERR_CERT_UNTRUSTED, ACCESS_DENIED ACCESS_DENIED, 495 16, Registration;

    101 RegistrationDisabled "registration_disabled" "the key's registration is disabled",
        28 X509_V_ERR_CERT_REJECTED, ACCESS_DENIED ACCESS_DENIED, 495 16, Registration;
    102 RegistrationRevoked "registration_revoked" "the key's registration was revoked",
        23 X509_V_ERR_CERT_REVOKED, ACCESS_DENIED ACCESS_DENIED, 495 13, Registration;
    103 RegistrationNotYetValid "registration_not_yet_valid" "the key's registration is not valid yet",
        28 X509_V_ERR_CERT_REJECTED, ACCESS_DENIED ACCESS_DENIED, 495 17, Registration;
    104 RegistrationExpired "registration_expired" "the key's registration has expired",
        28 X509_V_ERR_CERT_REJECTED, ACCESS_DENIED ACCESS_DENIED, 495 17, Registration;
    105 RegistrationOtherCa "registration_other_ca" "the key is registered for certificates of another CA",
        28 X509_V_ERR_CERT_REJECTED, ACCESS_DENIED ACCESS_DENIED, 495 16, Registration;
    106 RegistryUnavailable "registry_unavailable" "the registry has been out of reach for too long",
        50 X509_V_ERR_APPLICATION_VERIFICATION, INTERNAL_ERROR INTERNAL_ERROR, 495 16, Registration;
    107 AmbiguousIdentity "ambiguous_identity" "the certificate names the user in more than one way, or in a way that cannot be trusted",
        28 X509_V_ERR_CERT_REJECTED, ACCESS_DENIED ACCESS_DENIED, 495 16, Identity;
    108 IdentityUnknown "identity_unknown" "no identity rule names a user for this certificate",
        28 X509_V_ERR_CERT_REJECTED, ACCESS_DENIED ACCESS_DENIED, 495 16, Identity;
    109 IdentityWeak "identity_weak" "the rule that names the user is weak, and `identity_strength` is strong",
        28 X509_V_ERR_CERT_REJECTED, ACCESS_DENIED ACCESS_DENIED, 495 16, Identity;

    110 RegistrationPending "registration_pending" "the host has not yet looked the key up",
        50 X509_V_ERR_APPLICATION_VERIFICATION, ACCESS_DENIED ACCESS_DENIED, 495 16, Pending;
    111 OcspPending "ocsp_pending" "no OCSP response has been given for this certificate yet",
        73 X509_V_ERR_OCSP_VERIFY_NEEDED, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 13, Pending;

    120 InternalError "internal_error" "the verification failed inside the library",
        1 X509_V_ERR_UNSPECIFIED, INTERNAL_ERROR INTERNAL_ERROR, 495 16, Internal;

    130 OcspMissing "ocsp_missing" "there is no OCSP response for this certificate, and nobody to ask",
        73 X509_V_ERR_OCSP_VERIFY_NEEDED, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 13, RevocationUnknown;
    131 OcspMalformed "ocsp_malformed" "the OCSP response is not well-formed",
        74 X509_V_ERR_OCSP_VERIFY_FAILED, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 13, RevocationUnknown;
    132 OcspRefused "ocsp_refused" "the OCSP responder did not answer the question",
        74 X509_V_ERR_OCSP_VERIFY_FAILED, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 13, RevocationUnknown;
    133 OcspSignatureInvalid "ocsp_signature_invalid" "the OCSP response's signature is invalid, or of an unsupported kind",
        74 X509_V_ERR_OCSP_VERIFY_FAILED, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 13, RevocationUnknown;
    134 OcspResponderUnfit "ocsp_responder_unfit" "the OCSP response is signed by somebody who may not answer for this issuer",
        74 X509_V_ERR_OCSP_VERIFY_FAILED, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 13, RevocationUnknown;
    135 OcspOtherCertificate "ocsp_other_certificate" "the OCSP response is about other certificates",
        74 X509_V_ERR_OCSP_VERIFY_FAILED, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 13, RevocationUnknown;
    136 OcspNotYetValid "ocsp_not_yet_valid" "the OCSP response is not valid yet",
        74 X509_V_ERR_OCSP_VERIFY_FAILED, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 13, RevocationUnknown;
    137 OcspExpired "ocsp_expired" "the OCSP response is too old",
        74 X509_V_ERR_OCSP_VERIFY_FAILED, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 13, RevocationUnknown;
    138 OcspNonce "ocsp_nonce" "the OCSP response does not repeat the nonce of the question",
        74 X509_V_ERR_OCSP_VERIFY_FAILED, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 13, RevocationUnknown;
    139 OcspUnknown "ocsp_unknown" "the OCSP responder does not know the certificate",
        75 X509_V_ERR_OCSP_CERT_UNKNOWN, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 13, RevocationUnknown;

    140 SessionInvalid "session_invalid" "the resumed session has no record that was made here, under this policy and for this host",
        28 X509_V_ERR_CERT_REJECTED, BAD_CERTIFICATE BAD_CERTIFICATE, 495 16, Session;
    141 SessionExpired "session_expired" "the handshake that the resumed session comes from is too long ago",
        28 X509_V_ERR_CERT_REJECTED, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 16, Session;
    142 TicketInvalid "ticket_invalid" "the ticket of another host was not made for this host and this browser",
        28 X509_V_ERR_CERT_REJECTED, BAD_CERTIFICATE BAD_CERTIFICATE, 495 16, Session;
    143 TicketExpired "ticket_expired" "the ticket of another host is too old",
        28 X509_V_ERR_CERT_REJECTED, BAD_CERTIFICATE BAD_CERTIFICATE, 495 16, Session;
    144 TicketUsed "ticket_used" "the ticket of another host was used before",
        28 X509_V_ERR_CERT_REJECTED, BAD_CERTIFICATE BAD_CERTIFICATE, 495 16, Session;
    145 UntrustedProxy "untrusted_proxy" "the certificate was forwarded by a peer that is no trusted proxy",
        28 X509_V_ERR_CERT_REJECTED, ACCESS_DENIED ACCESS_DENIED, 495 16, Form;
    146 ForwardedMalformed "forwarded_malformed" "what the proxy forwarded is not well-formed",
        28 X509_V_ERR_CERT_REJECTED, BAD_CERTIFICATE BAD_CERTIFICATE, 495 16, Form;
    147 ForwardedIncomplete "forwarded_incomplete" "the proxy says that there is a certificate, and does not forward it",
        28 X509_V_ERR_CERT_REJECTED, CERTIFICATE_UNKNOWN CERTIFICATE_UNKNOWN, 495 16, Form;
    148 ForwardedNotVerified "forwarded_not_verified" "the proxy does not say that it verified the certificate",
        27 X509_V_ERR_CERT_UNTRUSTED, UNKNOWN_CA UNKNOWN_CA, 495 16, Trust;
}

impl Code {
    /// Every code, in the order of their numbers.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        TABLE.iter().map(|row| row.code)
    }

    /// The code with this number.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::all().find(|code| *code as i32 == number)
    }

    /// The code of this name; OpenSSL's names (`X509_V_ERR_CERT_HAS_EXPIRED`) and numbers (`10`) are names too, and
    /// may stand for several codes.
    pub fn named(name: &str) -> Vec<Self> {
        let number = name.parse::<i32>().ok();
        let matches =
            |row: &&Row| row.name == name || row.openssl.1.eq_ignore_ascii_case(name) || number == Some(row.openssl.0);
        TABLE.iter().filter(matches).map(|row| row.code).collect()
    }

    /// The stable name, such as `certificate_expired`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The text in English.
    pub fn text(self) -> &'static str {
        self.row().text
    }

    /// OpenSSL's number, an `X509_V_ERR_…` of OpenSSL 3.
    pub fn openssl_number(self) -> i32 {
        self.row().openssl.0
    }

    /// OpenSSL's name, such as `X509_V_ERR_CERT_HAS_EXPIRED`.
    pub fn openssl_name(self) -> &'static str {
        self.row().openssl.1
    }

    /// The text that OpenSSL 3 prints for its number, which nginx and Apache show after `FAILED:`.
    pub fn openssl_text(self) -> &'static str {
        OPENSSL_TEXTS.iter().find(|(number, _)| *number == self.openssl_number()).map_or("unknown", |(_, text)| text)
    }

    /// The TLS alert that says it to the client (RFC 8446 section 6.2, RFC 5246 section 7.2).
    pub fn alert(self, version: TlsVersion) -> u8 {
        let (tls13, tls12) = self.row().alert;
        match version {
            TlsVersion::Tls13 => tls13,
            TlsVersion::Tls12 => tls12,
        }
    }

    /// nginx's internal status: 496 for a missing certificate, else 495.
    pub fn nginx_status(self) -> u16 {
        self.row().nginx_status
    }

    /// The sub-status of IIS's 403: 7 required, 13 revoked, 16 untrusted or invalid, 17 expired or not yet valid.
    pub fn iis_substatus(self) -> u8 {
        self.row().iis_substatus
    }

    /// Whether `tolerate` may name it.
    pub fn is_tolerable(self) -> bool {
        !matches!(
            self,
            Self::CertificateRequired
                | Self::CertificateMalformed
                | Self::ChainMalformed
                | Self::ChainTooLarge
                | Self::SignatureInvalid
                | Self::SignatureAlgorithmUnsupported
                | Self::IssuerKeyUnsupported
                | Self::CertificateRevoked
                | Self::CrlSignatureInvalid
                | Self::OcspSignatureInvalid
                | Self::RegistrationRevoked
                | Self::RegistrationPending
                | Self::OcspPending
                | Self::ValidatorsDisagree
                | Self::SessionInvalid
                | Self::SessionExpired
                | Self::TicketInvalid
                | Self::TicketExpired
                | Self::TicketUsed
                | Self::InternalError
                | Self::UntrustedProxy
                | Self::ForwardedMalformed
                | Self::ForwardedIncomplete
        )
    }

    /// The rank of a reason among others: the lowest is primary. Groups come in the order internal error, no certificate,
    /// form, session, trust, signature, revoked, registration, validity, authority of the CAs, purpose, strength, constraints,
    /// revocation unknown, identity, pending, second opinion; within a group by number.
    pub fn rank(self) -> (u8, i32) {
        (self.row().class as u8, self as i32)
    }

    /// Whether it means that the certificate is revoked, or that nobody can say whether it is.
    pub fn is_about_revocation(self) -> bool {
        matches!(self.row().class, Class::Revocation | Class::RevocationUnknown) || self == Self::OcspPending
    }

    /// Whether it means that the host has to complete the verdict.
    pub fn is_pending(self) -> bool {
        self.row().class == Class::Pending
    }

    /// Whether it means that an accepted certificate does not say who the client is.
    pub fn is_about_identity(self) -> bool {
        self.row().class == Class::Identity
    }

    /// Whether it means that the chain leads to no CA that is trusted here.
    pub fn is_trust_failure(self) -> bool {
        self.row().class == Class::Trust
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `X509_verify_cert_error_string` of OpenSSL 3.0 to 3.6 for the numbers in the table.
static OPENSSL_TEXTS: &[(i32, &str)] = &[
    (1, "unspecified certificate verification error"),
    (3, "unable to get certificate CRL"),
    (6, "unable to decode issuer public key"),
    (7, "certificate signature failure"),
    (8, "CRL signature failure"),
    (9, "certificate is not yet valid"),
    (10, "certificate has expired"),
    (11, "CRL is not yet valid"),
    (12, "CRL has expired"),
    (18, "self-signed certificate"),
    (19, "self-signed certificate in certificate chain"),
    (20, "unable to get local issuer certificate"),
    (21, "unable to verify the first certificate"),
    (22, "certificate chain too long"),
    (23, "certificate revoked"),
    (25, "path length constraint exceeded"),
    (26, "unsuitable certificate purpose"),
    (27, "certificate not trusted"),
    (28, "certificate rejected"),
    (32, "key usage does not include certificate signing"),
    (33, "unable to get CRL issuer certificate"),
    (34, "unhandled critical extension"),
    (35, "key usage does not include CRL signing"),
    (36, "unhandled critical CRL extension"),
    (37, "invalid non-CA certificate (has CA markings)"),
    (41, "invalid or inconsistent certificate extension"),
    (42, "invalid or inconsistent certificate policy extension"),
    (43, "no explicit policy"),
    (44, "different CRL scope"),
    (47, "permitted subtree violation"),
    (48, "excluded subtree violation"),
    (50, "application verification failure"),
    (51, "unsupported name constraint type"),
    (66, "EE certificate key too weak"),
    (67, "CA certificate key too weak"),
    (68, "CA signature digest algorithm too weak"),
    (73, "OCSP verification needed"),
    (74, "OCSP verification failed"),
    (75, "OCSP unknown cert"),
    (76, "Cannot find certificate signature algorithm"),
    (79, "invalid CA certificate"),
    (88, "Subject empty and Subject Alt Name extension not critical"),
];

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::Abstention;
    use super::*;

    #[test]
    fn the_table_is_ordered_and_complete() {
        let numbers: Vec<i32> = Code::all().map(|code| code as i32).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b));
        for code in Code::all() {
            assert_eq!(Code::from_number(code as i32), Some(code));
            assert!(Code::named(code.name()).contains(&code));
            assert_ne!(code.openssl_text(), "unknown", "{code}");
            assert!(matches!(code.nginx_status(), 495 | 496));
            assert!(matches!(code.iis_substatus(), 7 | 13 | 16 | 17));
        }
    }

    /// The page of documentation, made from the tables.
    fn page() -> String {
        let mut page = String::from(INTRODUCTION);
        for code in Code::all() {
            let (tls13, tls12) = (code.alert(TlsVersion::Tls13), code.alert(TlsVersion::Tls12));
            let alert = if tls13 == tls12 { tls13.to_string() } else { format!("{tls13}; {tls12} below TLS 1.3") };
            writeln!(
                page,
                "| {} | `{code}` | {} | {} {} | {alert} | {} | 403.{} | {} |",
                code as i32,
                code.text(),
                code.openssl_number(),
                code.openssl_name().trim_start_matches("X509_V_ERR_"),
                code.nginx_status(),
                code.iis_substatus(),
                if code.is_tolerable() { "yes" } else { "never" },
            )
            .unwrap();
        }
        page.push_str("\n## The order\n\nThe first of these is primary, and what is sent to the client:\n\n");
        let mut codes: Vec<Code> = Code::all().collect();
        codes.sort_by_key(|code| code.rank());
        for (place, code) in (1..).zip(codes) {
            writeln!(page, "{place}. `{code}`").unwrap();
        }
        page.push_str(ABSTENTIONS);
        for why in Abstention::ALL {
            writeln!(page, "| `{}` | {} |", why.name(), why.text()).unwrap();
        }
        page
    }

    const INTRODUCTION: &str = "# Reasons\n\n\
        A verdict has *every* reason, each with its depth and the certificate to blame. Numbers and names are stable; new\n\
        ones may be added, so treat one that you do not know as a refusal. What `tolerate` names lets a connection go on,\n\
        and never makes a verdict `SUCCESS`.\n\n\
        | number | name | text | X509_V_ERR | TLS alert | nginx | IIS | tolerable |\n\
        | --- | --- | --- | --- | --- | --- | --- | --- |\n";
    const ABSTENTIONS: &str = "\n## The second opinion\n\n\
        webpki is asked about the one path that our validator accepts. Where it refuses, the client is refused with\n\
        `validators_disagree`, which is an alarm. Where the path is outside of what it can judge, it abstains, the verdict says\n\
        why, and with `second_opinion = strict` the client is refused with `second_opinion_missing`:\n\n\
        | abstention | why |\n| --- | --- |\n";

    #[test]
    fn the_documentation_is_fresh() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reasons.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, page()).unwrap();
        }
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert!(found == page(), "docs/reasons.md is stale: UPDATE_DOCS=1 cargo test --lib documentation");
    }

    #[test]
    fn an_absent_certificate_alerts_by_version() {
        assert_eq!(Code::CertificateRequired.alert(TlsVersion::Tls13), 116);
        assert_eq!(Code::CertificateRequired.alert(TlsVersion::Tls12), 40);
    }

    #[test]
    fn a_signature_that_was_not_found_good_is_never_tolerable() {
        for code in [
            Code::SignatureInvalid,
            Code::SignatureAlgorithmUnsupported,
            Code::IssuerKeyUnsupported,
            Code::CrlSignatureInvalid,
            Code::OcspSignatureInvalid,
        ] {
            assert!(!code.is_tolerable(), "{code}");
        }
    }

    #[test]
    fn trust_comes_before_every_defect_of_a_leaf() {
        let defects = [Code::CertificateExpired, Code::ExtendedKeyUsage, Code::LeafKeyTooWeak, Code::NameExcluded];
        for defect in defects {
            assert!(Code::IssuerUnknown.rank() < defect.rank());
        }
    }
}
