//! One rule: read from a line of text, and applied to a client.

use std::fmt;
use std::sync::Arc;

use super::condition::{Authority, Conditions, purpose};
use super::exact::Exact;
use super::pattern::{Pattern, Template};
use super::source::{NAMES, Source};
use super::spiffe::Spiffe;
use super::tokens::{Token, column, tokens};
use super::{Ambiguity, Charset, Client, Finding, Strength};
use crate::certificate::oid_from_dotted;

/// A rule that maps a certificate to a user. Two are equal if they have the same text.
#[derive(Clone, Debug)]
pub struct Rule {
    text: Arc<str>,
    source: Source,
    conditions: Conditions,
    /// Of several values, look at those that the rule wants.
    filter: bool,
    equals: Option<Exact>,
    pattern: Option<Pattern>,
    template: Option<Template>,
    strip: Option<Box<str>>,
    lower: bool,
}

/// Why a text is no rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// The column where it stops being one, from 1.
    pub column: usize,
    /// What is wrong there.
    pub problem: String,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.problem)
    }
}

impl std::error::Error for RuleError {}

impl RuleError {
    pub(super) fn at(text: &str, byte: usize, problem: impl Into<String>) -> Self {
        Self { column: column(text, byte), problem: problem.into() }
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Rule {}

/// The longest rule.
const MOST_BYTES: usize = 8192;

impl Rule {
    /// Reads a rule, such as `san.upn strip=@corp.example lower`; `docs/identity.md` has the grammar.
    ///
    /// # Errors
    ///
    /// [`RuleError`] with the column.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let text = text.trim();
        if text.len() > MOST_BYTES {
            return Err(RuleError { column: 1, problem: format!("a rule of more than {MOST_BYTES} bytes") });
        }
        let mut words = tokens(text)?.into_iter();
        let Some(first) = words.next() else {
            return Err(RuleError { column: 1, problem: "a rule begins with a source, such as san.email".into() });
        };
        Builder::new(text, &first)?.read(words)
    }

    /// The rule as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it reads.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// How sure its mappings are.
    pub fn strength(&self) -> Strength {
        self.source.strength()
    }

    pub(super) fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// What it makes of a client, whose path was verified.
    pub(super) fn apply(&self, client: &Client<'_>, charset: Charset) -> Finding {
        if let Some(condition) = self.conditions.failing(client) {
            return Finding::Condition(condition);
        }
        let values = match self.source.values(client) {
            Ok(values) => values,
            Err(ambiguity) => return Finding::Ambiguous(ambiguity),
        };
        if values.len() > 1 && !self.filter {
            return Finding::Ambiguous(Ambiguity::Several);
        }
        let mut users = values.iter().filter_map(|value| self.user(value, client));
        match (users.next(), users.next()) {
            (None, _) if values.is_empty() => Finding::Absent,
            (None, _) => Finding::Different,
            (Some(_), Some(_)) => Finding::Ambiguous(Ambiguity::Several),
            (Some(user), None) => match charset.check(&user) {
                Ok(()) => Finding::User(user),
                Err(ambiguity) => Finding::Ambiguous(ambiguity),
            },
        }
    }

    /// The user of a value; None where it is not one that the rule wants.
    fn user(&self, value: &str, client: &Client<'_>) -> Option<String> {
        if !self.equals.as_ref().is_none_or(|exact| exact.equals(&self.source, value, &client.leaf)) {
            return None;
        }
        let mut user = match (&self.pattern, &self.template) {
            (Some(pattern), Some(template)) => pattern.replace(value, template)?,
            (None, Some(template)) => template.fill(value),
            (_, None) => value.to_owned(),
        };
        if let Some(suffix) = &self.strip {
            let start = user.len().checked_sub(suffix.len())?;
            let same = user.is_char_boundary(start) && user[start..].eq_ignore_ascii_case(suffix);
            user.truncate(same.then_some(start)?);
        }
        Some(if self.lower { user.to_lowercase() } else { user })
    }
}

/// A rule of which not every word has been read.
struct Builder<'t> {
    rule: Rule,
    /// The columns of what can be judged only at the end.
    pattern: Option<(usize, String)>,
    template: Option<(usize, String)>,
    trust_domain: Option<Box<str>>,
    path: bool,
    seen: Vec<&'t str>,
}

impl<'t> Builder<'t> {
    fn new(text: &str, first: &Token<'_>) -> Result<Self, RuleError> {
        let fail = |problem: String| Err(RuleError { column: first.column, problem });
        let source = match (first.key, &first.value) {
            (_, Some(_)) => return fail("a rule begins with a source, such as san.email, without '='".into()),
            ("spiffe", None) => Source::Spiffe(Spiffe { trust_domain: "".into(), path: false }),
            (name, None) => match Source::named(name) {
                Some(source) => source,
                None => return fail(unknown_source(name)),
            },
        };
        let rule = Rule {
            text: text.into(),
            source,
            conditions: Conditions::default(),
            filter: false,
            equals: None,
            pattern: None,
            template: None,
            strip: None,
            lower: false,
        };
        Ok(Self { rule, pattern: None, template: None, trust_domain: None, path: false, seen: Vec::new() })
    }

