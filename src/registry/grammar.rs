//! The text form of registrations: a line each, in the manner of authorized_keys; `docs/registry.md` has the grammar.

use std::borrow::Cow;

use super::registration::{Found, RegisteredKey, digest, label_problem, user_problem};
use crate::certificate::{Calendar, from_rfc3339, hex};

/// What one line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    pub(crate) key: KeyText<'a>,
    pub(crate) user: Cow<'a, str>,
    pub(crate) label: Cow<'a, str>,
    pub(crate) options: Options<'a>,
}

/// A key as a line names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyText<'a> {
    /// By its fingerprint.
    Digest(RegisteredKey),
    /// By a file with one certificate: its key (`spki`), or itself (`cert`).
    File { kind: Kind, path: Cow<'a, str> },
}

/// A CA as a line names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CaText<'a> {
    Digest([u8; 32]),
    File(Cow<'a, str>),
}

/// What a key is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Spki,
    Certificate,
}

/// What stands before the key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options<'a> {
    pub(crate) created: Option<i64>,
    pub(crate) not_before: Option<i64>,
    pub(crate) not_after: Option<i64>,
    pub(crate) disabled: bool,
    pub(crate) revoked: Option<i64>,
    pub(crate) last_used: Option<i64>,
    pub(crate) no_manage: bool,
    pub(crate) ca: Option<CaText<'a>>,
}

/// What is wrong with a line.
pub(crate) type Problem = Cow<'static, str>;

/// Moments that RFC 3339 can write: from 1970 to 9999.
pub(crate) const MOMENTS: std::ops::RangeInclusive<i64> = 0..=253_402_300_799;

/// Reads a line, without its line end. None where there is nothing on it but space or a comment.
pub(crate) fn parse(line: &str) -> Result<Option<Line<'_>>, Problem> {
    let mut rest = line.trim_matches(is_space);
    if rest.is_empty() || rest.starts_with('#') {
        return Ok(None);
    }
    let options = match is_key(rest) {
        true => Options::default(),
        false => {
            let (options, after) = rest.split_at(end_of_options(rest)?);
            rest = after.trim_start_matches(is_space);
            Options::parse(options)?
        }
    };
    if !is_key(rest) {
        return Err("there is no key: it begins with `spki:` or `cert:`".into());
    }
    let key = KeyText::parse(&token(&mut rest)?)?;
    if rest.is_empty() {
        return Err("there is no user after the key".into());
    }
    let user = token(&mut rest)?;
    if let Some(problem) = user_problem(&user) {
        return Err(problem.into());
    }
    let label = match rest.starts_with('"') {
        true => token(&mut rest)?,
        false => Cow::Borrowed(std::mem::take(&mut rest)),
    };
    if !rest.is_empty() {
        return Err("there is something after the quoted label".into());
    }
    match label_problem(&label) {
        Some(problem) => Err(problem.into()),
        None => Ok(Some(Line { key, user, label, options })),
    }
}

/// Reads the plainest line, as most are where there are many: a canonical key, one space, a user. None for any other,
/// which [`parse`] reads.
pub(crate) fn parse_plain(line: &str) -> Option<Found<'_>> {
    let (kind, rest) = line.split_at_checked("spki:sha256:".len())?;
    let kind: fn([u8; 32]) -> RegisteredKey = match kind {
        "spki:sha256:" => RegisteredKey::Spki,
        "cert:sha256:" => RegisteredKey::Certificate,
        _ => return None,
    };
    let (digits, rest) = rest.split_at_checked(64)?;
    let user = rest.strip_prefix(' ')?;
    let odd = |byte: u8| matches!(byte, b' ' | b'\t' | b'\r' | b'"');
    if user.is_empty() || user.bytes().any(odd) {
        return None;
    }
    let key = kind(digest(digits)?);
    Some(Found::plain(key, user))
}

/// Writes a registration as a line, without a line end; [`parse`] reads the same from it.
pub(crate) fn write(of: &Found<'_>) -> String {
    write_as(&of.key.to_string(), None, of)
}

