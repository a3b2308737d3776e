//! The option reference, `docs/options.md`, written from the table.

use std::fmt::{self, Write};

use super::config::Config;
use super::options::{Kind, OptionInfo, Word, options};
use super::value::Value;

/// All options in Markdown, with what they take and what other systems call them.
pub fn reference() -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut text);
    text
}

fn write(out: &mut String) -> fmt::Result {
    out.write_str(INTRODUCTION)?;
    writeln!(out, "| option | default | what it is |\n| --- | --- | --- |")?;
    for option in options() {
        writeln!(out, "| [`{0}`](#{0}) | {1} | {2} |", option.name, default(option), option.help)?;
    }
    for option in options() {
        section(out, option)?;
    }
    Ok(())
}

const INTRODUCTION: &str = "\
<!-- Written from src/policy/table.rs by `UPDATE_DOCS=1 cargo test --test options`. -->

# Options

Every option has one name, and takes text: `clientcert_config_set(config, \"mode\", \"optional\", &error)` in C,
`config.set(\"mode\", \"optional\")` in Rust, `--mode optional` for the tool, and `mode = \"optional\"` in a TOML file. In TOML
numbers and `true` and `false` stand without quotes, and lists may be written as such.

A value is checked when it is set; files are read when a verifier is made of the configuration, and again at each reload.
Of several settings of one option the last counts, except that those of `ca`, `crl`, `crl_issuer`, `identity`, `session_key` and `preflight_origin` add up. Names are found in any case, and with
`-` for `_`. The names and words of other systems are understood as well. Such a word sets what it means there: Go's
`RequireAndVerifyClientCert` also sets `enforcement` to `handshake`, unless `enforcement` is set by its own name, before or
after.

Two policies have the same identity if all options that decide have the same values, and the same certificates are pinned. \
What the CRLs say has no part in it.

";

const FOREIGN: &str = "\
Words of other systems. Under a name that a system has for this option, its words are taken and no others; under the option's \
own name all are, where they are none of its own words, which set nothing else.";

fn section(out: &mut String, option: &OptionInfo) -> fmt::Result {
    writeln!(out, "\n## {}\n\n{}.\n", option.name, capitalised(option.help))?;
    writeln!(out, "- Takes: {}", takes(option))?;
    writeln!(out, "- Default: {}", default(option))?;
    writeln!(out, "- Decides: {}", if option.decides { "yes" } else { "no, it is no part of the policy's identity" })?;
    if !option.aliases.is_empty() {
        let names = option.aliases.iter().map(|alias| format!("`{}` ({})", alias.name, alias.system.name()));
        writeln!(out, "- Also called: {}", names.collect::<Vec<_>>().join(", "))?;
    }
    if !option.details.is_empty() {
        writeln!(out, "\n{}", wrapped(option.details))?;
    }
    match &option.kind {
        Kind::Choice { words, foreign } => {
            meanings(out, words)?;
            if !foreign.is_empty() {
                writeln!(out, "\n{}\n", wrapped(FOREIGN))?;
                writeln!(out, "| system | word | `{}` | and |\n| --- | --- | --- | --- |", option.name)?;
            }
            for says in *foreign {
                let implied = says.implies.iter().map(|(name, value)| format!("`{name}` = `{value}`"));
                let (system, implied) = (says.system.name(), implied.collect::<Vec<_>>().join(", "));
                writeln!(out, "| {system} | `{}` | `{}` | {implied} |", cell(says.name), says.value)?;
            }
            Ok(())
        }
        Kind::Purposes(words) | Kind::Words(words) | Kind::WordOrNumber { words, .. } => meanings(out, words),
        Kind::Boolean
        | Kind::Number { .. }
        | Kind::Reasons
        | Kind::Certificates
        | Kind::RevocationLists
        | Kind::IdentityRules
        | Kind::Url
        | Kind::Secrets
        | Kind::Origins
        | Kind::Host
        | Kind::Networks
        | Kind::Registry => Ok(()),
    }
}

fn meanings(out: &mut String, words: &[Word]) -> fmt::Result {
    writeln!(out, "\n| value | meaning |\n| --- | --- |")?;
    words.iter().try_for_each(|word| writeln!(out, "| `{}` | {} |", cell(word.name), word.help))
}

fn takes(option: &OptionInfo) -> String {
    let words = |words: &[Word]| words.iter().map(|word| format!("`{}`", word.name)).collect::<Vec<_>>().join(", ");
    match &option.kind {
        Kind::Choice { words: known, .. } => words(known),
        Kind::Purposes(known) => format!("{}, or a list of dotted object identifiers", words(known)),
        Kind::Boolean => "`true`, `false`".into(),
        Kind::WordOrNumber { words: known, maximum, unit } => {
            format!("{}, or a number of {unit} up to {maximum}", words(known))
        }
        Kind::Number { .. }
        | Kind::Reasons
        | Kind::Certificates
        | Kind::RevocationLists
        | Kind::IdentityRules
        | Kind::Url
        | Kind::Secrets
        | Kind::Words(_)
        | Kind::Origins
        | Kind::Host
        | Kind::Networks
        | Kind::Registry => option.type_text(),
    }
}

fn default(option: &OptionInfo) -> String {
    match Config::new().unset_value(option.key) {
        Some(Value::Reasons(codes)) if codes.is_empty() => "none".into(),
        Some(Value::List(items)) if items.is_empty() => "none".into(),
        Some(_) => format!("`{}`", option.default),
        None => "none".into(),
    }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// Text in lines of at most 120 characters.
fn wrapped(text: &str) -> String {
    const LONGEST: usize = 120;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= LONGEST => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines.join("\n")
}

/// `|` would end a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
