//! The configuration that the arguments make.

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use clientcert::policy::{Config, options};

use crate::Failure;

/// The file that `--config` names, and the options above it.
pub fn config(matches: &ArgMatches) -> Result<Config, Failure> {
    let mut config = matches.get_one::<PathBuf>("config").map_or_else(|| Ok(Config::new()), |file| of_file(file))?;
    for option in options() {
        let Some(values) = matches.get_many::<String>(option.name) else { continue };
        let values: Vec<&str> = values.map(String::as_str).collect();
        match option.is_repeatable() {
            true => values.iter().try_for_each(|value| config.set(option.name, value))?,
            false => config.set(option.name, &values.join(","))?,
        }
    }
    Ok(config)
}

/// The file that `--config` names.
pub fn of_file(file: &Path) -> Result<Config, Failure> {
    let mut config = Config::new();
    config.load(file).map_err(|error| Failure(format!("--config {}: {error}", file.display())))?;
    Ok(config)
}
