//! What a client is called: rules that map a certificate to a user, the first that matches wins.
//!
//! A rule is one line of text, described in `docs/identity.md`. Names are read only from a certificate with a verified
//! path: anyone can sign one that says `CN=admin`.

mod charset;
mod condition;
mod exact;
mod explanation;
mod import;
mod pattern;
mod rule;
mod source;
mod spiffe;
mod tokens;

use std::fmt;
use std::sync::Arc;

use crate::certificate::Certificate;

pub use charset::Charset;
pub use explanation::{Explanation, Step};
pub use import::{ImportError, Imported, certmap, import};
pub use rule::{Rule, RuleError};
pub use source::Source;

/// The rules of a policy.
#[derive(Clone, Debug)]
pub struct Rules {
    list: Vec<Rule>,
    /// Whether only strong mappings count.
    strong: bool,
    /// Whether a certificate without a user is refused.
    required: bool,
    charset: Charset,
}

/// A client as far as rules look at it.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    /// Its certificate.
    pub leaf: Certificate<'a>,
    /// The certificates above it on its verified path, its issuer first and the pinned one last; empty where it is itself
    /// the pinned one. None where no path was verified and the key alone speaks for it.
    pub issuers: Option<&'a [Certificate<'a>]>,
    /// The user to whom its key or certificate is registered.
    pub registered: Option<&'a str>,
    /// Whether CA and registry both have to vouch for it, so that they must not name different users.
    pub both: bool,
}

/// Who a client is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The user.
    pub user: Box<str>,
    /// What named the user.
    pub by: MappedBy,
    /// How sure that is.
    pub strength: Strength,
}

/// What named a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MappedBy {
    /// The registration of the key, without any rule.
    Registration,
    /// A rule: its index from 0, and its text.
    Rule(usize, Arc<str>),
}

/// How hard it is to get a certificate that maps to somebody else's user, in the terms of Microsoft's KB5014754.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// A name, which a CA may come to give to somebody else.
    Weak,
    /// A key, a certificate, or a number that a CA gives only once.
    Strong,
}

/// Why a client has no user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No rule matches.
    Unknown,
    /// A rule, by its index from 0, would match but for this.
    Ambiguous(usize, Ambiguity),
    /// The rule with this index matches and is weak, and only strong ones count.
    Weak(usize),
}

/// What keeps a rule from naming one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ambiguity {
    /// There are several values where one is meant.
    Several,
    /// A value has a NUL in it.
    Nul,
    /// A value is no text of its type.
    Encoding,
    /// A value, or what becomes of it, is empty.
    Empty,
    /// A value is longer than 4096 bytes.
    TooLong,
    /// The user's name has a character that `identity_charset` does not allow.
    Character,
    /// A host name stands for many.
    Wildcard,
    /// What looks like a SPIFFE ID is none, for the cause given.
    Spiffe(&'static str),
    /// The CA's certificate and the registration of the key name different users.
    Registration,
}

impl fmt::Display for MappedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registration => f.write_str("registration"),
            Self::Rule(_, text) => f.write_str(text),
        }
    }
}

impl Strength {
    /// `weak` or `strong`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Weak => "weak",
            Self::Strong => "strong",
        }
    }
}

impl fmt::Display for Ambiguity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Several => "it has several values where one is meant",
            Self::Nul => "a value has a NUL in it",
            Self::Encoding => "a value is no text of its type",
            Self::Empty => "the user would have an empty name",
            Self::TooLong => "a value is too long",
            Self::Character => "the user's name has a character that identity_charset does not allow",
            Self::Wildcard => "a host name with '*' stands for many",
            Self::Spiffe(problem) => problem,
            Self::Registration => "the key is registered to another user",
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("no rule matches"),
            Self::Ambiguous(rule, ambiguity) => write!(f, "rule {}: {ambiguity}", rule + 1),
            Self::Weak(rule) => write!(f, "rule {} is weak", rule + 1),
        }
    }
}

impl Rules {
    /// Rules in their order. `strong`: a match of a weak rule refuses. `required`: a certificate that no rule matches is
    /// refused, where there are rules. `charset`: what the users' names may consist of.
    pub fn new(rules: Vec<Rule>, strong: bool, required: bool, charset: Charset) -> Self {
        Self { list: rules, strong, required, charset }
    }

    /// The rules, in their order.
    pub fn rules(&self) -> &[Rule] {
        &self.list
    }

    /// Whether a rule names the user to whom the key is registered.
    pub(crate) fn names_by_registration(&self) -> bool {
        self.list.iter().any(|rule| *rule.source() == Source::Registry)
    }

    /// Whether a match of a weak rule refuses.
    pub fn only_strong(&self) -> bool {
        self.strong
    }

    /// Who a client is. Without rules, and without a verified path, that is the user to whom the key is registered, if
    /// any. Otherwise the first rule that matches says it.
    ///
    /// # Errors
    ///
    /// [`Refusal`], also where a rule before it would have matched but for an ambiguity: that is never skipped.
    pub fn map(&self, client: &Client<'_>) -> Result<Option<Mapping>, Refusal> {
        if client.issuers.is_none() || self.list.is_empty() {
            return Ok(client.registered.map(registered));
        }
        for (index, rule) in self.list.iter().enumerate() {
            let user = match rule.apply(client, self.charset) {
                Finding::User(user) => user,
                Finding::Ambiguous(ambiguity) => return Err(Refusal::Ambiguous(index, ambiguity)),
                Finding::Absent | Finding::Condition(_) | Finding::Different => continue,
            };
            return self.named(client, index, rule, user).map(Some);
        }
        if self.required { Err(Refusal::Unknown) } else { Ok(None) }
    }

    /// A user that a rule names, where nothing else is against it.
    fn named(&self, client: &Client<'_>, index: usize, rule: &Rule, user: String) -> Result<Mapping, Refusal> {
        if client.both && client.registered.is_some_and(|registered| registered != user) {
            return Err(Refusal::Ambiguous(index, Ambiguity::Registration));
        }
        let strength = rule.strength();
        if self.strong && strength == Strength::Weak {
            return Err(Refusal::Weak(index));
        }
        Ok(Mapping { user: user.into(), by: MappedBy::Rule(index, rule.shared_text()), strength })
    }
}

fn registered(user: &str) -> Mapping {
    Mapping { user: user.into(), by: MappedBy::Registration, strength: Strength::Strong }
}

/// What a rule makes of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    User(String),
    /// It has no such value.
    Absent,
    /// This condition does not hold.
    Condition(&'static str),
    /// The value is not the one that the rule wants.
    Different,
    /// The value cannot be trusted to mean one user.
    Ambiguous(Ambiguity),
}
