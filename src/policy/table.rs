//! The options: one row each. A new option is a row here, a key in `options.rs`, and its use in `settings.rs`.

use super::options::{Alias, ForeignWord, Key, Kind, OptionInfo, System, Word};
use super::requests::CHALLENGES;
use crate::verify::MAX_CERTIFICATES;

// Far below the largest u32, as a test asserts.
#[allow(clippy::cast_possible_truncation)]
const MOST_CERTIFICATES: u32 = MAX_CERTIFICATES as u32;

const HANDSHAKE: &[(&str, &str)] = &[("enforcement", "handshake")];
const REQUEST: &[(&str, &str)] = &[("enforcement", "request")];

const fn word(name: &'static str, help: &'static str) -> Word {
    Word { name, help }
}

const fn alias(system: System, name: &'static str) -> Alias {
    Alias { system, name, surplus: 0 }
}

const fn says(
    system: System,
    name: &'static str,
    value: &'static str,
    implies: &'static [(&'static str, &'static str)],
) -> ForeignWord {
    ForeignWord { system, name, value, implies }
}

pub(super) static OPTIONS: &[OptionInfo] = &[
    OptionInfo {
        key: Key::Mode,
        name: "mode",
        kind: Kind::Choice {
            words: &[
                word("off", "the client is not asked for a certificate"),
                word("optional", "the client is asked and may have none; one that it presents must be good"),
                word("optional_no_ca", "as `optional`, and what `tolerate` names lets a connection go on, unverified"),
                word("require", "the client is asked and must present a good certificate"),
                word("request_any", "the client is asked and may have none; nothing is verified but the form"),
                word("require_any", "the client is asked and must present one; nothing is verified but the form"),
                word("deferred", "the client is asked later, when a request needs it; what it presents must be good"),
            ],
            foreign: &[
                says(System::Nginx, "off", "off", REQUEST),
                says(System::Nginx, "optional", "optional", REQUEST),
                says(System::Nginx, "optional_no_ca", "optional_no_ca", REQUEST),
                says(System::Nginx, "on", "require", REQUEST),
                says(System::Apache, "none", "off", HANDSHAKE),
                says(System::Apache, "optional", "optional", HANDSHAKE),
                says(System::Apache, "optional_no_ca", "optional_no_ca", HANDSHAKE),
                says(System::Apache, "require", "require", HANDSHAKE),
                says(System::Haproxy, "none", "off", HANDSHAKE),
                says(System::Haproxy, "optional", "optional", HANDSHAKE),
                says(System::Haproxy, "required", "require", HANDSHAKE),
                says(System::Java, "none", "off", HANDSHAKE),
                says(System::Java, "want", "optional", HANDSHAKE),
                says(System::Java, "need", "require", HANDSHAKE),
                says(System::Tomcat, "none", "off", HANDSHAKE),
                says(System::Tomcat, "optional", "optional", HANDSHAKE),
                says(System::Tomcat, "optionalNoCA", "optional_no_ca", HANDSHAKE),
                says(System::Tomcat, "required", "require", HANDSHAKE),
                says(System::Iis, "ignore", "off", REQUEST),
                says(System::Iis, "accept", "optional", REQUEST),
                says(System::Iis, "require", "require", REQUEST),
                says(System::Go, "NoClientCert", "off", HANDSHAKE),
                says(System::Go, "RequestClientCert", "request_any", HANDSHAKE),
                says(System::Go, "RequireAnyClientCert", "require_any", HANDSHAKE),
                says(System::Go, "VerifyClientCertIfGiven", "optional", HANDSHAKE),
                says(System::Go, "RequireAndVerifyClientCert", "require", HANDSHAKE),
                says(System::Python, "CERT_NONE", "off", HANDSHAKE),
                says(System::Python, "CERT_OPTIONAL", "optional", HANDSHAKE),
                says(System::Python, "CERT_REQUIRED", "require", HANDSHAKE),
                says(System::Python, "post_handshake_auth", "deferred", HANDSHAKE),
                says(System::OpenSsl, "SSL_VERIFY_NONE", "off", HANDSHAKE),
                says(System::OpenSsl, "SSL_VERIFY_PEER", "optional", HANDSHAKE),
                says(System::OpenSsl, "SSL_VERIFY_PEER|SSL_VERIFY_FAIL_IF_NO_PEER_CERT", "require", HANDSHAKE),
                says(System::OpenSsl, "SSL_VERIFY_FAIL_IF_NO_PEER_CERT", "require", HANDSHAKE),
                says(System::OpenSsl, "SSL_VERIFY_PEER|SSL_VERIFY_POST_HANDSHAKE", "deferred", HANDSHAKE),
                says(System::OpenSsl, "SSL_VERIFY_POST_HANDSHAKE", "deferred", HANDSHAKE),
            ],
        },
        default: "require",
        help: "whether the client is asked for a certificate, and must have a good one",
        details: "`optional`, `optional_no_ca`, `require` and `deferred` verify, and need `ca`. `request_any` and \
                  `require_any` verify nothing: every certificate is `FAILED: not_verified`, and accepted. \
                  IIS's words are read as where it negotiates in the handshake; as shipped it asks later, which is \
                  `deferred` here.",
        aliases: &[
            alias(System::Nginx, "ssl_verify_client"),
            alias(System::Apache, "SSLVerifyClient"),
            alias(System::Haproxy, "verify"),
            alias(System::Go, "ClientAuth"),
            alias(System::Java, "client-auth"),
            alias(System::Tomcat, "certificateVerification"),
            alias(System::Python, "verify_mode"),
        ],
        decides: true,
    },
    OptionInfo {
        key: Key::Enforcement,
        name: "enforcement",
        kind: Kind::Choice {
            words: &[
                word("request", "the handshake completes, and the answer to every request can say why not"),
                word("handshake", "a fatal alert ends the handshake"),
            ],
            foreign: &[],
        },
        default: "request",
        help: "where a failure is felt: in the answer to a request, or as an alert in the handshake",
        details: "A browser shows an alert as a page of its own that explains nothing, so the default is what nginx and IIS \
                  do. Under `request` a verdict that is not accepted still ends every request.",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::Trust,
        name: "trust",
        kind: Kind::Choice {
            words: &[
                word("ca", "a valid path to a pinned CA"),
                word("key", "the key is registered to a user"),
                word("ca+key", "both"),
                word("ca|key", "either"),
            ],
            foreign: &[],
        },
        default: "ca",
        help: "what makes a certificate acceptable",
        details: "All forms but `ca` need a `registry`. Under `key` the chain does not matter and `ca` is needed only for \
                  registrations that name a CA: self-signed certificates and those of version 1 are fine, and validity, \
                  usage and strength of the client's own certificate still count. Under `ca|key` a registration never \
                  rescues a certificate that its trusted issuer revoked, or about whose revocation nobody can say \
                  anything, and a registration that was revoked refuses the certificate though its CA vouches for it. \
                  See [identity.md](identity.md).",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::Ca,
        name: "ca",
        kind: Kind::Certificates,
        default: "",
        help: "the CAs to trust: PEM or DER, in a file, a folder or the files that a pattern matches",
        details: "Every setting adds to those before it. Of a folder, the files `*.pem`, `*.crt`, `*.cer`, `*.der` and \
                  those with OpenSSL's hashed names (`1a2b3c4d.0`) are read, not those in folders below it; a folder, \
                  file or pattern without a certificate is an error, and so is a private key among them. What a pattern \
                  (`*`, `?`, `[…]`) matches is read as if it had been named. Text around PEM blocks is ignored, as OpenSSL \
                  does. A value that begins with `-----BEGIN` is PEM itself. A relative path is relative to the \
                  working directory at the time of the setting, in a TOML file to the folder of that file.",
        aliases: &[
            alias(System::Nginx, "ssl_client_certificate"),
            alias(System::Apache, "SSLCACertificateFile"),
            alias(System::Apache, "SSLCACertificatePath"),
            alias(System::Haproxy, "ca-file"),
            alias(System::OpenSsl, "CAfile"),
            alias(System::OpenSsl, "CApath"),
            alias(System::Tomcat, "caCertificateFile"),
            alias(System::Tomcat, "caCertificatePath"),
        ],
        decides: true,
    },
    OptionInfo {
        key: Key::CaHints,
        name: "ca_hints",
        kind: Kind::Choice {
            words: &[
                word("send", "the names of the CAs are sent, so that a browser offers only certificates of theirs"),
                word("none", "no names are sent: the client chooses among all of its certificates"),
            ],
            foreign: &[],
        },
        default: "send",
        help: "whether a CertificateRequest names the CAs",
        details: "Names that are together larger than a CertificateRequest can carry (64000 bytes) are not sent at all, \
                  with a warning.",
        aliases: &[],
        decides: false,
    },
    OptionInfo {
        key: Key::Tolerate,
        name: "tolerate",
        kind: Kind::Reasons,
        default: "none",
        help: "reasons that let a connection go on, though the certificate stays FAILED",
        details: "Names of reasons (`certificate_expired`), OpenSSL's names (`X509_V_ERR_CERT_HAS_EXPIRED`) or their \
                  numbers (`10`). The default under `optional_no_ca` is nginx's list and an unregistered key: \
                  `self_signed`, `self_signed_in_chain`, `issuer_unknown`, `leaf_issuer_unknown`, `search_exhausted`, \
                  `key_not_registered`. A connection goes on only if every reason is tolerated. Never tolerated are \
                  certificates that cannot be read, bad signatures, revoked certificates, a missing certificate, and \
                  failures of the library. `all` stands for everything else. HAProxy's `crt-ignore-err` means the \
                  client's certificate alone; here a reason is tolerated in every certificate of the chain.",
        aliases: &[alias(System::Haproxy, "crt-ignore-err")],
        decides: true,
    },
    OptionInfo {
        key: Key::Eku,
        name: "eku",
        kind: Kind::Purposes(&[
            word("client_auth", "`clientAuth`, where the certificate has an extended key usage at all"),
            word("client_auth_required", "`clientAuth`; a certificate without the extension is refused"),
            word("client_or_server_auth", "`clientAuth` or `serverAuth`, where the certificate has the extension"),
            word("any", "the extension is not looked at"),
        ]),
        default: "client_auth",
        help: "the extended key usage that a client's certificate must have",
        details: "With object identifiers, such as `1.3.6.1.4.1.311.20.2.2`, one of them must be among the certificate's, \
                  where it has the extension.",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::Depth,
        name: "depth",
        kind: Kind::Number { minimum: 0, maximum: 255, unit: "intermediate certificates" },
        default: "10",
        help: "how many intermediate certificates may stand between the client's and the pinned one",
        details: "As OpenSSL and nginx count: 0 allows what a pinned CA signed itself. Apache counts the CA too, so \
                  `SSLVerifyDepth 1` is `depth` 0 here.",
        aliases: &[
            alias(System::Nginx, "ssl_verify_depth"),
            Alias { system: System::Apache, name: "SSLVerifyDepth", surplus: 1 },
            alias(System::OpenSsl, "verify_depth"),
        ],
        decides: true,
    },
    OptionInfo {
        key: Key::MinRsaBits,
        name: "min_rsa_bits",
        kind: Kind::Number { minimum: 1024, maximum: 8192, unit: "bits" },
        default: "2048",
        help: "the shortest RSA key that is accepted, in the client's certificate and in intermediate CAs'",
        details: "A pinned certificate with a shorter key is used, with a warning.",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::MinEcBits,
        name: "min_ec_bits",
        kind: Kind::Number { minimum: 224, maximum: 521, unit: "bits" },
        default: "256",
        help: "the shortest elliptic-curve key that is accepted, in the client's certificate and in intermediate CAs'",
        details: "A pinned certificate with a shorter key is used, with a warning.",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::Sha1,
        name: "sha1",
        kind: Kind::Choice {
            words: &[
                word("refuse", "a signature over a SHA-1 digest is refused"),
                word("allow", "it is accepted, though such signatures can be forged"),
            ],
            foreign: &[],
        },
        default: "refuse",
        help: "whether signatures with SHA-1 are accepted",
        details: "A pinned certificate's own signature is never looked at, so old CAs keep working.",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::TimeSkew,
        name: "time_skew",
        kind: Kind::Number { minimum: 0, maximum: 86_400, unit: "seconds" },
        default: "0",
        help: "how far clocks may be apart: every validity begins earlier and ends later by this much",
        details: "",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::Crl,
        name: "crl",
        kind: Kind::RevocationLists,
        default: "",
        help: "CRLs: PEM or DER, in a file, a folder or the files that a pattern matches",
        details: "Every setting adds to those before it. Of a folder, the files `*.crl`, `*.pem`, `*.der` and those with \
                  OpenSSL's hashed names (`1a2b3c4d.r0`) are read; a folder, file or pattern without a CRL is an error. \
                  Otherwise as `ca`. At a reload, a file that changed is read again and the others are not; one that \
                  cannot be read replaces nothing, and a CRL that is older than the one in use is not used, with a \
                  warning. See [revocation](revocation.md).",
        aliases: &[
            alias(System::Nginx, "ssl_crl"),
            alias(System::Apache, "SSLCARevocationFile"),
            alias(System::Apache, "SSLCARevocationPath"),
            alias(System::Haproxy, "crl-file"),
            alias(System::OpenSsl, "CRLfile"),
            alias(System::Tomcat, "certificateRevocationListFile"),
            alias(System::Tomcat, "certificateRevocationListPath"),
        ],
        decides: true,
    },
    OptionInfo {
        key: Key::CrlCheck,
        name: "crl_check",
        kind: Kind::Choice {
            words: &[
                word("off", "CRLs are not looked at"),
                word("leaf", "the client's certificate is looked up"),
                word("chain", "every certificate of the path is looked up, but for the pinned one"),
            ],
            foreign: &[
                says(System::Apache, "none", "off", &[]),
                says(System::Apache, "leaf", "leaf", &[]),
                says(System::Apache, "leaf no_crl_for_cert_ok", "leaf", &[("crl_missing", "allow")]),
                says(System::Apache, "chain", "chain", &[]),
                says(System::Apache, "chain no_crl_for_cert_ok", "chain", &[("crl_missing", "allow")]),
            ],
        },
        default: "chain",
        help: "which certificates are looked up in the CRLs, where `crl` names any",
        details: "Set to `leaf` or `chain` without `crl`, it is an error: there is nothing to look them up in.",
        aliases: &[alias(System::Apache, "SSLCARevocationCheck")],
        decides: true,
    },
    OptionInfo {
        key: Key::CrlMissing,
        name: "crl_missing",
        kind: Kind::Choice {
            words: &[
                word("fail", "a certificate that no CRL covers is refused"),
                word("allow", "a certificate that no CRL covers is taken as not revoked: this fails open"),
            ],
            foreign: &[],
        },
        default: "fail",
        help: "what happens to a certificate that no CRL covers",
        details: "A CRL does not cover a certificate where it is by another issuer, or excludes it by its scope. One that is \
                  expired, not valid yet, badly signed or not understood refuses whatever this says.",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::CrlExpired,
        name: "crl_expired",
        kind: Kind::WordOrNumber {
            words: &[
                word("fail", "a CRL whose nextUpdate has passed covers nothing"),
                word("allow", "a CRL is used however old it is: this fails open"),
            ],
            maximum: 31_536_000,
            unit: "seconds of grace",
        },
        default: "fail",
        help: "what happens when a CRL is past its nextUpdate",
        details: "A number is how many seconds longer it is used. What an expired CRL revokes stays revoked in any case.",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::CrlIssuer,
        name: "crl_issuer",
        kind: Kind::Certificates,
        default: "",
        help: "certificates of CRL issuers that clients do not present: intermediate CAs, and those of indirect CRLs",
        details: "They are not trusted for being named here: each must lead to the pinned CA that the client's certificate \
                  leads to. With them a CRL's signature is checked when it is loaded; without, at the first handshake \
                  that shows its issuer. As `ca` otherwise.",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::Ocsp,
        name: "ocsp",
        kind: Kind::Choice {
            words: &[
                word("off", "OCSP answers are not looked at"),
                word(
                    "if_given",
                    "answers that are given count, such as those that a client staples; none is asked for",
                ),
                word("leaf", "there must be an answer about the client's certificate"),
                word("chain", "there must be one about every certificate of the path, but for the pinned one"),
            ],
            foreign: &[
                says(System::Nginx, "off", "off", &[]),
                says(System::Nginx, "leaf", "leaf", &[]),
                says(System::Nginx, "on", "chain", &[]),
                says(System::Apache, "off", "off", &[]),
                says(System::Apache, "leaf", "leaf", &[]),
                says(System::Apache, "on", "chain", &[]),
            ],
        },
        default: "off",
        help: "which certificates need an OCSP answer",
        details: "The library asks nobody: without an answer the verdict is FAILED for `ocsp_pending` and says what to ask \
                  whom, and the answer that is given to it makes a new verdict. Answers are remembered until they are too \
                  old. What OCSP and CRLs say both counts: revoked by either is revoked. See \
                  [revocation](revocation.md).",
        aliases: &[alias(System::Nginx, "ssl_ocsp"), alias(System::Apache, "SSLOCSPEnable")],
        decides: true,
    },
    OptionInfo {
        key: Key::OcspMissing,
        name: "ocsp_missing",
        kind: Kind::Choice {
            words: &[
                word("fail", "a certificate about which nobody answers is refused"),
                word("allow", "a certificate about which nobody answers is taken as not revoked: this fails open"),
            ],
            foreign: &[],
        },
        default: "fail",
        help: "what happens to a certificate that names no responder, or whose responder does not answer",
        details: "That nobody answers is for the host to say. So do `tryLater` and `internalError`. An answer that is \
                  broken, too old or by the wrong signer refuses whatever this says.",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::OcspResponder,
        name: "ocsp_responder",
        kind: Kind::Url,
        default: "",
        help: "whom to ask, instead of the responders that certificates name",
        details: "It is trusted with nothing: what it answers must be signed by the certificate's issuer, or by a responder \
                  that the issuer made one.",
        aliases: &[alias(System::Nginx, "ssl_ocsp_responder")],
        decides: true,
    },
    OptionInfo {
        key: Key::OcspNonce,
        name: "ocsp_nonce",
        kind: Kind::Boolean,
        default: "false",
        help: "whether questions carry a nonce, which the answer must repeat",
        details: "Responders that sign their answers in advance (RFC 5019) repeat none, and are refused then.",
        aliases: &[alias(System::Apache, "SSLOCSPUseRequestNonce")],
        decides: true,
    },
    OptionInfo {
        key: Key::OcspMaxAge,
        name: "ocsp_max_age",
        kind: Kind::Number { minimum: 0, maximum: 31_536_000, unit: "seconds" },
        default: "0",
        help: "how old an OCSP answer may be, also before its nextUpdate; 0 is until its nextUpdate",
        details: "Counted from its thisUpdate. With 0, an answer without a nextUpdate counts for 300 seconds.",
        aliases: &[alias(System::Apache, "SSLOCSPResponseMaxAge")],
        decides: true,
    },
    OptionInfo {
        key: Key::OcspTimeSkew,
        name: "ocsp_time_skew",
        kind: Kind::Number { minimum: 0, maximum: 86_400, unit: "seconds" },
        default: "300",
        help: "by how much a responder's clock may differ",
        details: "",
        aliases: &[alias(System::Apache, "SSLOCSPResponseTimeSkew")],
        decides: true,
    },
    OptionInfo {
        key: Key::Registry,
        name: "registry",
        kind: Kind::Registry,
        default: "",
        help: "where it is kept which key belongs to which user",
        details: "`file:PATH` is a text file in the manner of authorized_keys, `sqlite:PATH` and `postgres://…` are databases, \
                  `external` is the host's own database, which the host asks itself, and `memory:TEXT` is the text of such \
                  a file itself: see [registry.md](registry.md). `clientcert users` lists and changes what is registered. \
                  Nothing is read or connected to when it is set. A relative path is relative to the working directory at \
                  the time of the setting, in a TOML file to the folder of that file. A dump contains the password of a \
                  URL.",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::RegistryMaxAge,
        name: "registry_max_age",
        kind: Kind::Number { minimum: 0, maximum: 604_800, unit: "seconds" },
        default: "300",
        help: "how long the last known registrations serve on while the registry is away",
        details: "Counted from the last time that `refresh` found the registry there. Until then `refresh` reports that it is \
                  away; after that every certificate that needs it is refused (`registry_unavailable`), until it is back.",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::AcceptV1,
        name: "accept_v1",
        kind: Kind::Boolean,
        default: "true",
        help: "whether a client's certificate may be of version 1",
        details: "",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::AcceptCaLeaf,
        name: "accept_ca_leaf",
        kind: Kind::Boolean,
        default: "true",
        help: "whether a client's certificate may itself be marked as a CA's",
        details: "Self-signed certificates of users often are.",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::AcceptPinnedLeaf,
        name: "accept_pinned_leaf",
        kind: Kind::Boolean,
        default: "true",
        help: "whether a client may present a certificate that `ca` itself contains",
        details: "If not, a certificate in `ca` that is no CA's is an error.",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::SecondOpinion,
        name: "second_opinion",
        kind: Kind::Choice {
            words: &[
                word("agree", "a second validator must agree, or have a documented cause to abstain"),
                word("strict", "a second validator must agree"),
                word("off", "there is no second validator"),
            ],
            foreign: &[],
        },
        default: "agree",
        help: "whether a second, independent validator must agree",
        details: "",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::Identity,
        name: "identity",
        kind: Kind::IdentityRules,
        default: "",
        help: "the rules that say which user a certificate stands for; the first that matches wins",
        details: "Every setting adds a rule behind those before it. A rule is a source (`subject.cn`, `subject.uid`, \
                  `subject.emailAddress`, `subject`, `san.email`, `san.upn`, `san.dns`, `san.uri`, `san.ip`, `san.xmpp`, \
                  `serial+issuer`, `ski`, `fingerprint`, `spki`, `sid`, `registry`, `spiffe`, `oid:` and the dotted type \
                  of an attribute) and what is asked and made of it, as in `san.upn strip=@corp.example lower` or \
                  `san.email issuer=\"CN=Corp CA\" match=\"^([^@]+)@corp\\.example$\" user=\"\\1\"`: see \
                  [identity.md](identity.md). What is ambiguous is refused, and never left to the next rule. Without \
                  rules, and for a certificate that only its registered key speaks for, the user is the one to whom the \
                  key is registered.",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::IdentityStrength,
        name: "identity_strength",
        kind: Kind::Choice {
            words: &[
                word("any", "every rule counts"),
                word("strong", "a certificate that a weak rule names the user of is refused (`identity_weak`)"),
            ],
            foreign: &[],
        },
        default: "any",
        help: "whether rules that map by a mere name count",
        details: "Strong, in the terms of Microsoft's KB5014754, are `serial+issuer`, `ski`, `fingerprint`, `spki`, `sid` and \
                  `registry`; names are weak, because a CA may come to give them to somebody else.",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::IdentityCharset,
        name: "identity_charset",
        kind: Kind::Choice {
            words: &[
                word("printable", "everything that shows: no control characters, none that hide or reorder text"),
                word("ascii", "ASCII from the space to `~`"),
                word(
                    "name",
                    "ASCII letters and digits, `.`, `_`, `-`, `@` and `+`, beginning with neither `-` nor `.`",
                ),
            ],
            foreign: &[],
        },
        default: "printable",
        help: "the characters that the name of a user may have",
        details: "In none of these sets a name begins or ends with a space. A rule that yields another name refuses the \
                  certificate (`ambiguous_identity`).",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::IdentityRequired,
        name: "identity_required",
        kind: Kind::Boolean,
        default: "true",
        help: "whether a certificate that no rule names the user of is refused (`identity_unknown`)",
        details: "It has a meaning only where `identity` has rules. With `false` such a client is SUCCESS without a user, so \
                  that every page that is somebody's has to ask for the user.",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::MaxChainBytes,
        name: "max_chain_bytes",
        kind: Kind::Number { minimum: 1024, maximum: 16_777_215, unit: "bytes" },
        default: "65536",
        help: "the largest chain that is read, all certificates together",
        details: "",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::MaxCertificates,
        name: "max_certificates",
        kind: Kind::Number { minimum: 1, maximum: MOST_CERTIFICATES, unit: "certificates" },
        default: "128",
        help: "the longest chain that is read",
        details: "",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::MaxSignatures,
        name: "max_signatures",
        kind: Kind::Number { minimum: 1, maximum: 10_000, unit: "signatures" },
        default: "16",
        help: "how many signatures are checked for one chain, genuine and forged, before the search ends",
        details: "At most half of them may turn out bad: forgeries fail, and whoever has a genuine path seldom meets one.",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::MaxAnchorCandidates,
        name: "max_anchor_candidates",
        kind: Kind::Number { minimum: 1, maximum: 100_000, unit: "certificates" },
        default: "64",
        help: "how many pinned CAs of one name are tried where no key identifier tells them apart",
        details: "A larger crowd is a warning when the policy is made: clients of the CAs beyond it may be refused.",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::MaxNameComparisons,
        name: "max_name_comparisons",
        kind: Kind::Number { minimum: 1, maximum: 10_000_000, unit: "pairs" },
        default: "1048576",
        help: "how many pairs of a name and a name constraint above it are looked at in one chain",
        details: "Hosts are looked up by hash. Of pairs that have to be compared one by one, IP addresses and directory \
                  names, 50000 are, whatever this says.",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::CacheSize,
        name: "cache_size",
        kind: Kind::Number { minimum: 0, maximum: 1_000_000, unit: "verdicts" },
        default: "4096",
        help: "how many verdicts are remembered; 0 remembers none",
        details: "",
        aliases: &[],
        decides: false,
    },
    OptionInfo {
        key: Key::CacheTtl,
        name: "cache_ttl",
        kind: Kind::Number { minimum: 1, maximum: 86_400, unit: "seconds" },
        default: "300",
        help: "how long a verdict is remembered at most",
        details: "It is forgotten sooner where a certificate expires or the policy changes.",
        aliases: &[],
        decides: false,
    },
    OptionInfo {
        key: Key::SessionKeys,
        name: "session_key",
        kind: Kind::Secrets,
        default: "",
        help: "the key by which the records of resumable sessions are recognised as our own",
        details: "Every setting adds a key: the first makes records, all check them, so that keys can be rotated. Servers that \
                  resume each other's sessions have the same keys. A file is read when a verifier is made and at each \
                  reload; `openssl rand -out session.key 80` makes one. A process that may not read it any more, because it \
                  gave up root, keeps the keys that it has when other files change. A relative path is relative to the working \
                  directory at the time of the setting, in a TOML file to the folder of that file. Without this option \
                  there is a random key that all verifiers of a process share, and its forked children with it; no other \
                  process can resume its sessions then. Whoever knows a key can make sessions of any client: a dump contains \
                  a `hex:` value. See [sessions.md](sessions.md).",
        aliases: &[alias(System::Nginx, "ssl_session_ticket_key"), alias(System::Apache, "SSLSessionTicketKeyFile")],
        decides: false,
    },
    OptionInfo {
        key: Key::SessionMaxAge,
        name: "session_max_age",
        kind: Kind::Number { minimum: 1, maximum: 604_800, unit: "seconds" },
        default: "86400",
        help: "how long after its handshake a session may be resumed",
        details: "Counted from the handshake in which the client proved that it holds its key: no resumption renews it. What is \
                  older is refused (`session_expired`), and a full handshake follows where one still can. RFC 8446 section \
                  4.6.1 allows tickets for seven days.",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::Preflight,
        name: "preflight",
        kind: Kind::Choice {
            words: &[
                word("refuse", "it is a request like any other, and has no certificate: refused where one is required"),
                word("pass", "it goes on to the application, without an identity, whatever is required there"),
                word("answer", "it is answered here, for `preflight_origin`, the same for every path"),
            ],
            foreign: &[],
        },
        default: "refuse",
        help: "what becomes of a CORS preflight, which a browser sends without a certificate",
        details: "A preflight is an `OPTIONS` with `Origin` and `Access-Control-Request-Method`. Its connection gets no session \
                  ticket under `pass` and `answer`, so that the request itself can be asked for a certificate. See \
                  [requests](requests.md).",
        aliases: &[],
        decides: false,
    },
    OptionInfo {
        key: Key::PreflightOrigin,
        name: "preflight_origin",
        kind: Kind::Origins,
        default: "",
        help: "the origins whose preflights are answered here, where `preflight` is `answer`",
        details: "Every setting adds one. They are compared byte by byte with what a browser sends; there are no patterns.",
        aliases: &[],
        decides: false,
    },
    OptionInfo {
        key: Key::Challenge,
        name: "challenge",
        kind: Kind::Words(CHALLENGES),
        default: "none",
        help: "the challenges that are sent with a 401 to a client without a certificate",
        details: "No browser acts on either; a 401 has to have one (RFC 9110 section 15.5.2), and without one, here and of the \
                  server's own, the answer is 403.",
        aliases: &[],
        decides: false,
    },
    OptionInfo {
        key: Key::CertificateHost,
        name: "certificate_host",
        kind: Kind::Host,
        default: "",
        help: "the host that asks for a certificate in its handshake, for requests that cannot be asked here",
        details: "Such a request is redirected there: same path and query, and a parameter `clientcert_question` that says, \
                  sealed, which host it came from. It has an effect with the modes `deferred` and `off`. See [requests](requests.md).",
        aliases: &[],
        decides: false,
    },
    OptionInfo {
        key: Key::Renegotiation,
        name: "renegotiation",
        kind: Kind::Choice {
            words: &[word("secure", "where both sides negotiated RFC 5746"), word("off", "never")],
            foreign: &[],
        },
        default: "secure",
        help: "whether `deferred` asks by renegotiation in TLS 1.2 and below",
        details: "Insecure renegotiation (CVE-2009-3555) cannot be allowed.",
        aliases: &[],
        decides: false,
    },
    OptionInfo {
        key: Key::LateBodyLimit,
        name: "late_body_limit",
        kind: Kind::Number { minimum: 0, maximum: 1_073_741_824, unit: "bytes" },
        default: "131072",
        help: "the largest body of a request that is kept while `deferred` asks for a certificate",
        details: "A request with a larger one is answered 413.",
        aliases: &[alias(System::Apache, "SSLRenegBufferSize")],
        decides: false,
    },
    OptionInfo {
        key: Key::LateRequest,
        name: "late_request",
        kind: Kind::Choice {
            words: &[
                word("resend", "it is sent again: 307 to itself"),
                word("attribute", "it counts as sent by the certificate that came after it"),
            ],
            foreign: &[],
        },
        default: "resend",
        help: "what becomes of a request that arrived before the certificate that it was asked for",
        details: "Who sent it is not proved by a later certificate: others could write to a connection before its renegotiation.",
        aliases: &[],
        decides: false,
    },
    OptionInfo {
        key: Key::Authority,
        name: "authority",
        kind: Kind::Choice {
            words: &[
                word("policy", "the policy of the request's host must be the one that the certificate was judged by"),
                word(
                    "name",
                    "and the request must name the host of the handshake (SNI), or one of the same virtual host",
                ),
            ],
            foreign: &[],
        },
        default: "policy",
        help: "when a request on a connection is about another host than the connection",
        details: "Such a request is answered 421 once, where the connection was reused, and 403 else.",
        aliases: &[],
        decides: false,
    },
    OptionInfo {
        key: Key::TrustedProxies,
        name: "trusted_proxies",
        kind: Kind::Networks,
        default: "",
        help: "the peers whose headers may say which certificate a client presented to them; nobody unless it is set",
        details: "The address is that of the TCP peer, never one out of a header. `unix` stands for every peer on a Unix \
                  socket, whose folder must then keep others out. Forwarded certificates from anyone else are \
                  `untrusted_proxy`. What clients send under the same names must be removed by the proxy: \
                  [forwarded.md](forwarded.md).",
        aliases: &[],
        decides: true,
    },
    OptionInfo {
        key: Key::ForwardedVerification,
        name: "forwarded_verification",
        kind: Kind::Choice {
            words: &[
                Word {
                    name: "own",
                    help: "it is verified again by this policy; what the proxy says of it changes nothing",
                },
                Word {
                    name: "proxy",
                    help: "the proxy's word that it verified it stands in for a path to a pinned CA, and `verified_by` \
                           says so; a proxy that says nothing verifies nothing",
                },
            ],
            foreign: &[],
        },
        default: "own",
        help: "whose verification of a forwarded certificate counts",
        details: "With `proxy`, dates, purposes and strength of the certificate, its registration and its users are still \
                  looked at here, and CRLs where they list it; its issuers are not.",
        aliases: &[],
        decides: true,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::options::find;
    use crate::policy::value::Value;

    #[test]
    fn every_key_is_the_index_of_its_row() {
        for (index, option) in OPTIONS.iter().enumerate() {
            assert_eq!(option.key as usize, index, "{}", option.name);
        }
        assert_eq!(Key::ForwardedVerification as usize + 1, OPTIONS.len());
        assert_eq!(MOST_CERTIFICATES as usize, MAX_CERTIFICATES);
    }

    #[test]
    fn every_default_is_a_value() {
        for option in OPTIONS {
            if option.default.is_empty() {
                assert!(
                    option.is_repeatable() || matches!(option.kind, Kind::Registry | Kind::Url | Kind::Host),
                    "{}",
                    option.name
                );
            } else {
                Value::parse(option, option.default).expect(option.name);
            }
        }
    }

    #[test]
    fn every_name_finds_its_own_option() {
        for option in OPTIONS {
            assert!(std::ptr::eq(find(option.name).expect(option.name).option, option));
            for alias in option.aliases {
                let found = find(alias.name).expect(alias.name);
                assert!(std::ptr::eq(found.option, option), "{}", alias.name);
                assert!(found.alias.is_some(), "{} hides an option", alias.name);
            }
        }
    }

    #[test]
    fn foreign_words_stand_for_own_words() {
        for option in OPTIONS {
            let Kind::Choice { words, foreign } = &option.kind else { continue };
            for says in *foreign {
                assert!(words.iter().any(|word| word.name == says.value), "{}", says.name);
                for (name, value) in says.implies {
                    Value::parse(find(name).expect(name).option, value).expect(name);
                }
            }
        }
    }

    /// Under the option's own name nobody says whose word it is, so it must mean the same to all who have it.
    #[test]
    fn foreign_words_are_unambiguous() {
        for option in OPTIONS {
            let Kind::Choice { words, foreign } = &option.kind else { continue };
            let others = foreign.iter().filter(|says| !words.iter().any(|word| word.name == says.name));
            for says in others {
                for same in foreign.iter().filter(|same| same.name.eq_ignore_ascii_case(says.name)) {
                    assert_eq!((same.value, same.implies), (says.value, says.implies), "{}", says.name);
                }
            }
        }
    }
}
