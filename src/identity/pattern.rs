//! Regular expressions over values, and what they make of them, as in pg_ident.conf.

use regex::{Regex, RegexBuilder};

/// An expression that a whole value has to match. The time it takes grows with the length of the value, never faster.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    regex: Regex,
}

/// A text with `\1` for what the first group matched, `\0` for all of it, and `\\` for a `\`.
#[derive(Clone, Debug)]
pub(super) struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Group(usize),
}

const MOST_BYTES: usize = 1024;
const MOST_COMPILED_BYTES: usize = 1 << 18;
const DEEPEST: u32 = 32;

impl Pattern {
    /// Compiles an expression. `Err` says why it is none.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        if text.len() > MOST_BYTES {
            return Err(format!("a regular expression of more than {MOST_BYTES} bytes"));
        }
        // On its own first, so that no parenthesis in it can close the one around it.
        compile(text)?;
        Ok(Self { regex: compile(&format!(r"\A(?:{text})\z"))? })
    }

    /// How many groups it has.
    pub(super) fn groups(&self) -> usize {
        self.regex.captures_len() - 1
    }

    /// What the template makes of a value; None where the value does not match.
    pub(super) fn replace(&self, value: &str, template: &Template) -> Option<String> {
        let captures = self.regex.captures(value)?;
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Group(group) => captures.get(*group).map_or_else(String::new, |found| found.as_str().to_owned()),
        };
        Some(template.parts.iter().map(part).collect())
    }
}

impl Template {
    /// What an expression gives without a template: its only group, or all where it has none.
    pub(super) fn of_groups(groups: usize) -> Option<Self> {
        (groups <= 1).then(|| Self { parts: vec![Part::Group(groups)] })
    }

    /// Reads a template for an expression of so many groups; `None` is no expression at all, where `\0` is the value.
    pub(super) fn parse(text: &str, groups: usize) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut characters = text.chars();
        while let Some(c) = characters.next() {
            match c {
                '\\' => match characters.next() {
                    Some('\\') => plain.push('\\'),
                    Some(digit @ '0'..='9') => {
                        let group = digit as usize - '0' as usize;
                        if group > groups {
                            return Err(format!("'\\{group}', but there are {groups} groups in parentheses"));
                        }
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                        parts.push(Part::Group(group));
                    }
                    _ => return Err("'\\' is followed by neither a digit nor '\\'".into()),
                },
                _ => plain.push(c),
            }
        }
        parts.push(Part::Text(plain));
        Ok(Self { parts })
    }

    /// Whether it gives the same for every value.
    pub(super) fn is_constant(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Text(_)))
    }

    /// What it makes of a value that no expression was asked about.
    pub(super) fn fill(&self, value: &str) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Group(_) => value.to_owned(),
        };
        self.parts.iter().map(part).collect()
    }
}

fn compile(text: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(text).size_limit(MOST_COMPILED_BYTES).nest_limit(DEEPEST).build();
    // The last line is the cause; those above it draw the place.
    built.map_err(|error| {
        let error = error.to_string();
        let cause = error.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned();
        format!("no regular expression: {cause}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replace(pattern: &str, template: &str, value: &str) -> Option<String> {
        let pattern = Pattern::new(pattern).expect(pattern);
        let template = Template::parse(template, pattern.groups()).expect(template);
        pattern.replace(value, &template)
    }

    #[test]
    fn the_whole_value_has_to_match() {
        assert_eq!(replace("a|ab", r"\0", "ab").as_deref(), Some("ab"));
        assert_eq!(replace("alice", r"\0", "malice"), None);
        assert_eq!(replace("alice", r"\0", "alice\n"), None);
        assert_eq!(replace("(?m)^alice$", r"\0", "alice\nbob"), None);
        assert_eq!(replace("^([^@]+)@corp\\.example$", r"\1", "alice@corp.example").as_deref(), Some("alice"));
        assert_eq!(replace("^([^@]+)@corp\\.example$", r"\1", "alice@corp.example.evil"), None);
    }

    #[test]
    fn templates_join_groups() {
        assert_eq!(replace("(.)(.)?", r"\2-\1\\\0", "a").as_deref(), Some(r"-a\a"));
        for bad in [r"\2", r"\x", "\\"] {
            assert!(Template::parse(bad, 1).is_err(), "{bad}");
        }
        assert!(Template::parse("bob", 1).is_ok_and(|template| template.is_constant()));
        assert!(Template::of_groups(2).is_none());
    }

    #[test]
    fn what_is_no_expression_or_too_large_is_refused() {
        for bad in ["(", "a)|(b", "(?x) a # b", "(?=a)", "a{1000}{1000}", &"a".repeat(2000), &"(".repeat(50)] {
            assert!(Pattern::new(bad).is_err(), "{bad}");
        }
    }
}
