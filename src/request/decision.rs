//! The decision about one request, and what a host answers by it.

use std::sync::Arc;

use super::audit::Record;
use super::page::{self, Format};
use super::{Action, Cause};
use crate::verdict::Verdict;
use crate::verify::{Code, TlsVersion};

/// Names and values of header fields.
pub(super) type Headers = Vec<(&'static str, String)>;

/// What to do with one request. Immutable; every method may be called from any thread.
#[derive(Clone, Debug)]
pub struct Decision {
    pub(super) action: Action,
    pub(super) status: Option<u16>,
    pub(super) cause: Option<Cause>,
    pub(super) closes: bool,
    pub(super) session_cacheable: bool,
    pub(super) headers: Headers,
    /// The one that decided.
    pub(super) verdict: Arc<Verdict>,
    /// Why the handshake that is still open ends.
    pub(super) refused: Option<Code>,
    pub(super) record: Record,
}

/// HTTP_1_1_REQUIRED (RFC 9113 section 7).
const HTTP_1_1_REQUIRED: u32 = 0xd;

impl Decision {
    /// What to do.
    pub fn action(&self) -> Action {
        self.action
    }

    /// The status of the answer; None where the request goes on, or the client is asked.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// The header fields of the answer. `WWW-Authenticate` may stand there several times. The type of the page is the
    /// host's to add.
    pub fn headers(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// The answer's page with the cause in words; None where there is no answer. All that is in it is the library's own.
    pub fn body(&self, format: Format) -> Option<String> {
        page::body(self, format)
    }

    /// Why the request does not simply go on; None where it does.
    pub fn cause(&self) -> Option<Cause> {
        self.cause
    }

    /// The TLS alert (RFC 8446 section 6.2) that says it, where the handshake is still open and the verdict is not accepted.
    pub fn alert(&self, version: TlsVersion) -> Option<u8> {
        self.refused.map(|code| code.alert(version))
    }

    /// Whether the connection ends with this answer: `Connection: close` in HTTP/1, GOAWAY in HTTP/2 and HTTP/3.
    pub fn closes(&self) -> bool {
        self.closes
    }

    /// Whether the session of this connection may be resumed: a ticket sent, or an entry kept. Only where the request is
    /// allowed, and the next connection need not ask anew.
    pub fn session_cacheable(&self) -> bool {
        self.session_cacheable
    }

    /// Who the client is, to be given back as [`super::Request::identity_before`] with the next request of the connection.
    /// It names a certificate and a user, and is no text for people. Empty where there is no certificate, or it does not
    /// count; a host keeps the last that was not empty.
    pub fn identity(&self) -> &str {
        self.verdict.presence()
    }

    /// The same with a NUL behind it, for C.
    pub(crate) fn identity_with_nul(&self) -> &[u8] {
        self.verdict.presence_with_nul()
    }

    /// The verdict that decided: the connection's, looked at again where that was due, or the one without a certificate
    /// where the certificate does not count for this request. What the application learns of the client, it learns here.
    pub fn verdict(&self) -> &Arc<Verdict> {
        &self.verdict
    }

    /// One line of JSON for the log: the moment, the action with its cause, who it was, and of which request.
    pub fn audit(&self) -> String {
        self.record.line(self)
    }

    /// The error code to reset the stream with, in HTTP/2: HTTP_1_1_REQUIRED.
    pub fn http2_error(&self) -> Option<u32> {
        (self.action == Action::UseHttp1_1).then_some(HTTP_1_1_REQUIRED)
    }
}
