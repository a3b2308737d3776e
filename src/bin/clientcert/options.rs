//! `clientcert options`: the option reference.

use clap::ArgMatches;
use clientcert::policy::{Config, Kind, OptionInfo, options, reference};

use crate::print::Fields;
use crate::{Failure, Found, print};

pub fn run(matches: &ArgMatches) -> Result<Found, Failure> {
    let text = match matches.get_one::<String>("name") {
        Some(name) => describe(find(name)?),
        None if matches.get_flag("markdown") => reference(),
        None => list(),
    };
    print::out(&text)?;
    Ok(Found::Good)
}

fn list() -> String {
    let mut fields = Fields::default();
    for option in options() {
        let default = if option.default.is_empty() { String::new() } else { format!(" [{}]", option.default) };
        fields.add(option.name, format!("{}{default}", option.help));
    }
    fields.text()
}

fn describe(option: &OptionInfo) -> String {
    let mut fields = Fields::default();
    fields.add(option.name, option.help);
    fields.add("takes", option.type_text());
    fields.add("default", if option.default.is_empty() { "none" } else { option.default });
    fields.add("decides", if option.decides { "yes" } else { "no: it is no part of the policy's identity" });
    fields.list("also called", option.aliases.iter().map(|alias| format!("{} ({})", alias.name, alias.system.name())));
    match &option.kind {
        Kind::Choice { words, foreign } => {
            fields.list("words", words.iter().map(|word| format!("{}: {}", word.name, word.help)));
            let foreign = foreign.iter().map(|says| format!("{} ({}): {}", says.name, says.system.name(), says.value));
            fields.list("others' words", foreign);
        }
        Kind::Purposes(words) => fields.list("words", words.iter().map(|word| format!("{}: {}", word.name, word.help))),
        _ => {}
    }
    let details = if option.details.is_empty() { String::new() } else { format!("\n{}\n", option.details) };
    fields.text() + &details
}

/// By its own name or another system's, in any spelling that the library takes.
fn find(name: &str) -> Result<&'static OptionInfo, Failure> {
    let fold = |name: &str| name.replace('-', "_").to_ascii_lowercase();
    let own = options().iter().find(|option| fold(option.name) == fold(name));
    let other = || options().iter().find(|option| option.aliases.iter().any(|alias| fold(alias.name) == fold(name)));
    match own.or_else(other) {
        Some(option) => Ok(option),
        // The library knows what comes nearest.
        None => Err(Config::new().set(name, "").map_or_else(Failure::from, |()| Failure(format!("option '{name}'")))),
    }
}