/// The same with the key, and the CA where there is one, in these words, as a line had them before.
pub(crate) fn write_as(key: &str, ca: Option<&str>, of: &Found<'_>) -> String {
    let moment = |name: &str, moment: Option<i64>| match moment {
        Some(0) if name == "revoked" => Some(name.to_owned()),
        _ => moment.map(|moment| format!("{name}={}", Calendar::from_unix(moment).rfc3339())),
    };
    let ca = of.ca.map(|digest| match ca {
        Some(words) => format!("ca={words}"),
        None => format!("ca=sha256:{}", hex(&digest)),
    });
    let options = [
        of.disabled.then(|| "disabled".to_owned()),
        moment("revoked", of.revoked),
        of.no_manage.then(|| "no-manage".to_owned()),
        moment("not-before", of.not_before),
        moment("not-after", of.not_after),
        ca,
        moment("created", Some(of.created).filter(|created| *created != 0)),
        moment("last-used", of.last_used),
    ];
    let options = options.into_iter().flatten().collect::<Vec<_>>().join(",");
    let mut line = if options.is_empty() { String::new() } else { options + " " };
    line.push_str(key);
    line.push(' ');
    line.push_str(&quoted(of.user, of.user.starts_with('"') || of.user.contains(is_space)));
    if !of.label.is_empty() {
        line.push(' ');
        let odd = of.label.starts_with('"') || of.label.starts_with(is_space) || of.label.ends_with(is_space);
        line.push_str(&quoted(of.label, odd));
    }
    line
}

/// The words for the key and the CA on a line that [`parse`] reads, for [`write_as`].
pub(crate) fn words(line: &str) -> Option<(&str, Option<&str>)> {
    let rest = line.trim_matches(is_space);
    let end = if is_key(rest) { 0 } else { end_of_options(rest).ok()? };
    let (options, rest) = rest.split_at(end);
    let rest = rest.trim_start_matches(is_space);
    let mut after = rest;
    token(&mut after).ok()?;
    let key = rest[..rest.len() - after.len()].trim_end_matches(is_space);
    let ca = split_options(options).find_map(|option| option.strip_prefix("ca="));
    Some((key, ca))
}

impl<'a> KeyText<'a> {
    /// `spki:sha256:…`, `cert:sha256:…`, `spki:file:PATH` or `cert:file:PATH`.
    pub(crate) fn parse(text: &Cow<'a, str>) -> Result<Self, Problem> {
        if let Ok(key) = text.parse() {
            return Ok(Self::Digest(key));
        }
        let kind = if text.starts_with("spki:") { Kind::Spki } else { Kind::Certificate };
        let path = match text {
            Cow::Borrowed(text) => path_of(text, "spki:file:").or(path_of(text, "cert:file:")).map(Cow::Borrowed),
            Cow::Owned(text) => {
                path_of(text, "spki:file:").or(path_of(text, "cert:file:")).map(|path| Cow::Owned(path.to_owned()))
            }
        };
        match path {
            Some(path) => Ok(Self::File { kind, path }),
            None => {
                let said = if text.len() > 120 { "what stands there".into() } else { text.escape_debug().to_string() };
                Err(format!(
                    "'{said}' is not `spki:sha256:` or `cert:sha256:` with 32 bytes in hexadecimal, base64 or base64url, nor \
                     `spki:file:` or `cert:file:` with a path"
                )
                .into())
            }
        }
    }
}

impl<'a> Options<'a> {
    fn parse(text: &'a str) -> Result<Self, Problem> {
        let mut options = Self::default();
        for option in split_options(text) {
            options.set(option)?;
        }
        Ok(options)
    }