    fn read(mut self, words: impl Iterator<Item = Token<'t>>) -> Result<Rule, RuleError> {
        for word in words {
            let Token { column, key, value } = word;
            if self.seen.contains(&key) && !matches!(key, "eku" | "policy") {
                return Err(RuleError { column, problem: format!("'{key}' stands here twice") });
            }
            self.seen.push(key);
            match value {
                Some((at, value)) => {
                    self.set(column, key, at, &value)?;
                }
                None => self.flag(key).map_err(|problem| RuleError { column, problem })?,
            }
        }
        self.finish()
    }

    fn flag(&mut self, key: &str) -> Result<(), String> {
        match key {
            "lower" => self.rule.lower = true,
            "filter" => self.rule.filter = true,
            "path" if matches!(self.rule.source, Source::Spiffe(_)) => self.path = true,
            "path" => return Err("'path' belongs to spiffe".into()),
            _ if KEYS.contains(&key) => return Err(format!("'{key}' needs a value: {key}=…")),
            _ => return Err(format!("there is no '{key}'; known are {}", known())),
        }
        Ok(())
    }

    fn set(&mut self, column: usize, key: &str, at: usize, value: &str) -> Result<(), RuleError> {
        let rule = &mut self.rule;
        let fail = |problem: String| Err(RuleError { column: at, problem });
        let at_value = |problem: String| RuleError { column: at, problem };
        match key {
            "issuer" => rule.conditions.issuer = Some(Authority::parse(value).map_err(at_value)?),
            "anchor" => rule.conditions.anchor = Some(Authority::parse(value).map_err(at_value)?),
            "eku" => match purpose(value) {
                Some(oid) => rule.conditions.purposes.push(oid),
                None => return fail("a purpose is a dotted object identifier, or a name such as clientAuth".into()),
            },
            "policy" => match oid_from_dotted(value) {
                Some(oid) => rule.conditions.policies.push(oid),
                None => return fail("a policy is a dotted object identifier".into()),
            },
            "equals" => rule.equals = Some(Exact::parse(&rule.source, value).map_err(at_value)?),
            "match" => self.pattern = Some((at, value.to_owned())),
            "user" => self.template = Some((at, value.to_owned())),
            "strip" if value.is_empty() => return fail("what is to be stripped is empty".into()),
            "strip" => rule.strip = Some(value.into()),
            "trust_domain" if !matches!(rule.source, Source::Spiffe(_)) => {
                return fail("'trust_domain' belongs to spiffe".into());
            }
            "trust_domain" if !Spiffe::is_trust_domain(value) => {
                return fail("a trust domain consists of lower-case letters, digits, '.', '-' and '_'".into());
            }
            "trust_domain" => self.trust_domain = Some(value.into()),
            "lower" | "filter" | "path" => return fail(format!("'{key}' takes no value")),
            _ => return Err(RuleError { column, problem: format!("there is no '{key}='; known are {}", known()) }),
        }
        Ok(())
    }

    fn finish(self) -> Result<Rule, RuleError> {
        let Self { mut rule, pattern, template, trust_domain, path, .. } = self;
        if let Source::Spiffe(spiffe) = &mut rule.source {
            let Some(trust_domain) = trust_domain else {
                return Err(RuleError { column: 1, problem: "spiffe needs trust_domain=…".into() });
            };
            *spiffe = Spiffe { trust_domain, path };
        }
        let pattern_column = pattern.as_ref().map_or(1, |(column, _)| *column);
        let at = |column: usize| move |problem: String| RuleError { column, problem };
        if let Some((column, text)) = pattern {
            rule.pattern = Some(Pattern::new(&text).map_err(at(column))?);
        }
        let groups = rule.pattern.as_ref().map_or(0, Pattern::groups);
        match template {
            Some((column, text)) => {
                let template = Template::parse(&text, groups).map_err(at(column))?;
                if template.is_constant() && rule.equals.is_none() && rule.pattern.is_none() {
                    return Err(at(column)(
                        "everybody would be this user: 'equals' or 'match' has to say who is".into(),
                    ));
                }
                rule.template = Some(template);
            }
            None if rule.pattern.is_some() => {
                let template = Template::of_groups(groups);
                let several = || "with several groups, 'user' has to say which is the user".into();
                rule.template = Some(template.ok_or_else(several).map_err(at(pattern_column))?);
            }
            None => {}
        }
        let chooses = rule.equals.is_some() || rule.pattern.is_some() || rule.strip.is_some();
        if rule.filter && !chooses {
            return Err(at(1)("'filter' needs 'equals', 'match' or 'strip' to choose by".into()));
        }
        Ok(rule)
    }
}

const KEYS: [&str; 8] = ["issuer", "anchor", "eku", "policy", "equals", "match", "user", "strip"];

fn known() -> String {
    format!("{}=, lower and filter", KEYS.join("=, "))
}

fn unknown_source(name: &str) -> String {
    let usual = ["subject.cn", "subject.uid", "subject.emailAddress", "spiffe", "oid:1.2.3"];
    let names = NAMES.iter().map(|(known, _)| *known).chain(usual);
    let scored = names.map(|known| (strsim::normalized_damerau_levenshtein(known, name), known));
    let nearest = scored.filter(|(score, _)| *score >= 0.5).max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = nearest.map_or_else(
        || ", known are san.email, subject.cn and others".to_owned(),
        |(_, known)| format!(", did you mean '{known}'?"),
    );
    format!("there is no source '{}'{hint}", name.chars().take(40).collect::<String>())
}
