//! What is true of every decision.

use clientcert::Outcome;
use clientcert::request::{Action, Decision, Format, OtherLogin, Request, Requirement};
use clientcert::verify::TlsVersion;

use crate::world::{ASKING_HOST, ORIGIN};

/// What is wrong with a decision about this request, or None.
pub fn fault(request: &Request<'_>, decision: &Decision) -> Option<String> {
    [
        fault_of_action(request, decision),
        fault_of_headers(decision),
        fault_of_redirect(request, decision),
        fault_of_bodies(request, decision),
        fault_of_audit(decision),
    ]
    .into_iter()
    .flatten()
    .next()
}

fn fault_of_action(request: &Request<'_>, decision: &Decision) -> Option<String> {
    let action = decision.action();
    let goes_on =
        matches!(action, Action::Allow | Action::AskRenegotiate | Action::AskPostHandshake | Action::UseHttp1_1);
    let alerts = [TlsVersion::Tls12, TlsVersion::Tls13].map(|version| decision.alert(version));
    let verdict = decision.verdict();
    for (holds, rule) in [
        (decision.status().is_none() || !goes_on, "what goes on has no status"),
        (decision.status().is_some() || goes_on || action == Action::Preflight, "an answer has a status"),
        (decision.status() != Some(200), "nothing is answered as if it were the page"),
        (action != Action::Allow || decision.cause().is_none(), "what is allowed has no cause"),
        (
            matches!(action, Action::Allow | Action::Preflight) || decision.cause().is_some(),
            "what is not allowed has a cause",
        ),
        (
            !decision.session_cacheable()
                || !matches!(action, Action::Preflight | Action::FallBack | Action::LogOut | Action::Reauthenticate),
            "no session is kept after this action",
        ),
        (
            decision.closes() || !matches!(action, Action::LogOut | Action::Reauthenticate | Action::TimedOut),
            "this action closes the connection",
        ),
        (action != Action::Preflight || decision.identity().is_empty(), "a preflight has no identity"),
        (
            action != Action::Preflight || verdict.outcome() == Outcome::None && verdict.user().is_none(),
            "a preflight is passed on without a certificate",
        ),
        (
            decision.http2_error() == (action == Action::UseHttp1_1).then_some(0xd),
            "HTTP_1_1_REQUIRED (RFC 9113 section 7) goes with its action",
        ),
        (request.handshake_open || alerts == [None; 2], "an alert needs an open handshake"),
        (!matches!(action, Action::Allow | Action::Preflight) || alerts == [None; 2], "what may go on gets no alert"),
        (action != Action::Allow || !request.early_data || request.requirement == Requirement::None, "early data"),
    ] {
        if !holds {
            return Some(rule.to_owned());
        }
    }
    None
}

fn fault_of_headers(decision: &Decision) -> Option<String> {
    let mut no_store = 0;
    let mut challenges = 0;
    for (name, value) in headers(decision) {
        if name.is_empty() || !name.bytes().all(is_of_token) {
            return Some(format!("{name:?} is no field name (RFC 9110 section 5.1)"));
        }
        if value.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
            return Some(format!("{name} has a control character: {value:?}"));
        }
        match &*name.to_ascii_lowercase() {
            "cache-control" if value.split(',').any(|word| word.trim() == "no-store") => no_store += 1,
            "www-authenticate" if !value.trim().is_empty() => challenges += 1,
            "access-control-allow-origin" if value != ORIGIN => {
                return Some(format!("{value:?} is allowed, which is not the origin on the list"));
            }
            _ => {}
        }
    }
    let status = decision.status();
    if status == Some(401) && challenges == 0 {
        return Some("a 401 has no WWW-Authenticate (RFC 9110 section 15.5.2)".to_owned());
    }
    if status.is_some() && no_store != 1 {
        return Some(format!("{no_store} times Cache-Control: no-store"));
    }
    if decision.action() == Action::Allow && headers(decision).next().is_some() {
        return Some("what is allowed has headers".to_owned());
    }
    None
}

fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn fault_of_redirect(request: &Request<'_>, decision: &Decision) -> Option<String> {
    let redirects = decision.status().is_some_and(|status| (300..400).contains(&status));
    let locations: Vec<&str> =
        headers(decision).filter(|(name, _)| name.eq_ignore_ascii_case("location")).map(|(_, value)| value).collect();
    let [location] = locations[..] else {
        return (redirects || !locations.is_empty()).then(|| format!("{} Locations", locations.len()));
    };
    if !redirects {
        return Some("a Location without a redirect".to_owned());
    }
    let own_page =
        request.other_login.is_some_and(|login| matches!(login, OtherLogin::Redirect(url) if url == location));
    let good = match decision.action() {
        Action::Resend => is_origin_form(location) && request.target.is_some(),
        Action::AskElsewhere => location
            .strip_prefix("https://")
            .and_then(|rest| rest.strip_prefix(ASKING_HOST))
            .is_some_and(|rest| rest.starts_with('/') && is_clean(rest)),
        Action::FallBack | Action::LogOut => own_page,
        _ => false,
    };
    (!good).then(|| format!("{:?} redirects to {location:?}", decision.action()))
}

/// Whether it is a path of the same host for every browser: `//host` and `/\host` are another one
/// (URL standard, section 4.4), and so are characters that it strips.
fn is_origin_form(target: &str) -> bool {
    let rest = target.strip_prefix('/');
    rest.is_some_and(|rest| !rest.starts_with(['/', '\\'])) && is_clean(target)
}

/// Whether no browser reads anything else out of it.
fn is_clean(target: &str) -> bool {
    target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

fn fault_of_bodies(request: &Request<'_>, decision: &Decision) -> Option<String> {
    let written_by_clients = [
        Some(request.method),
        request.origin,
        request.access_control_request_method,
        request.access_control_request_headers,
        request.server_name,
        request.authority,
        request.target,
    ];
    let bodies = [Format::Html, Format::Json, Format::Text].map(|format| decision.body(format));
    if bodies.iter().any(|body| body.is_some() != decision.status().is_some()) {
        return Some("an answer has a page, and nothing else has".to_owned());
    }
    let [Some(html), Some(json), Some(text)] = bodies else { return None };
    for sent in written_by_clients.into_iter().flatten() {
        // Shorter ones are in every page.
        let active = sent.len() >= 8 && sent.contains(['<', '>', '&', '"', '\'']);
        if active && html.contains(sent) {
            return Some(format!("the page has {sent:?} as it came"));
        }
    }
    let bare = html.to_ascii_lowercase();
    if ["<script>alert", "onerror=", "javascript:"].iter().any(|word| bare.contains(word)) {
        return Some(format!("the page has somebody's script: {html}"));
    }
    if !json.is_empty() && serde_json::from_str::<serde_json::Value>(&json).is_err() {
        return Some(format!("the body is no JSON: {json}"));
    }
    let hidden = |character: char| character.is_control() && character != '\n';
    if text.contains(hidden) || html.contains(hidden) {
        return Some(format!("a body has control characters: {text:?} {html:?}"));
    }
    None
}

fn fault_of_audit(decision: &Decision) -> Option<String> {
    let audit = decision.audit();
    // Also for who splits lines at U+0085, U+2028 and U+2029, and for terminals that obey U+009B.
    if audit.chars().any(|character| character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')) {
        return Some(format!("the audit record is not one line: {audit:?}"));
    }
    match serde_json::from_str::<serde_json::Value>(&audit) {
        Ok(record) if record.is_object() => None,
        _ => Some(format!("the audit record is no JSON object: {audit}")),
    }
}

fn headers(decision: &Decision) -> impl Iterator<Item = (&str, &str)> {
    decision.headers()
}