    fn set(&mut self, option: &'a str) -> Result<(), Problem> {
        let (name, value) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
        let first = match (name, value) {
            ("disabled", None) => !std::mem::replace(&mut self.disabled, true),
            ("no-manage", None) => !std::mem::replace(&mut self.no_manage, true),
            ("revoked", None) => self.revoked.replace(0).is_none(),
            ("revoked", Some(value)) => self.revoked.replace(moment(name, value, false)?).is_none(),
            ("created", Some(value)) => self.created.replace(moment(name, value, false)?).is_none(),
            ("not-before", Some(value)) => self.not_before.replace(moment(name, value, false)?).is_none(),
            ("not-after", Some(value)) => self.not_after.replace(moment(name, value, true)?).is_none(),
            ("last-used", Some(value)) => self.last_used.replace(moment(name, value, false)?).is_none(),
            ("ca", Some(value)) => self.ca.replace(ca(value)?).is_none(),
            ("disabled" | "no-manage", Some(_)) => return Err(format!("option '{name}' takes no value").into()),
            ("created" | "not-before" | "not-after" | "last-used" | "ca", None) => {
                return Err(format!("option '{name}' needs a value: {name}=…").into());
            }
            _ => {
                let name: String = name.chars().take(40).collect();
                return Err(format!("'{}' is neither an option nor a key", name.escape_debug()).into());
            }
        };
        match first {
            true => Ok(()),
            false => Err(format!("option '{name}' is there twice").into()),
        }
    }
}

/// A moment of RFC 3339 in UTC, or a date: its first second, or its last.
fn moment(name: &str, value: &str, last: bool) -> Result<i64, Problem> {
    let whole = match value.len() {
        10 if last => Cow::Owned(format!("{value}T23:59:59Z")),
        10 => Cow::Owned(format!("{value}T00:00:00Z")),
        _ => Cow::Borrowed(value),
    };
    from_rfc3339(&whole).filter(|moment| MOMENTS.contains(moment)).ok_or_else(|| {
        format!("option '{name}' needs a date or a moment in UTC, such as 2026-11-21 or 2026-11-21T12:00:00Z").into()
    })
}

fn ca(value: &str) -> Result<CaText<'_>, Problem> {
    let value = match value.starts_with('"') {
        true => {
            let mut rest = value;
            let value = token(&mut rest)?;
            if rest.is_empty() { value } else { Cow::Borrowed("") }
        }
        false => Cow::Borrowed(value),
    };
    let plain = value.strip_prefix("spki:").unwrap_or(&value);
    if let Some(digest) = plain.strip_prefix("sha256:").and_then(digest) {
        return Ok(CaText::Digest(digest));
    }
    let path = match &value {
        Cow::Borrowed(value) => path_of(value, "file:").map(Cow::Borrowed),
        Cow::Owned(value) => path_of(value, "file:").map(|path| Cow::Owned(path.to_owned())),
    };
    path.map(CaText::File).ok_or_else(|| "option 'ca' needs `sha256:` with 32 bytes, or `file:` with a path".into())
}

fn path_of<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    text.strip_prefix(prefix).filter(|path| !path.is_empty() && path.len() <= 4096)
}

fn is_key(text: &str) -> bool {
    let text = text.strip_prefix('"').unwrap_or(text);
    text.starts_with("spki:") || text.starts_with("cert:")
}

/// Takes the next word, which quotes may hold together, and the space after it.
fn token<'a>(rest: &mut &'a str) -> Result<Cow<'a, str>, Problem> {
    let Some(quoted) = rest.strip_prefix('"') else {
        let end = rest.find(is_space).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        *rest = after.trim_start_matches(is_space);
        return Ok(Cow::Borrowed(word));
    };
    let end = end_of_quotes(quoted).ok_or("a quoted word does not end on its line")?;
    let (word, after) = (&quoted[..end], &quoted[end + 1..]);
    if !after.is_empty() && !after.starts_with(is_space) {
        return Err("there is no space after a quoted word".into());
    }
    *rest = after.trim_start_matches(is_space);
    if !word.contains('\\') {
        return Ok(Cow::Borrowed(word));
    }
    let mut plain = String::with_capacity(word.len());
    let mut characters = word.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => match characters.next() {
                Some(escaped @ ('"' | '\\')) => escaped,
                _ => return Err("a backslash in quotes stands before neither a quote nor a backslash".into()),
            },
            _ => character,
        });
    }
    Ok(Cow::Owned(plain))
}

