//! What a host does with a request.

/// What to do with a request. Numbers are stable; whoever meets an unknown one refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum Action {
    /// It goes on, with the identity of the decision's verdict.
    Allow = 0,
    /// A CORS preflight: it goes on without an identity, or, with a status, is answered.
    Preflight = 1,
    /// The host renegotiates and asks for a certificate (TLS 1.2 and below).
    AskRenegotiate = 2,
    /// The host asks for a certificate (TLS 1.3, RFC 8446 section 4.6.2).
    AskPostHandshake = 3,
    /// The stream is reset with HTTP_1_1_REQUIRED (RFC 9113 section 9.2.3).
    UseHttp1_1 = 4,
    /// A redirect to the host that asks in its handshake.
    AskElsewhere = 5,
    /// The client is sent to the server's other log-in.
    FallBack = 6,
    /// 401 with challenges.
    Challenge = 7,
    /// 403.
    Forbid = 8,
    /// 425: not as early data.
    TooEarly = 9,
    /// 421: not on this connection.
    Misdirected = 10,
    /// The connection ends, and the client proves anew who it is.
    Reauthenticate = 11,
    /// The user is logged out.
    LogOut = 12,
    /// 307 to the same place, after a late certificate.
    Resend = 13,
    /// 408: no answer to a late question.
    TimedOut = 14,
    /// 413: the body is too large to be kept while a certificate is asked for.
    TooLarge = 15,
}

impl Action {
    /// Every action, in the order of their numbers.
    pub const ALL: [Self; 16] = [
        Self::Allow,
        Self::Preflight,
        Self::AskRenegotiate,
        Self::AskPostHandshake,
        Self::UseHttp1_1,
        Self::AskElsewhere,
        Self::FallBack,
        Self::Challenge,
        Self::Forbid,
        Self::TooEarly,
        Self::Misdirected,
        Self::Reauthenticate,
        Self::LogOut,
        Self::Resend,
        Self::TimedOut,
        Self::TooLarge,
    ];

    /// The stable name, such as `ask_elsewhere`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Preflight => "preflight",
            Self::AskRenegotiate => "ask_renegotiate",
            Self::AskPostHandshake => "ask_post_handshake",
            Self::UseHttp1_1 => "use_http_1_1",
            Self::AskElsewhere => "ask_elsewhere",
            Self::FallBack => "fall_back",
            Self::Challenge => "challenge",
            Self::Forbid => "forbid",
            Self::TooEarly => "too_early",
            Self::Misdirected => "misdirected",
            Self::Reauthenticate => "reauthenticate",
            Self::LogOut => "log_out",
            Self::Resend => "resend",
            Self::TimedOut => "timed_out",
            Self::TooLarge => "too_large",
        }
    }
}
