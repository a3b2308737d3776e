//! One combination of everything that a decision depends on.

use std::fmt;

macro_rules! fields {
    ($($variant:ident $name:literal: $($value:literal)*;)*) => {
        /// What may differ. The order of the values is that of `expected.txt`; the first one is what a cell has by default.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Field {
            $($variant,)*
        }

        pub const FIELDS: &[Field] = &[$(Field::$variant,)*];

        impl Field {
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            pub fn values(self) -> &'static [&'static str] {
                match self {
                    $(Self::$variant => &[$($value,)*],)*
                }
            }
        }
    };
}

fields! {
    Mode "mode": "off" "optional" "optional_no_ca" "require" "request_any" "require_any" "deferred";
    Enforcement "enforcement": "request" "handshake";
    Preflight "preflight": "refuse" "pass" "answer";
    Challenge "challenge": "none" "transport" "client_certificate" "both";
    CertificateHost "certificate_host": "none" "other" "this";
    Renegotiation "renegotiation": "secure" "off";
    LateRequest "late_request": "resend" "attribute";
    Authority "authority": "policy" "name";
    Verdict "verdict": "none" "strong" "weak" "nameless" "tolerated" "refused" "malformed" "too_large"
        "expired_since" "revoked_since" "untrusted_since" "restored";
    MadeBy "made_by": "this" "earlier" "sibling" "other";
    Requirement "requirement": "none" "certificate" "verified" "user";
    Users "users": "any" "listed" "unlisted";
    Strength "strength": "any" "strong";
    Age "age": "unlimited" "young" "old" "unknown";
    Tls "tls": "1.2" "1.3" "1.0" "newer" "unknown";
    Http "http": "1.1" "1.0" "2" "3" "unknown";
    Handshake "handshake": "closed" "open";
    PostHandshake "post_handshake": "not_offered" "offered";
    Renegotiable "renegotiable": "no" "yes";
    Late "late": "not_asked" "answered" "declined" "timed_out";
    Arrived "arrived": "after" "before";
    IdentityBefore "identity_before": "first" "same" "other";
    Resumed "resumed": "no" "yes";
    Reused "reused": "no" "yes";
    Answered421 "answered_421": "no" "yes";
    OpenedBy "opened_by": "request" "preflight";
    EarlyData "early_data": "no" "yes";
    Request "request": "get" "post" "options" "preflight" "preflight_elsewhere";
    Names "names": "same" "spelled" "wildcard" "too_deep" "apart" "no_sni" "no_authority" "malformed";
    Target "target": "path" "none";
    OtherLogin "other_login": "none" "redirect" "challenge";
    Challenges "challenges": "none" "own";
    Body "body": "small" "limit" "large";
    LogOut "log_out": "no" "yes";
    LoggedOut "logged_out": "no" "yes";
}

impl Field {
    pub fn named(name: &str) -> Option<Self> {
        FIELDS.iter().copied().find(|field| field.name() == name)
    }

    /// The number of one of its values.
    pub fn value(self, name: &str) -> Option<u8> {
        let index = self.values().iter().position(|value| *value == name)?;
        u8::try_from(index).ok()
    }
}

/// A value for every field.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cell([u8; FIELDS.len()]);

impl Cell {
    pub const DEFAULT: Self = Self([0; FIELDS.len()]);

    pub fn number(&self, field: Field) -> u8 {
        self.0[field as usize]
    }

    pub fn get(&self, field: Field) -> &'static str {
        field.values()[usize::from(self.number(field))]
    }

    pub fn is(&self, field: Field, value: &str) -> bool {
        self.get(field) == value
    }

    pub fn set(&mut self, field: Field, number: u8) {
        assert!(usize::from(number) < field.values().len(), "{} has no value {number}", field.name());
        self.0[field as usize] = number;
    }

    /// The same with `field=value` words changed.
    pub fn with(mut self, words: &str) -> Self {
        for word in words.split_whitespace() {
            let (field, value) = word.split_once('=').unwrap_or_else(|| panic!("{word} is no field=value"));
            let field = Field::named(field).unwrap_or_else(|| panic!("there is no field {field}"));
            let number = field.value(value).unwrap_or_else(|| panic!("{} has no value {value}", field.name()));
            self.set(field, number);
        }
        self
    }

    /// Whether there can be such a request at all.
    pub fn is_possible(&self) -> bool {
        let verdict = self.get(Field::Verdict);
        let mode = self.get(Field::Mode);
        let made_by = self.get(Field::MadeBy);
        // Another verifier that never asks would have no certificate to judge.
        let of_mode = match (mode, made_by) {
            ("off", "other") => "optional",
            (mode, _) => mode,
        };
        let made = match of_mode {
            "off" => verdict == "none",
            "request_any" | "require_any" => matches!(verdict, "none" | "tolerated" | "malformed" | "too_large"),
            "optional_no_ca" => true,
            _ => verdict != "tolerated",
        };
        let at_that_time = match verdict {
            "revoked_since" | "restored" => matches!(made_by, "earlier" | "sibling"),
            "untrusted_since" => made_by == "earlier",
            _ => true,
        };
        // Whether a host is the one that asks is known by its name, and so only where it has one.
        let host = !self.is(Field::CertificateHost, "this") || matches!(self.get(Field::Names), "same" | "spelled");
        let before = !(self.is(Field::IdentityBefore, "other") && mode == "off");
        made && at_that_time && host && before
    }
}

impl fmt::Display for Cell {
    /// What is not as by default; mode and verdict always.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mode={} verdict={}", self.get(Field::Mode), self.get(Field::Verdict))?;
        for field in FIELDS {
            let shown = matches!(field, Field::Mode | Field::Verdict);
            if !shown && self.number(*field) != 0 {
                write!(f, " {}={}", field.name(), self.get(*field))?;
            }
        }
        Ok(())
    }
}