/// Where the quotes end that began before `text`.
fn end_of_quotes(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

/// Where the first space is that no quotes hold.
fn end_of_options(text: &str) -> Result<usize, Problem> {
    let mut at = 0;
    while let Some(next) = text[at..].find(|c| c == '"' || is_space(c)) {
        at += next;
        if !text[at..].starts_with('"') {
            return Ok(at);
        }
        at += 1;
        at += 1 + end_of_quotes(&text[at..]).ok_or("a quoted word does not end on its line")?;
    }
    Ok(text.len())
}

/// The options between commas that no quotes hold.
fn split_options(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text).filter(|text| !text.is_empty());
    std::iter::from_fn(move || {
        let text = rest?;
        let mut at = 0;
        while let Some(next) = text[at..].find(['"', ',']) {
            at += next;
            if text[at..].starts_with(',') {
                rest = Some(&text[at + 1..]);
                return Some(&text[..at]);
            }
            at += 1;
            // Where it does not end, there is no comma either.
            at += end_of_quotes(&text[at..]).map_or(text.len() - at, |end| end + 1);
        }
        rest = None;
        Some(text)
    })
}

fn quoted(text: &str, needed: bool) -> Cow<'_, str> {
    match needed {
        true => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")).into(),
        false => text.into(),
    }
}

