//! Challenges: how a client is told that it can authenticate (RFC 9110 section 11.6.1).

use super::location::is_field_value;
use super::{OtherLogin, Request};
use crate::policy::Policy;

pub(super) const WWW_AUTHENTICATE: &str = "WWW-Authenticate";

/// Every value of `WWW-Authenticate` for a request: its other log-in's, the server's own, the library's.
pub(super) fn values<'a>(policy: &'a Policy, request: &'a Request<'_>) -> impl Iterator<Item = &'a str> {
    let other = match request.other_login {
        Some(OtherLogin::Challenge(value)) => Some(value),
        _ => None,
    };
    let own = request.challenges.iter().copied();
    // A value with line ends in it would be more than a value.
    let given = other.into_iter().chain(own).filter(|value| is_field_value(value));
    given.chain(policy.challenges().iter().map(String::as_str))
}

/// Whether a client without a certificate can be told how to authenticate, other than by its other log-in.
pub(super) fn exists(policy: &Policy, request: &Request<'_>) -> bool {
    !policy.challenges().is_empty() || request.challenges.iter().any(|value| is_field_value(value))
}
