//! The values of a configuration as types.

use std::time::Duration;

use super::config::{Config, TOLERATED_WITHOUT_CA};
use super::mode::{Enforcement, Mode, Trust};
use super::networks::Network;
use super::options::Key;
use super::requests::RequestOptions;
use super::value::{Value, oid_bytes};
use crate::Error;
use crate::identity::{self, Charset};
use crate::revocation::{CrlCheck, CrlRules};
use crate::signature::Strength;
use crate::verify::{Code, EkuRule, OcspCheck, OcspRules, Rules, SecondOpinionRule};

/// Every setting but the certificates.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) mode: Mode,
    pub(super) enforcement: Enforcement,
    pub(super) trust: Trust,
    pub(super) ca_hints: bool,
    /// In the order of their numbers.
    pub(super) tolerated: Vec<Code>,
    pub(super) rules: Rules,
    pub(super) identity: identity::Rules,
    pub(super) registry_max_age: Duration,
    pub(super) cache_size: usize,
    pub(super) cache_ttl: Duration,
    /// In seconds.
    pub(super) session_max_age: i64,
    pub(super) requests: RequestOptions,
    pub(super) trusted_proxies: Vec<Network>,
    /// Whether the proxy's word counts for a forwarded certificate.
    pub(super) proxy_verifies: bool,
}

impl Settings {
    /// # Errors
    ///
    /// [`Error::Internal`] where the table of options names a value that nothing here knows: nothing is guessed.
    pub(super) fn of(config: &Config) -> Result<Self, Error> {
        let read = Read(config);
        Ok(Self {
            mode: read.word(Key::Mode, Mode::named)?,
            enforcement: read.word(Key::Enforcement, Enforcement::named)?,
            trust: read.word(Key::Trust, Trust::named)?,
            ca_hints: read.word(Key::CaHints, |word| either(word, "send", "none"))?,
            tolerated: match config.value(Key::Tolerate) {
                Some(Value::Reasons(codes)) => codes,
                _ => return Err(UNKNOWN),
            },
            rules: Rules {
                eku: read.eku()?,
                depth: read.number(Key::Depth)?,
                strength: Strength {
                    min_rsa_bits: read.number(Key::MinRsaBits)?,
                    min_ec_bits: read.number(Key::MinEcBits)?,
                    allow_sha1: read.word(Key::Sha1, |word| either(word, "allow", "refuse"))?,
                },
                crl: CrlRules {
                    check: read.word(Key::CrlCheck, |word| match word {
                        "off" => Some(CrlCheck::Off),
                        "leaf" => Some(CrlCheck::Leaf),
                        "chain" => Some(CrlCheck::Chain),
                        _ => None,
                    })?,
                    allow_missing: read.word(Key::CrlMissing, |word| either(word, "allow", "fail"))?,
                    grace: match config.value(Key::CrlExpired) {
                        Some(Value::Word("fail")) => Some(0),
                        Some(Value::Word("allow")) => None,
                        Some(Value::Number(seconds)) => Some(seconds.into()),
                        _ => return Err(UNKNOWN),
                    },
                },
                ocsp: OcspRules {
                    check: read.word(Key::Ocsp, |word| match word {
                        "off" => Some(OcspCheck::Off),
                        "if_given" => Some(OcspCheck::IfGiven),
                        "leaf" => Some(OcspCheck::Leaf),
                        "chain" => Some(OcspCheck::Chain),
                        _ => None,
                    })?,
                    allow_missing: read.word(Key::OcspMissing, |word| either(word, "allow", "fail"))?,
                    responder: match config.value(Key::OcspResponder) {
                        Some(Value::Text(url)) => Some(url.into()),
                        None => None,
                        _ => return Err(UNKNOWN),
                    },
                    nonce: read.boolean(Key::OcspNonce)?,
                    max_age: Some(read.number(Key::OcspMaxAge)?.into()).filter(|age| *age != 0),
                    time_skew: read.number(Key::OcspTimeSkew)?.into(),
                },
                time_skew: read.number(Key::TimeSkew)?.into(),
                max_chain_bytes: read.size(Key::MaxChainBytes)?,
                max_certificates: read.size(Key::MaxCertificates)?,
                max_signatures: read.number(Key::MaxSignatures)?,
                max_anchor_candidates: read.number(Key::MaxAnchorCandidates)?,
                max_name_comparisons: read.number(Key::MaxNameComparisons)?,
                accept_v1: read.boolean(Key::AcceptV1)?,
                accept_ca_leaf: read.boolean(Key::AcceptCaLeaf)?,
                accept_pinned_leaf: read.boolean(Key::AcceptPinnedLeaf)?,
                second_opinion: read.word(Key::SecondOpinion, |word| match word {
                    "agree" => Some(SecondOpinionRule::Agree),
                    "strict" => Some(SecondOpinionRule::Strict),
                    "off" => Some(SecondOpinionRule::Off),
                    _ => None,
                })?,
            },
            identity: identity::Rules::new(
                config.identity_rules().to_vec(),
                read.word(Key::IdentityStrength, |word| either(word, "strong", "any"))?,
                read.boolean(Key::IdentityRequired)?,
                read.word(Key::IdentityCharset, Charset::named)?,
            ),
            registry_max_age: Duration::from_secs(read.number(Key::RegistryMaxAge)?.into()),
            cache_size: read.size(Key::CacheSize)?,
            cache_ttl: Duration::from_secs(read.number(Key::CacheTtl)?.into()),
            session_max_age: read.number(Key::SessionMaxAge)?.into(),
            requests: RequestOptions::of(config)?,
            trusted_proxies: match config.value(Key::TrustedProxies) {
                Some(Value::Networks(networks)) => networks,
                None => Vec::new(),
                _ => return Err(UNKNOWN),
            },
            proxy_verifies: read.word(Key::ForwardedVerification, |word| either(word, "proxy", "own"))?,
        })
    }

