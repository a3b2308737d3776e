//! What the options of requests say: they change what is answered, never who a client is.

use std::fmt::Write as _;

use super::config::Config;
use super::mode::Mode;
use super::options::{Key, Word};
use super::value::Value;
use super::warning::{Warning, WarningKind};
use crate::Error;

/// What becomes of a CORS preflight, which carries no certificate (Fetch, section 4.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preflight {
    /// It is a request like any other.
    Refuse,
    /// It goes on, without an identity.
    Pass,
    /// It is answered by the library.
    Answer,
}

/// The options of requests as types.
#[derive(Debug)]
pub(crate) struct RequestOptions {
    pub(crate) preflight: Preflight,
    /// Exactly as a browser writes them.
    pub(crate) preflight_origins: Vec<String>,
    pub(crate) challenges: Challenges,
    /// The authority that asks for a certificate in its handshake.
    pub(crate) certificate_host: Option<String>,
    /// Whether TLS 1.2 may be renegotiated, where that is secure (RFC 5746).
    pub(crate) renegotiates: bool,
    pub(crate) late_body_limit: u64,
    /// Whether a request that came before a late certificate has to be sent again.
    pub(crate) resends: bool,
    /// Whether the names themselves must agree, not only the policies.
    pub(crate) compares_names: bool,
}

/// The library's own values of `WWW-Authenticate`.
#[derive(Debug, Default)]
pub(crate) struct Challenges {
    pub(crate) transport: bool,
    pub(crate) client_certificate: bool,
}

/// What `challenge` takes.
pub(super) const CHALLENGES: &[Word] = &[
    Word {
        name: "transport",
        help: "`transport mode=\"tls-client-certificate\"`, as proposed to the HTTP working group in 2010",
    },
    Word {
        name: "client_certificate",
        help: "`ClientCertificate` with the names of the CAs (draft-thomson-httpbis-cant-01), as far as they are short",
    },
];

impl RequestOptions {
    /// # Errors
    ///
    /// [`Error::InvalidConfig`] where preflights are answered for nobody; [`Error::Internal`] where the table of options
    /// names a value that nothing here knows.
    pub(super) fn of(config: &Config) -> Result<Self, Error> {
        const UNKNOWN: Error = Error::Internal("the table of options has a request option that is not known");
        let word = |key| match config.value(key) {
            Some(Value::Word(word)) => Ok(word),
            _ => Err(UNKNOWN),
        };
        let list = |key| match config.value(key) {
            Some(Value::List(items)) => items,
            _ => Vec::new(),
        };
        let preflight = match word(Key::Preflight)? {
            "refuse" => Preflight::Refuse,
            "pass" => Preflight::Pass,
            "answer" => Preflight::Answer,
            _ => return Err(UNKNOWN),
        };
        let preflight_origins = list(Key::PreflightOrigin);
        if preflight == Preflight::Answer && preflight_origins.is_empty() {
            return Err(Error::InvalidConfig(
                "option 'preflight' is answer, and 'preflight_origin' names no origin to answer".into(),
            ));
        }
        let challenges = list(Key::Challenge);
        Ok(Self {
            preflight,
            preflight_origins,
            challenges: Challenges {
                transport: challenges.iter().any(|word| word == "transport"),
                client_certificate: challenges.iter().any(|word| word == "client_certificate"),
            },
            certificate_host: match config.value(Key::CertificateHost) {
                Some(Value::Text(host)) => Some(host),
                None => None,
                _ => return Err(UNKNOWN),
            },
            renegotiates: match word(Key::Renegotiation)? {
                "secure" => true,
                "off" => false,
                _ => return Err(UNKNOWN),
            },
            late_body_limit: match config.value(Key::LateBodyLimit) {
                Some(Value::Number(bytes)) => bytes.into(),
                _ => return Err(UNKNOWN),
            },
            resends: match word(Key::LateRequest)? {
                "resend" => true,
                "attribute" => false,
                _ => return Err(UNKNOWN),
            },
            compares_names: match word(Key::Authority)? {
                "name" => true,
                "policy" => false,
                _ => return Err(UNKNOWN),
            },
        })
    }
}

