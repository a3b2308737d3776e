//! A verdict as what variables are about.

use super::{Outcome, Verdict};
use crate::certificate::Certificate;
use crate::certificate::variables::{self, Status, Subject, Variable, Verify};
use crate::verify::{Code, Reason};

/// The variables that only a verdict has.
const NAMES: &[Variable] = &[
    Variable { name: "outcome", help: "`NONE`, `SUCCESS` or `FAILED`" },
    Variable { name: "verified", help: "`1` for `SUCCESS`, else `0`: what a page is protected by" },
    Variable { name: "accepted", help: "`1` where the connection may go on, else `0`; **no authentication**" },
    Variable { name: "mode", help: "the mode of the policy" },
    Variable {
        name: "verified_by",
        help: "`own`, or `proxy` where a trusted proxy's word stands in for a path to a CA; absent for anything but `SUCCESS`",
    },
    Variable { name: "reason", help: "the name of the primary reason, such as `certificate_expired`" },
    Variable { name: "reasons", help: "the names of all reasons, each with `@` and its depth, joined by `,`" },
    Variable { name: "reason_text", help: "the primary reason in English" },
    Variable { name: "user", help: "the user whom the certificate stands for; absent for anything but `SUCCESS`" },
    Variable { name: "user_rule", help: "the identity rule that named the user, or `registration`" },
    Variable { name: "user_strength", help: "`strong` or `weak`: how sure it is that the user is meant" },
    Variable { name: "registration_label", help: "what the registration of the key is called, such as `laptop`" },
    Variable { name: "registration_key", help: "what is registered: `spki:sha256:` or `cert:sha256:` and hexadecimal" },
    Variable {
        name: "pending_fingerprint",
        help: "the key that the host should look up, likewise; present only where it is asked (`registry = external`)",
    },
    Variable { name: "second_opinion", help: "`agreed`, `abstained:` and why, `disagreed`, or `not_asked`" },
    Variable { name: "policy_identity", help: "what names the policy, in lower-case hexadecimal" },
    Variable { name: "valid_until", help: "the Unix time until which a `SUCCESS` holds; absent for anything else" },
    Variable { name: "crl_issuer", help: "who issued the CRL that decided, as RFC 4514 writes it" },
    Variable { name: "crl_number", help: "its number in upper-case hexadecimal" },
    Variable { name: "crl_this_update", help: "when it was issued (RFC 3339)" },
    Variable { name: "crl_next_update", help: "when the next one is due, likewise" },
    Variable { name: "crl_source", help: "where it was found: the file with the line, or with its number in it" },
    Variable { name: "ocsp_status", help: "`good`, `revoked` or `unknown`: what the OCSP answer that decided says" },
    Variable { name: "ocsp_responder", help: "how its responder names itself: a name, or the SHA-1 of its key" },
    Variable { name: "ocsp_this_update", help: "when what it says was known to be so (RFC 3339)" },
    Variable { name: "ocsp_next_update", help: "when there will be a newer one, likewise" },
    Variable { name: "revocation_reason", help: "why the certificate was revoked, such as `keyCompromise`" },
    Variable { name: "revocation_date", help: "since when it is revoked (RFC 3339)" },
];

impl Verdict {
    /// Every variable that a verdict can be asked for: the system that its name comes from, the name, in which `N`
    /// stands for a number from 0, and what it holds, in one line of Markdown.
    pub fn variables() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
        let groups = std::iter::once(("The verdict", NAMES)).chain(variables::names());
        groups.flat_map(|(group, names)| names.iter().map(move |variable| (group, variable.name, variable.help)))
    }
}

impl Subject for Verdict {
    fn certificate_count(&self) -> usize {
        Verdict::certificate_count(self)
    }

