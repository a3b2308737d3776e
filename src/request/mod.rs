//! What to do with a request of a connection whose verdict is known: let it go on, ask for a certificate, or what to answer.
//!
//! [`Verifier::decide`](crate::Verifier::decide) takes the verdict of the connection and what is known of the request, and
//! gives a [`Decision`]: an action, and for an answer its status, headers, a page in words, and whether the connection ends.
//! `docs/requests.md` has the order of the rows, and what a host does for each action.

mod action;
mod audit;
mod authority;
mod cause;
mod challenge;
mod decide;
mod decision;
mod deferred;
mod location;
mod page;
mod preflight;
mod ticket;

pub use action::Action;
pub use cause::Cause;
pub use decision::Decision;
pub use page::Format;
pub use ticket::{NONCE_COOKIE, QUESTION_PARAMETER, Redeemed, TICKET_PARAMETER};

/// What a request is, and what its place requires. Every default is the one that refuses.
#[derive(Clone, Debug, Default)]
pub struct Request<'r> {
    /// What the place requires of the client.
    pub requirement: Requirement,
    /// Whom it is for, where it requires a user; empty for every user. Whoever names users requires one, whatever
    /// `requirement` says, unless that is [`Requirement::None`].
    pub users: &'r [&'r str],
    /// How sure it must be that the user is meant; with [`MinimumStrength::Strong`] a user is required as with `users`.
    pub minimum_strength: MinimumStrength,
    /// The most seconds since the handshake in which the client proved to hold its key. None asks for no age.
    pub maximum_age: Option<u32>,
    /// The TLS version as on the wire: 0x0303 is TLS 1.2, 0x0304 is TLS 1.3. 0 is unknown, and nothing can be asked.
    pub tls: u16,
    /// The version of HTTP.
    pub http: HttpVersion,
    /// Whether the handshake is not complete, so that an alert can still be sent.
    pub handshake_open: bool,
    /// When the handshake was in which the client proved to hold its key, in Unix seconds: the original one, which a
    /// resumption does not renew. None is unknown, and too old wherever an age is asked for.
    pub handshake_time: Option<i64>,
    /// Whether the client offered post-handshake authentication (RFC 8446 section 4.2.6).
    pub offers_post_handshake_auth: bool,
    /// Whether secure renegotiation was negotiated (RFC 5746).
    pub secure_renegotiation: bool,
    /// What came of asking for a certificate on this connection.
    pub late: Late,
    /// Whether this request arrived before the certificate that the client presented late.
    pub arrived_before_certificate: bool,
    /// [`Decision::identity`] of an earlier request of this connection, the last one that was not empty. None for the first.
    pub identity_before: Option<&'r str>,
    /// Whether the session was resumed.
    pub resumed: bool,
    /// Whether this is not the first request of its connection, or the connection was made for another host.
    pub reused: bool,
    /// Whether a request like this was answered 421 on this connection already.
    pub answered_421: bool,
    /// Whether the first request of this connection was a preflight.
    pub preflight_opened: bool,
    /// Whether the request came as early data of TLS 1.3, which can be replayed.
    pub early_data: bool,
    /// The method.
    pub method: &'r str,
    /// The value of `Origin`.
    pub origin: Option<&'r str>,
    /// The value of `Access-Control-Request-Method`.
    pub access_control_request_method: Option<&'r str>,
    /// The value of `Access-Control-Request-Headers`.
    pub access_control_request_headers: Option<&'r str>,
    /// The host of the handshake (SNI).
    pub server_name: Option<&'r str>,
    /// The host of the request: `Host` or `:authority`, with the port where it has one.
    pub authority: Option<&'r str>,
    /// The name of the virtual host that serves the request; may be `*.example.com`.
    pub virtual_host: Option<&'r str>,
    /// Path and query, for redirects.
    pub target: Option<&'r str>,
    /// The value of the browser's cookie [`NONCE_COOKIE`], where it has one: what a ticket of another host is bound to.
    pub nonce: Option<&'r str>,
    /// How else a client can log in, where it can.
    pub other_login: Option<OtherLogin<'r>>,
    /// The server's own values of `WWW-Authenticate`.
    pub challenges: &'r [&'r str],
    /// How many bytes of the body would have to be kept while a certificate is asked for.
    pub body_read: u64,
    /// Whether the user asks to be logged out.
    pub log_out: bool,
    /// Whether the user logged out and has not chosen a certificate since: what the host remembers, in a cookie of its own.
    pub logged_out: bool,
}

/// What a place requires of a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum Requirement {
    /// Nothing but that the verdict is accepted.
    None = 0,
    /// A certificate under whatever the mode accepts: no authentication.
    Certificate = 1,
    /// SUCCESS.
    Verified = 2,
    /// SUCCESS, and a user.
    #[default]
    User = 3,
}

/// How sure it must be that a certificate's user is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum MinimumStrength {
    /// Every rule counts.
    #[default]
    Any = 0,
    /// Only strong rules, such as registered keys.
    Strong = 1,
}

/// Versions of HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum HttpVersion {
    /// Not known, so that nothing can be asked.
    #[default]
    Unknown = 0,
    /// HTTP/1.0.
    Http1_0 = 10,
    /// HTTP/1.1.
    Http1_1 = 11,
    /// HTTP/2.
    Http2 = 20,
    /// HTTP/3.
    Http3 = 30,
}

/// What came of asking for a certificate after the handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum Late {
    /// Nobody asked on this connection.
    #[default]
    NotAsked = 0,
    /// The client presented a certificate.
    Answered = 1,
    /// The client presented none.
    Declined = 2,
    /// The client said nothing for too long.
    TimedOut = 3,
}

/// How a client without a certificate can log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OtherLogin<'r> {
    /// On a page: the server's own URL of it.
    Redirect(&'r str),
    /// By a scheme of HTTP: a value of `WWW-Authenticate`.
    Challenge(&'r str),
}

impl HttpVersion {
    /// `1.1`; empty where it is not known.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::Http1_0 => "1.0",
            Self::Http1_1 => "1.1",
            Self::Http2 => "2",
            Self::Http3 => "3",
        }
    }
}
