//! The words of a rule: `word`, `key=value`, `key="value with spaces"`, separated by spaces.

use std::borrow::Cow;

use super::rule::RuleError;

/// A word of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    /// The column of its first character, from 1.
    pub(super) column: usize,
    /// The word before the `=`, or all of it.
    pub(super) key: &'t str,
    /// What stands behind the `=`, without quotes, and its column.
    pub(super) value: Option<(usize, Cow<'t, str>)>,
}

/// Takes a rule apart. In double quotes `\"` is a quote and every other `\` stands for itself, as regular expressions
/// need it; in single quotes everything stands for itself.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, RuleError> {
    if let Some(at) = text.find(char::is_control) {
        return Err(RuleError::at(text, at, "a control character"));
    }
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        if at == text.len() {
            return Ok(found);
        }
        let rest = &text[at..];
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let key = &rest[..end];
        if key.contains(['"', '\'']) || key.is_empty() {
            return Err(RuleError::at(text, at, "a word, or KEY=VALUE, is expected here"));
        }
        let column = column(text, at);
        at += end;
        let value = match text[at..].starts_with('=') {
            true => {
                let start = at + 1;
                let (value, length) = value(text, start)?;
                at = start + length;
                Some((self::column(text, start), value))
            }
            false => None,
        };
        if !text[at..].is_empty() && !text[at..].starts_with(char::is_whitespace) {
            return Err(RuleError::at(text, at, "a space is expected here"));
        }
        found.push(Token { column, key, value });
    }
}

/// A value written so that `tokens` reads it again; None where neither kind of quotes can hold it.
pub(super) fn quote(value: &str) -> Option<String> {
    let plain = !value.is_empty() && !value.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
    if plain {
        return Some(value.to_owned());
    }
    let doubled = format!("\"{}\"", value.replace('"', "\\\""));
    let holds =
        |quoted: &str| self::value(quoted, 0).is_ok_and(|(read, length)| read == value && length == quoted.len());
    if holds(&doubled) {
        return Some(doubled);
    }
    let single = format!("'{value}'");
    holds(&single).then_some(single)
}

/// The column of a byte, from 1, as people count characters.
pub(super) fn column(text: &str, at: usize) -> usize {
    text.get(..at).map_or(0, |before| before.chars().count()) + 1
}

/// A value and how many bytes of the text it takes.
fn value(text: &str, start: usize) -> Result<(Cow<'_, str>, usize), RuleError> {
    let rest = &text[start..];
    if let Some(inside) = rest.strip_prefix('\'') {
        return match inside.find('\'') {
            Some(end) => Ok((inside[..end].into(), end + 2)),
            None => Err(RuleError::at(text, start, "this quote is not closed")),
        };
    }
    let Some(inside) = rest.strip_prefix('"') else {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let bare = &rest[..end];
        return match bare.find(['"', '\'']) {
            Some(quote) => Err(RuleError::at(text, start + quote, "a quote in a value that does not begin with one")),
            None if bare.is_empty() => Err(RuleError::at(text, start, "a value is expected here")),
            None => Ok((bare.into(), end)),
        };
    };
    let mut out = String::new();
    let mut characters = inside.char_indices();
    while let Some((at, c)) = characters.next() {
        match (c, characters.clone().next()) {
            ('"', _) => return Ok((out.into(), at + 2)),
            ('\\', Some((_, '"'))) => {
                characters.next();
                out.push('"');
            }
            // A pair, so that `\\` before the last quote does not escape it.
            ('\\', Some((_, next))) => {
                characters.next();
                out.extend(['\\', next]);
            }
            _ => out.push(c),
        }
    }
    Err(RuleError::at(text, start, "this quote is not closed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, Option<String>)> {
        let read = tokens(text).expect(text);
        read.into_iter().map(|token| (token.key.into(), token.value.map(|(_, value)| value.into()))).collect()
    }

    #[test]
    fn words_and_values_are_told_apart() {
        let value = |text: &str| Some(text.to_owned());
        assert_eq!(
            pairs(r#" san.email  issuer="CN=Corp CA" match="^([^@]+)@corp\.example$" user="\1" lower"#),
            [
                ("san.email".into(), None),
                ("issuer".into(), value("CN=Corp CA")),
                ("match".into(), value(r"^([^@]+)@corp\.example$")),
                ("user".into(), value(r"\1")),
                ("lower".into(), None),
            ]
        );
        assert_eq!(pairs(r#"a b="x\"y\\" c='\"'"#)[1].1, value(r#"x"y\\"#));
        assert_eq!(pairs(r#"a b="x\"y\\" c='\"'"#)[2].1, value(r#"\""#));
        assert_eq!(pairs("a strip=@corp.example")[1].1, value("@corp.example"));
        assert_eq!(pairs("a b=\"\"")[1].1, value(""));
    }

    #[test]
    fn errors_say_where() {
        for (text, column) in [
            ("a b=\"x", 5),
            ("a b='x", 5),
            ("a b=", 5),
            ("a =x", 3),
            ("é \"x\"", 3),
            ("a b=\"x\"y", 8),
            ("a b=x\"y", 6),
            ("a\nb", 2),
        ] {
            assert_eq!(tokens(text).expect_err(text).column, column, "{text}");
        }
    }

    #[test]
    fn what_is_quoted_is_read_again() {
        for text in ["a", "a b", "a\"b", "a'b", r"a\b", r"a b\", r"a\\", "", "\"a\\\\b c'", "CN=x, O=\"y\""] {
            let quoted = quote(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(pairs(&format!("x k={quoted}"))[1].1.as_deref(), Some(text));
        }
        assert_eq!(quote("'\\\" "), None);
    }
}
