//! The client of a verdict in one text, for a host that has to notice when it becomes another one.

use super::{Outcome, Verdict};
use crate::certificate;
use crate::crypto::sha256;

const UNVERIFIED: &str = "unverified:";

impl Verdict {
    /// Who the client is, in a text that only equals itself: the SHA-256 of its certificate, and the user where it stands for
    /// one; `unverified:` before it where the outcome is FAILED. Empty without a certificate.
    pub(crate) fn presence(&self) -> &str {
        std::str::from_utf8(self.presence_with_nul()).unwrap_or_default().trim_end_matches('\0')
    }

    /// The same with a NUL behind it, for C.
    pub(crate) fn presence_with_nul(&self) -> &[u8] {
        const NAME: &str = "\0presence";
        if self.outcome == Outcome::None || self.chain_der().is_empty() {
            return &[0];
        }
        if let Some(text) = self.renderings.get(NAME) {
            return text;
        }
        // What cannot be told apart into certificates is told apart as a whole.
        let certificate = self.certificate_der(0).unwrap_or(self.chain_der());
        let digest = certificate::hex(&sha256(certificate));
        let text = match self.verified() {
            true => format!("{digest}:{}", self.user().unwrap_or_default().replace('\0', "\u{fffd}")),
            false => format!("{UNVERIFIED}{digest}"),
        };
        self.renderings.keep(NAME, text.into_bytes())
    }

    /// Whether the client is still who it was. That a certificate came where there was none, and that the same certificate
    /// was verified meanwhile, is no change.
    pub(crate) fn is_still(&self, before: &str) -> bool {
        let now = self.presence();
        before.is_empty()
            || before == now
            || before.strip_prefix(UNVERIFIED).is_some_and(|digest| now.split(':').next() == Some(digest))
    }
}
