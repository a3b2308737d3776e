//! What a user's name may consist of.

use super::Ambiguity;
use crate::certificate::is_hidden;

/// The characters of users' names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Charset {
    /// Everything that shows: no control characters, none that hide or reorder text, and no space at either end.
    Printable,
    /// ASCII from the space to `~`, without a space at either end.
    Ascii,
    /// ASCII letters and digits and `.`, `_`, `-`, `@` and `+`, not beginning with `-` or `.`.
    Name,
}

impl Charset {
    /// The set of this name in a configuration.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "printable" => Some(Self::Printable),
            "ascii" => Some(Self::Ascii),
            "name" => Some(Self::Name),
            _ => None,
        }
    }

    /// Whether a name is one that users may have.
    pub(super) fn check(self, user: &str) -> Result<(), Ambiguity> {
        if user.is_empty() {
            return Err(Ambiguity::Empty);
        }
        let padded = user.starts_with(char::is_whitespace) || user.ends_with(char::is_whitespace);
        let allowed = match self {
            Self::Printable => !padded && !user.chars().any(is_hidden),
            Self::Ascii => !padded && user.bytes().all(|byte| matches!(byte, b' '..=b'~')),
            Self::Name => {
                user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-@+".contains(&byte))
                    && !user.starts_with(['-', '.'])
            }
        };
        if allowed { Ok(()) } else { Err(Ambiguity::Character) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_refuses_what_could_deceive() {
        for charset in [Charset::Printable, Charset::Ascii, Charset::Name] {
            assert_eq!(charset.check(""), Err(Ambiguity::Empty));
            for bad in ["a\0", "a\nb", "\u{202e}a", " a", "a ", "a\u{7f}", "a\u{200b}"] {
                assert_eq!(charset.check(bad), Err(Ambiguity::Character), "{charset:?} {bad:?}");
            }
            assert_eq!(charset.check("alice.b-c_d+e@example.org"), Ok(()));
        }
    }

    #[test]
    fn the_sets_differ() {
        for (user, sets) in
            [("Jörg", [true, false, false]), ("Alice B, C", [true, true, false]), ("-rf", [true, true, false])]
        {
            let found = [Charset::Printable, Charset::Ascii, Charset::Name].map(|charset| charset.check(user).is_ok());
            assert_eq!(found, sets, "{user}");
        }
    }
}
