//! The page of an answer: what happened, in words, and what a person can do about it.

use serde_json::json;

use super::{Action, Cause, Decision};
use crate::verify::Code;

/// Forms of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum Format {
    /// `text/plain; charset=utf-8`
    Text = 0,
    /// `text/html; charset=utf-8`
    Html = 1,
    /// `application/json`
    Json = 2,
}

/// The page; None where there is no answer. A 204 has an empty one.
pub(super) fn body(decision: &Decision, format: Format) -> Option<String> {
    let status = decision.status?;
    if status == 204 {
        return Some(String::new());
    }
    let (title, why, what) = (title(decision.action, status), sentence(why(decision)), what(decision));
    Some(match format {
        Format::Text => match what {
            "" => format!("{title}\n\n{why}\n"),
            what => format!("{title}\n\n{why}\n{what}\n"),
        },
        Format::Html => {
            let (title, why, what) = (escaped(title), escaped(&why), escaped(what));
            let what = if what.is_empty() { what } else { format!("<p>{what}</p>\n") };
            format!(
                "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
                 <h1>{title}</h1>\n<p>{why}</p>\n{what}</html>\n"
            )
        }
        Format::Json => {
            let cause = decision.cause;
            let iis = cause.and_then(Cause::iis_substatus).filter(|_| status == 403).map(|sub| format!("403.{sub}"));
            let page = json!({
                "status": status,
                "action": decision.action.name(),
                "cause": cause.map(Cause::name),
                "title": title,
                "text": why,
                "advice": Some(what).filter(|what| !what.is_empty()),
                "iis_status": iis,
            });
            format!("{page}\n")
        }
    })
}

fn title(action: Action, status: u16) -> &'static str {
    match status {
        _ if action == Action::LogOut => "Logged out",
        302 | 303 => "Continue elsewhere",
        307 => "Send the request again",
        400 => "Bad request",
        401 => "Authentication required",
        408 => "Request timed out",
        413 => "Request too large",
        421 => "Misdirected request",
        425 => "Too early",
        _ => "Forbidden",
    }
}

fn why(decision: &Decision) -> &'static str {
    decision.cause.map_or("the request is refused", Cause::text)
}

/// What a person can do.
fn what(decision: &Decision) -> &'static str {
    match (decision.action, decision.cause) {
        (Action::Reauthenticate, _) => "Open the page again, and choose a certificate that is valid.",
        (Action::LogOut, _) => "Close all windows of the browser to make it forget which certificate you chose.",
        (Action::TooEarly | Action::Misdirected | Action::Resend | Action::TimedOut, _) => "Please try again.",
        (_, Some(Cause::Reason(Code::CertificateRequired) | Cause::LateDeclined)) => {
            "Install a certificate that is accepted here, restart the browser, and choose the certificate when it asks."
        }
        (_, Some(Cause::Reason(Code::CertificateExpired))) => "Please have it renewed.",
        (_, Some(Cause::LateCertificateImpossible)) => {
            "Please tell the operator of this site: it has to ask for the certificate earlier."
        }
        _ => "",
    }
}

/// A text with a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// What stands in HTML for a text, in an element or a quoted attribute.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(character),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(escaped("<a href='x'>\"&"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;");
    }

    #[test]
    fn a_sentence_begins_and_ends() {
        assert_eq!(sentence("the certificate has expired"), "The certificate has expired.");
    }
}
