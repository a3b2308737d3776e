//! Enrolment by the users themselves: a verdict is the proof that whoever asks holds the key.

use super::Verdict;
use crate::certificate::Certificate;
use crate::error::Error;
use crate::registry::{Action, AuditRecord, Editor, Form, Registration};
use crate::signature::{Key, Signed};
use crate::time::unix_now;
use crate::verify::Code;

impl Editor<'_> {
    /// Registers the key of a client to a user who is logged in by other means: the user's own verb.
    ///
    /// `verdict` must be that of the very connection on which the user asks: a certificate is public, and only the
    /// handshake has proven that the client holds its key. All that may be wrong with it is that the key is not registered.
    ///
    /// # Errors
    ///
    /// [`Error::NotEntitled`] where something else is wrong, or nothing; what [`Editor::enrol_certificate`] returns.
    pub fn enrol_verdict(&self, user: &str, label: &str, verdict: &Verdict) -> Result<AuditRecord, Error> {
        let certificate = verdict.unregistered()?;
        let registration = Registration {
            label: label.to_owned(),
            ..Registration::of_certificate(user, &certificate, Form::Spki, unix_now())
        };
        self.add_certificate(Action::EnrolSelf, &certificate, &registration, None)
    }

    /// Registers the key of a client beside the one that it showed on another connection, which is registered, still counts
    /// and may change keys: to the same user, for the same CA, and no longer than that. Both verdicts must be of connections
    /// that are alive and of one person, which is for the host to know: of one session, for instance. Without a `label` the
    /// new key is called like the old one.
    ///
    /// # Errors
    ///
    /// [`Error::NotEntitled`] where `verdict` is not as for [`Editor::enrol_verdict`], or `registered` not verified, or its
    /// key may not change keys or does not count; [`Error::NotRegistered`] where it has no registration; what
    /// [`Editor::enrol_certificate`] returns.
    pub fn renew_beside(
        &self,
        verdict: &Verdict,
        registered: &Verdict,
        label: Option<&str>,
    ) -> Result<AuditRecord, Error> {
        let certificate = verdict.unregistered()?;
        match registered.certificate(0).filter(|_| registered.verified()) {
            Some(by) => self.add_beside(&by, &certificate, label, "beside"),
            None => Err(Error::NotEntitled("the other client is not verified".to_owned())),
        }
    }

    /// Registers the key of a client whose certificate the registered key of `by` has signed, where that registration still
    /// counts and may change keys: to the same user, for the same CA, and no longer than that. Without a `label` the new key
    /// is called like the old one.
    ///
    /// # Errors
    ///
    /// [`Error::NotEntitled`] where `verdict` is not as for [`Editor::enrol_verdict`], or the signature is not by that key;
    /// the others of [`Editor::renew_beside`].
    pub fn renew_signed(
        &self,
        verdict: &Verdict,
        by: &Certificate<'_>,
        label: Option<&str>,
    ) -> Result<AuditRecord, Error> {
        let certificate = verdict.unregistered()?;
        match Key::of(by).verify(by, Signed::from(&certificate)) {
            Ok(()) => self.add_beside(by, &certificate, label, "signed by"),
            Err(_) => Err(Error::NotEntitled("the certificate is not signed by the registered key".to_owned())),
        }
    }
}

impl Verdict {
    /// The certificate of a client with which nothing is wrong but that its key is not registered.
    fn unregistered(&self) -> Result<Certificate<'_>, Error> {
        let refuse = |why: String| Err(Error::NotEntitled(why));
        match (self.reasons(), self.certificate(0)) {
            _ if self.verified() => {
                refuse("the client is verified already, so there is nothing to register".to_owned())
            }
            (_, Some(certificate)) if self.may_enrol() => Ok(certificate),
            (reasons, Some(_)) => {
                let other = reasons.iter().find(|reason| reason.code != Code::KeyNotRegistered);
                let why = other.map_or("nobody has asked for its registration", |reason| reason.code.text());
                refuse(format!("more is wrong than that the key is not registered: {why}"))
            }
            (_, None) => refuse("the client presented no certificate".to_owned()),
        }
    }

    /// Whether a token that is bound by `confirmation` is bound to the client's certificate (RFC 8705 section 3): the JSON
    /// of its `cnf`, or the value of `x5t#S256` alone. It says nothing about who the client is, only that it is the one to
    /// whom the token was given: that needs no CA (section 6.2), so it is enough that the connection may go on.
    pub fn confirms(&self, confirmation: &str) -> bool {
        let certificate = self.certificate(0).filter(|_| self.accepted());
        certificate.is_some_and(|certificate| crate::registry::confirms(&certificate, confirmation))
    }
}