/// Where a certificate cannot be asked for although a request may need one, and options that have no effect.
pub(super) fn warnings(config: &Config, mode: Mode, options: &RequestOptions) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut warn = |kind, option, text: &str| warnings.push(Warning::new(kind, option, text));
    match mode {
        Mode::Deferred if options.certificate_host.is_none() => {
            let nobody = match options.renegotiates {
                true => "clients of TLS 1.3 that do not offer post-handshake authentication, which browsers do not",
                false => {
                    "clients of TLS 1.2, because 'renegotiation' is off, those of TLS 1.3 that do not offer \
                          post-handshake authentication, which browsers do not"
                }
            };
            let text = format!(
                "cannot ask {nobody}, nor anybody over HTTP/2 or HTTP/3: ask at once with mode 'optional', name a host \
                 that does so in 'certificate_host', or cap the server at TLS 1.2 with 'renegotiation' secure"
            );
            warn(WarningKind::LateAskingImpossible, "mode", &text);
        }
        Mode::Off if options.certificate_host.is_none() => warn(
            WarningKind::NobodyAsked,
            "mode",
            "no client is asked for a certificate, and none can be let in where one is required: ask with mode 'optional', \
             or name a host that does so in 'certificate_host'",
        ),
        _ => {}
    }
    if mode.asks() && options.certificate_host.is_some() {
        let text = format!("mode '{}' asks in its own handshake", mode.name());
        warn(WarningKind::NoEffect, "certificate_host", &text);
    }
    if options.preflight != Preflight::Answer && !options.preflight_origins.is_empty() {
        warn(WarningKind::NoEffect, "preflight_origin", "'preflight' is not answer");
    }
    for (key, name) in [
        (Key::Renegotiation, "renegotiation"),
        (Key::LateBodyLimit, "late_body_limit"),
        (Key::LateRequest, "late_request"),
    ] {
        if mode != Mode::Deferred && config.is_set(key) {
            warn(WarningKind::NoEffect, name, &format!("mode '{}' asks nobody late", mode.name()));
        }
    }
    warnings
}

/// The values of `WWW-Authenticate` that a policy sends. The names are those of `ca_names`, one challenge each, because a
/// parameter may stand in a challenge once (RFC 9110 section 11.2); without names where they are many or long.
pub(super) fn challenge_values<'n>(chosen: &Challenges, ca_names: impl Iterator<Item = &'n [u8]>) -> Vec<String> {
    /// Header fields together are often limited to 8 KiB, and a page's own come on top.
    const MOST: usize = 2048;
    let mut values = Vec::new();
    if chosen.transport {
        values.push("transport mode=\"tls-client-certificate\"".to_owned());
    }
    if chosen.client_certificate {
        let plain = "ClientCertificate realm=\"client certificate\"";
        let mut named = Vec::new();
        let mut size = 0;
        for name in ca_names {
            let mut value = plain.to_owned();
            // Writing to a String cannot fail.
            let _ = write!(value, ", dn=\"{}\"", crate::certificate::base64url(name));
            size += value.len();
            if size > MOST {
                named.clear();
                break;
            }
            named.push(value);
        }
        match named.is_empty() {
            true => values.push(plain.to_owned()),
            false => values.append(&mut named),
        }
    }
    values
}

/// Whether a text is an origin as browsers write it: `https://app.example.com`, in lower case, with the port only where it
/// is not the scheme's own, and nothing behind it (RFC 6454 section 6.2).
pub(super) fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else { return false };
    let scheme_port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return false,
    };
    let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    lower && is_authority(authority) && !authority.ends_with(scheme_port) && !authority.ends_with('.')
}

/// Whether a text is a host name or an IP address, with a port where there is one.
pub(super) fn is_authority(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => {
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            (None, rest.strip_prefix(':').or(if rest.is_empty() { Some("0") } else { None }))
        }
        None => match text.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(text), Some("0")),
        },
    };
    let is_port =
        |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    host.is_none_or(is_host_name) && port.is_some_and(is_port)
}

/// Labels of letters, digits, `-` and `_`, as hosts are named in practice, perhaps with the dot of the root behind them.
pub(crate) fn is_host_name(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    !name.is_empty() && name.len() <= 253 && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_as_browsers_write_them() {
        for good in
            ["https://app.example.com", "https://app.example.com:8443", "http://localhost:3000", "https://[::1]:8443"]
        {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "",
            "null",
            "*",
            "app.example.com",
            "https://",
            "https://app.example.com/",
            "https://App.example.com",
            "https://app.example.com:443",
            "http://app.example.com:80",
            "ftp://app.example.com",
            "https://a b",
            "https://user@app.example.com",
            "https://app.example.com\r\nX: y",
            "https://app.example.com.",
        ] {
            assert!(!is_origin(bad), "{bad:?}");
        }
    }

    #[test]
    fn an_authority_is_a_host_and_perhaps_a_port() {
        for good in ["example.com", "example.com:8443", "192.0.2.1", "[2001:db8::1]", "[::1]:443", "a_b.example", "x."]
        {
            assert!(is_authority(good), "{good}");
        }
        for bad in [
            "",
            ":443",
            "example.com:",
            "example.com:x",
            "example.com:65536",
            "a..b",
            "-\n",
            "[::1",
            "[x]",
            "a/b",
            "[::1]x",
            "ü.example",
        ] {
            assert!(!is_authority(bad), "{bad:?}");
        }
    }

    #[test]
    fn long_names_are_left_out_and_never_cut() {
        let both = Challenges { transport: true, client_certificate: true };
        let name = [0x30_u8, 0];
        let values = challenge_values(&both, [&name[..], &name[..]].into_iter());
        assert_eq!(values.len(), 3);
        assert!(values[1].ends_with(", dn=\"MAA\""), "{}", values[1]);
        let long = [0_u8; 4096];
        let values = challenge_values(&both, [&name[..], &long[..]].into_iter());
        assert_eq!(values[1..], ["ClientCertificate realm=\"client certificate\""]);
        assert!(challenge_values(&Challenges::default(), std::iter::once(&name[..])).is_empty());
    }
}
