//! Configurations as TOML files.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::config::Config;
use super::options::{Kind, Named, find};
use super::secret::Secret;
use super::source::read_file;
use super::value::Value;
use crate::Error;
use crate::registry;

/// Sets every option in the file, in the order in which they stand there. A failure leaves some of them set.
pub(super) fn load(config: &mut Config, path: &Path) -> Result<(), Error> {
    let io = |source| Error::Io { option: "config", path: path.into(), source };
    let bytes = read_file(path).map_err(io)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = line_of(error.as_bytes(), error.utf8_error().valid_up_to());
        in_file(path, line, malformed("is no UTF-8"))
    })?;
    let table = DeTable::parse(&text).map_err(|error| {
        let line = line_of(text.as_bytes(), error.span().map_or(0, |span| span.start));
        in_file(path, line, malformed(error.message().trim()))
    })?;
    let mut entries: Vec<_> = table.get_ref().iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    let folder = std::path::absolute(path).map_err(io)?;
    let folder = folder.parent().unwrap_or(Path::new("/"));
    for (key, value) in entries {
        let line = line_of(text.as_bytes(), key.span().start);
        set(config, folder, key.get_ref(), value.get_ref()).map_err(|error| in_file(path, line, error))?;
    }
    Ok(())
}

/// Writes every option, as [`Config::dump`] says.
pub(super) fn dump(config: &Config) -> String {
    let mut text = String::new();
    for (option, value, default) in config.each() {
        let is_default = value == default;
        let shown =
            value.as_ref().map_or_else(|| if option.is_list() { "[]" } else { "\"\"" }.to_string(), Value::to_toml);
        text += &format!("# {}\n", option.help);
        text += &format!("{}{} = {shown}\n\n", if is_default { "# " } else { "" }, option.name);
    }
    text
}

fn set(config: &mut Config, folder: &Path, name: &str, value: &DeValue<'_>) -> Result<(), Error> {
    let Named { option, .. } = find(name)?;
    let refuse = || {
        let expected = match option.kind {
            Kind::Boolean => "true or false, without quotes".to_string(),
            Kind::Number { .. } => format!("a {}, without quotes", option.type_text()),
            Kind::Choice { .. } | Kind::WordOrNumber { .. } | Kind::Url | Kind::Host | Kind::Registry => {
                format!("a string: {}", option.type_text())
            }
            _ => "a string or a list of strings".to_string(),
        };
        Err(Error::InvalidValue { option: option.name, value: type_name(value).into(), expected })
    };
    match (&option.kind, value) {
        (Kind::Boolean, DeValue::Boolean(value)) => config.set(name, if *value { "true" } else { "false" }),
        (Kind::Number { .. } | Kind::WordOrNumber { .. }, DeValue::Integer(number)) => {
            match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => config.set(name, &number.to_string()),
                Err(_) => config.set(name, number.as_str()),
            }
        }
        (Kind::Registry | Kind::Url | Kind::Host, DeValue::String(url)) if url.is_empty() => Ok(()),
        (Kind::Choice { .. } | Kind::WordOrNumber { .. } | Kind::Url | Kind::Host, DeValue::String(text)) => {
            config.set(name, text)
        }
        (Kind::Certificates | Kind::RevocationLists, value) => {
            let Some(texts) = strings(value) else { return refuse() };
            texts.into_iter().try_for_each(|text| config.set(name, &beside(folder, text)?))
        }
        // As it is written where there is none.
        (Kind::Registry, DeValue::String(url)) => match registry::beside(folder, url) {
            Some(url) => config.set(name, &url),
            None => Err(no_utf8()),
        },
        (Kind::Secrets, value) => {
            let Some(texts) = strings(value) else { return refuse() };
            let meant = |text: &str| if Secret::is_in(text) { Ok(text.to_string()) } else { beside(folder, text) };
            texts.into_iter().try_for_each(|text| config.set(name, &meant(text)?))
        }
        (Kind::IdentityRules | Kind::Origins | Kind::Networks, value) => {
            let Some(texts) = strings(value) else { return refuse() };
            texts.into_iter().try_for_each(|text| config.set(name, text))
        }
        (Kind::Purposes(_) | Kind::Reasons | Kind::Words(_), value) => match strings(value) {
            Some(texts) => config.set(name, &texts.join(",")),
            None => refuse(),
        },
        _ => refuse(),
    }
}

/// A path as it is meant in a file of this folder. PEM stays as it is.
fn beside(folder: &Path, text: &str) -> Result<String, Error> {
    if text.is_empty() || text.trim_start().starts_with("-----") || Path::new(text).is_absolute() {
        return Ok(text.to_string());
    }
    match folder.join(text).into_os_string().into_string() {
        Ok(path) => Ok(path),
        Err(_) => Err(no_utf8()),
    }
}

fn no_utf8() -> Error {
    malformed("has a relative path in a folder whose name is no UTF-8")
}

fn strings<'v>(value: &'v DeValue<'_>) -> Option<Vec<&'v str>> {
    match value {
        DeValue::String(text) => Some(vec![text]),
        DeValue::Array(items) => items
            .iter()
            .map(|item| match item.get_ref() {
                DeValue::String(text) => Some(&**text),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "(a string)",
        DeValue::Integer(_) => "(an integer)",
        DeValue::Float(_) => "(a float)",
        DeValue::Boolean(_) => "(a boolean)",
        DeValue::Datetime(_) => "(a date)",
        DeValue::Array(_) => "(a list with other things than strings)",
        DeValue::Table(_) => "(a table)",
    }
}

fn malformed(problem: &str) -> Error {
    Error::Malformed { option: "config", place: "TOML".into(), problem: problem.to_string() }
}

fn in_file(path: &Path, line: usize, source: Error) -> Error {
    Error::InFile { path: path.into(), line, source: Box::new(source) }
}

fn line_of(text: &[u8], offset: usize) -> usize {
    text.iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
}
