//! Certificates that are asked for after the handshake.

use super::{HttpVersion, Request};
use crate::policy::Policy;

/// How a certificate can be asked for on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// TLS 1.2 and below, over HTTP/1 (RFC 9113 section 9.2.1 forbids it over HTTP/2), and securely (RFC 5746).
    Renegotiate,
    /// TLS 1.3 where the client offered it (RFC 8446 section 4.6.2), over HTTP/1.
    PostHandshake,
    /// Over HTTP/2, where the same client could be asked over HTTP/1.1 (RFC 9113 section 9.2.3).
    OverHttp1_1,
    /// Not at all: no such offer, HTTP/3 (RFC 9001 section 4.4), or nothing is known of the connection.
    Impossible,
}

const SSL_3_0: u16 = 0x0300;
const TLS_1_2: u16 = 0x0303;
const TLS_1_3: u16 = 0x0304;

impl Way {
    pub(super) fn of(policy: &Policy, request: &Request<'_>) -> Self {
        let way = match request.tls {
            SSL_3_0..=TLS_1_2 if policy.requests().renegotiates && request.secure_renegotiation => Self::Renegotiate,
            TLS_1_3 if request.offers_post_handshake_auth => Self::PostHandshake,
            _ => return Self::Impossible,
        };
        match request.http {
            HttpVersion::Http1_0 | HttpVersion::Http1_1 => way,
            HttpVersion::Http2 => Self::OverHttp1_1,
            HttpVersion::Http3 | HttpVersion::Unknown => Self::Impossible,
        }
    }
}