    fn certificate(&self, index: usize) -> Option<Certificate<'_>> {
        Verdict::certificate(self, index)
    }

    fn chain_der(&self) -> &[u8] {
        Verdict::chain_der(self)
    }

    fn anchor(&self) -> Option<Certificate<'_>> {
        Verdict::anchor(self)
    }

    fn status(&self) -> Option<Status<'_>> {
        let reason = self.primary().map_or("", |reason| reason.code.openssl_text());
        let tolerated = self.reasons.iter().all(|reason| reason.tolerated);
        let verify = match self.outcome {
            Outcome::None => Verify::None,
            Outcome::Success => Verify::Success,
            Outcome::Failed if self.accepted && tolerated => Verify::Generous(reason),
            Outcome::Failed => Verify::Failed(reason),
        };
        let number = |reason: Option<&Reason>| reason.map_or(0, |reason| reason.code.openssl_number());
        let above_leaf = self.reasons.iter().find(|reason| reason.depth.is_some_and(|depth| depth > 0));
        Some(Status {
            verify,
            openssl_error: if self.outcome == Outcome::None { 0 } else { self.openssl_error() },
            leaf_error: number(self.reasons.iter().find(|reason| reason.depth == Some(0))),
            ca_error: number(above_leaf),
            ca_error_depth: above_leaf.and_then(|reason| reason.depth?.try_into().ok()).unwrap_or(0),
            error_name,
        })
    }
}

fn error_name(number: i32) -> Option<&'static str> {
    match number {
        0 => Some("X509_V_OK"),
        _ => Code::all().find(|code| code.openssl_number() == number).map(Code::openssl_name),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::path::Path;

    use super::*;

    const HEAD: &str = "# Variables

A variable is asked for by name: `clientcert_verdict_get(verdict, name, &length)` in C, `Verdict::get` in Rust, the
member `variables` in the JSON of `clientcert verify`. A name that does not exist, and a value that does not exist for
this client, are absent, which is not the same as empty. Names are case-sensitive. `N` in a name stands for a number
from 0.

The names of nginx (with or without the `$`), Apache and HAProxy give byte for byte what these give for the same
certificate, weaknesses included: see the notes on each. The differential tests compare them with OpenSSL. The
library's own names have none of these weaknesses: every value is one line of UTF-8 (PEM and `chain_der` apart), in
which control characters, characters that hide or reorder text, broken UTF-8, the backslash, and a `#` at the start stand
as `\\` and two hexadecimal digits per byte; in names RFC 4514 decides. A value that cannot be read as text is `#` and
the hexadecimal of its DER.

Whatever can occur several times is numbered. Without a number such a name means the only one (`san_email`), and is
absent where there are several, because to pick one would be to decide who the client is; with `count` for a number it is
how many there are (`san_email_count`).

What belongs to a connection is the server's to give, because a verdict holds nothing of a connection: the cipher, the
session, SNI, and the client's signature scheme (`$ssl_client_sigalg`).
";

    /// Set `UPDATE_DOCS=1` to write the page anew.
    #[test]
    fn the_documentation_lists_every_variable() {
        let mut page = HEAD.to_owned();
        let mut last = "";
        for (group, name, help) in Verdict::variables() {
            if group != last {
                let _ = write!(page, "\n## {group}\n\n| name | value |\n| --- | --- |\n");
                last = group;
            }
            let _ = writeln!(page, "| `{name}` | {} |", help.replace('|', "\\|"));
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/variables.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, page).expect("docs/variables.md can be written");
        } else {
            let found = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(found == page, "docs/variables.md is stale: run the tests with UPDATE_DOCS=1");
        }
    }

    #[test]
    fn no_name_is_there_twice() {
        let mut names: Vec<&str> = Verdict::variables().map(|(_, name, _)| name).collect();
        names.sort_unstable();
        assert!(names.is_sorted_by(|left, right| left < right));
    }

    #[test]
    fn numbers_have_openssls_names() {
        assert_eq!(error_name(0), Some("X509_V_OK"));
        assert_eq!(error_name(10), Some("X509_V_ERR_CERT_HAS_EXPIRED"));
        assert_eq!(error_name(9999), None);
    }
}