fn is_space(c: char) -> bool {
    c == ' ' || c == '\t'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ZEROS: &str = "spki:sha256:0000000000000000000000000000000000000000000000000000000000000000";
    const KEY: RegisteredKey = RegisteredKey::Spki([0; 32]);

    fn line(text: &str) -> Line<'_> {
        parse(text).unwrap_or_else(|problem| panic!("{text}: {problem}")).expect("a registration")
    }

    #[test]
    fn a_line_is_options_key_user_label() {
        let plain = format!("{ZEROS} alice");
        assert_eq!(line(&plain).key, KeyText::Digest(KEY));
        assert_eq!((&*line(&plain).user, &*line(&plain).label), ("alice", ""));
        let full = format!("\t disabled,no-manage,not-after=2026-11-21  {ZEROS}\talice my \"old\" # laptop \t");
        let full = line(&full);
        assert_eq!((&*full.user, &*full.label), ("alice", "my \"old\" # laptop"));
        let not_after = from_rfc3339("2026-11-21T23:59:59Z");
        assert!(not_after.is_some());
        assert_eq!(full.options, Options { disabled: true, no_manage: true, not_after, ..Options::default() });
    }

    #[test]
    fn quotes_hold_together() {
        let text = r#"ca="file:a \"b, c.pem",disabled "cert:file:my keys/a.pem" "Jo \"J\" \\ Doe" " x ""#;
        let Line { key, user, label, options } = line(text);
        assert_eq!(key, KeyText::File { kind: Kind::Certificate, path: "my keys/a.pem".into() });
        assert_eq!((&*user, &*label), (r#"Jo "J" \ Doe"#, " x "));
        assert_eq!(options.ca, Some(CaText::File("a \"b, c.pem".into())));
        assert!(options.disabled);
        assert_eq!(words(text), Some(("\"cert:file:my keys/a.pem\"", Some("\"file:a \\\"b, c.pem\""))));
    }

    #[test]
    fn nothing_is_on_some_lines() {
        for text in ["", "  \t", "# spki:", "  # x"] {
            assert_eq!(parse(text), Ok(None), "{text:?}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (text, hint) in [
            ("alice", "'alice' is neither"),
            ("disabled", "no key"),
            ("spki:sha256:00 alice", "32 bytes"),
            ("spki:file: alice", "32 bytes"),
            (ZEROS, "no user"),
            (&format!("{ZEROS} \"\""), "empty"),
            (&format!("{ZEROS} \"alice"), "does not end"),
            (&format!("{ZEROS} \"a\"b"), "no space after"),
            (&format!("{ZEROS} \"a\\n\""), "backslash"),
            (&format!("{ZEROS} al\u{7}ice"), "control"),
            (&format!("{ZEROS} alice \"a\" b"), "after the quoted label"),
            (&format!("disable {ZEROS} alice"), "'disable' is neither"),
            (&format!("Disabled {ZEROS} alice"), "'Disabled' is neither"),
            (&format!("disabled, {ZEROS} alice"), "'' is neither"),
            (&format!("disabled no-manage {ZEROS} alice"), "no key"),
            (&format!("disabled,disabled {ZEROS} alice"), "twice"),
            (&format!("disabled=no {ZEROS} alice"), "takes no value"),
            (&format!("not-after {ZEROS} alice"), "needs a value"),
            (&format!("not-after=2026 {ZEROS} alice"), "date"),
            (&format!("not-after=2026-02-30 {ZEROS} alice"), "date"),
            (&format!("not-after=1969-12-31 {ZEROS} alice"), "date"),
            (&format!("ca=00 {ZEROS} alice"), "'ca'"),
            (&format!("ca=\"x {ZEROS} alice"), "does not end"),
        ] {
            let problem = parse(text).expect_err(text);
            assert!(problem.contains(hint), "{text}: {problem}");
        }
    }

    #[test]
    fn a_plain_line_is_read_alike() {
        for (text, plain) in [
            (format!("{ZEROS} alice"), true),
            (format!("{ZEROS} älice\\"), true),
            (ZEROS.replace("spki", "cert") + " alice", true),
            (format!("{ZEROS}  alice"), false),
            (format!("{ZEROS} alice her key"), false),
            (format!("{ZEROS} \"alice\""), false),
            (format!("{ZEROS} alice\r"), false),
            (format!("{ZEROS} "), false),
            (format!("x{ZEROS} alice"), false),
            ("\u{feff}".repeat(30), false),
            (format!("spki:sha256:{} alice", "ä".repeat(32)), false),
        ] {
            let read = parse_plain(&text);
            assert_eq!(read.is_some(), plain, "{text}");
            if let Some(found) = read {
                let whole = line(&text);
                assert_eq!((KeyText::Digest(found.key), found.user), (whole.key, &*whole.user));
                assert_eq!((whole.options, &*whole.label), (Options::default(), ""));
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            user in "[ -~éü\u{202e}]{1,30}", label in "[ -~é\u{a0}]{0,30}",
            moments in prop::array::uniform4(prop::option::of(MOMENTS)), created in MOMENTS,
            flags in any::<(bool, bool, bool)>(), ca in prop::option::of(any::<[u8; 32]>()), digest in any::<[u8; 32]>(),
        ) {
            prop_assume!(user_problem(&user).is_none());
            let [not_before, not_after, revoked, last_used] = moments;
            let (disabled, no_manage, spki) = flags;
            let key = if spki { RegisteredKey::Spki(digest) } else { RegisteredKey::Certificate(digest) };
            let (user, label) = (&*user, &*label);
            let found =
                Found { user, key, label, created, not_before, not_after, disabled, revoked, last_used, no_manage, ca };
            let text = write(&found);
            let read = line(&text);
            prop_assert_eq!(&*read.user, user);
            prop_assert_eq!(&*read.label, label);
            prop_assert_eq!(read.key, KeyText::Digest(key));
            prop_assert_eq!(read.options, Options {
                created: Some(created).filter(|created| *created != 0),
                not_before, not_after, disabled, revoked, last_used, no_manage, ca: ca.map(CaText::Digest),
            });
            let shown = key.to_string();
            prop_assert_eq!(words(&text).map(|(key, _)| key), Some(&*shown));
        }

        #[test]
        fn no_line_breaks_anything(text in "[spkicert:a25,= \"\\\\#0-9é]{0,80}") {
            if let Ok(Some(_)) = parse(&text) {
                prop_assert!(words(&text).is_some());
            }
        }
    }
}
