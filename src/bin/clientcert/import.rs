//! `clientcert identity import`: rules of other systems as values of the option `identity`.

use clap::ArgMatches;
use clientcert::identity::{ImportError, Imported, certmap, import};

use crate::{Failure, Found, input, print};

pub fn run(matches: &ArgMatches) -> Result<Found, Failure> {
    let convert: fn(&str) -> Result<Imported, ImportError> = match matches.get_one::<String>("from").map(String::as_str)
    {
        Some("sssd") => sssd,
        _ => active_directory,
    };
    let mut found = Found::Good;
    let mut rules = Vec::new();
    for (file, bytes) in input::files(matches)? {
        let Ok(text) = String::from_utf8(bytes) else { return Err(Failure(format!("{file}: it is no UTF-8"))) };
        for (number, line) in (1..).zip(text.lines()) {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            match convert(line) {
                Ok(imported) => {
                    imported.notes.iter().for_each(|note| print::warning(&format!("{file}:{number}: {note}")));
                    rules.extend(imported.rules);
                }
                Err(error) => {
                    print::error(&format!("{file}:{number}: {error}"));
                    found = Found::Broken;
                }
            }
        }
    }
    // All or nothing: half of a list of users is no list of users.
    if found == Found::Good {
        let rules = rules.into_iter().map(|rule| format!("    {},\n", toml_string(&rule)));
        print::out(&format!("identity = [\n{}]\n", rules.collect::<String>()))?;
    }
    Ok(found)
}

/// A user, white space, and one of the user's altSecurityIdentities.
fn active_directory(line: &str) -> Result<Imported, ImportError> {
    let (user, value) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
    import(user, value.trim())
}

/// A matching rule, a tab, and a mapping rule.
fn sssd(line: &str) -> Result<Imported, ImportError> {
    let (matching, mapping) = line.split_once('\t').unwrap_or(("", line));
    certmap(matching, mapping)
}

/// Quoted as it is read best: literally, where that is possible.
fn toml_string(text: &str) -> String {
    match text.contains('\'') || text.contains(char::is_control) {
        true => format!("{text:?}"),
        false => format!("'{text}'"),
    }
}
