//! `clientcert generate`: man pages and completions, for `make install` and packagers.

use std::fs;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use clap_complete::{Shell, generate_to};

use crate::{Failure, Found, arguments};

pub const KINDS: [&str; 2] = ["man", "completions"];

pub fn run(matches: &ArgMatches) -> Result<Found, Failure> {
    let folder = matches.get_one::<PathBuf>("folder").map_or(Path::new("."), PathBuf::as_path);
    let written = match matches.get_one::<String>("what").map(String::as_str) {
        Some("man") => man_pages(&folder.join("man1")),
        _ => completions(folder),
    };
    written.map_err(|error| Failure(format!("{}: {error}", folder.display())))?;
    Ok(Found::Good)
}

fn man_pages(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(arguments::command().disable_help_subcommand(true), folder)
}

/// Where the packages of the shells look, below the data directory.
fn completions(data: &Path) -> std::io::Result<()> {
    for (shell, folder, file) in [
        (Shell::Bash, "bash-completion/completions", "clientcert"),
        (Shell::Zsh, "zsh/site-functions", "_clientcert"),
        (Shell::Fish, "fish/vendor_completions.d", "clientcert.fish"),
    ] {
        let folder = data.join(folder);
        fs::create_dir_all(&folder)?;
        let written = generate_to(shell, &mut arguments::command(), "clientcert", &folder)?;
        fs::rename(written, folder.join(file))?;
    }
    Ok(())
}