    /// What `optional_no_ca` tolerates where nobody says otherwise.
    pub(super) fn tolerated_without_ca() -> Vec<Code> {
        TOLERATED_WITHOUT_CA.split(',').flat_map(Code::named).collect()
    }
}

struct Read<'c>(&'c Config);

const UNKNOWN: Error = Error::Internal("the table of options has a value that is not known");

impl Read<'_> {
    fn word<T>(&self, key: Key, known: impl Fn(&'static str) -> Option<T>) -> Result<T, Error> {
        match self.0.value(key) {
            Some(Value::Word(word)) => known(word).ok_or(UNKNOWN),
            _ => Err(UNKNOWN),
        }
    }

    fn number(&self, key: Key) -> Result<u32, Error> {
        match self.0.value(key) {
            Some(Value::Number(number)) => Ok(number),
            _ => Err(UNKNOWN),
        }
    }

    fn size(&self, key: Key) -> Result<usize, Error> {
        usize::try_from(self.number(key)?).map_err(|_| UNKNOWN)
    }

    fn boolean(&self, key: Key) -> Result<bool, Error> {
        match self.0.value(key) {
            Some(Value::Boolean(value)) => Ok(value),
            _ => Err(UNKNOWN),
        }
    }

    fn eku(&self) -> Result<EkuRule, Error> {
        match self.0.value(Key::Eku) {
            Some(Value::Purposes(oids)) => {
                let bytes = oids.iter().map(|oid| oid_bytes(oid)).collect::<Option<Vec<_>>>();
                bytes.map(EkuRule::AnyOf).ok_or(UNKNOWN)
            }
            Some(Value::Word("client_auth")) => Ok(EkuRule::ClientAuth),
            Some(Value::Word("client_auth_required")) => Ok(EkuRule::ClientAuthRequired),
            Some(Value::Word("client_or_server_auth")) => Ok(EkuRule::ClientOrServerAuth),
            Some(Value::Word("any")) => Ok(EkuRule::Any),
            _ => Err(UNKNOWN),
        }
    }
}

fn either(word: &str, yes: &str, no: &str) -> Option<bool> {
    match word {
        _ if word == yes => Some(true),
        _ if word == no => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::options::{Kind, options};

    #[test]
    fn the_defaults_are_those_of_the_rules() {
        let settings = Settings::of(&Config::new()).expect("defaults");
        assert_eq!(format!("{:?}", settings.rules), format!("{:?}", Rules::default()));
        assert_eq!((settings.mode, settings.enforcement), (Mode::Require, Enforcement::Request));
        assert!(settings.tolerated.is_empty() && settings.ca_hints);
    }

    #[test]
    fn every_word_of_the_table_is_known_here() {
        for option in options() {
            let (Kind::Choice { words, .. } | Kind::Purposes(words)) = &option.kind else { continue };
            for word in *words {
                let mut config = Config::new();
                // `preflight = answer` needs one.
                config.set("preflight_origin", "https://app.example.com").expect("an origin");
                config.set(option.name, word.name).expect(word.name);
                Settings::of(&config).expect(word.name);
            }
        }
    }
}
