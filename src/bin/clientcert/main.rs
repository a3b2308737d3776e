//! `clientcert`: verdicts, certificates and configurations on the command line.
//!
//! Exit status: 0 for what was asked, 1 for a client that is not verified, a certificate that is revoked or a configuration
//! with warnings, 2 where the tool could not run.

mod arguments;
mod check;
mod crl;
mod explain;
mod fingerprint;
mod generate;
mod import;
mod input;
mod inspect;
mod moment;
mod ocsp;
mod options;
mod print;
mod settings;
mod users;
mod verify;

use std::process::ExitCode;

use clap::ArgMatches;

/// What a command found, which is the exit status.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    /// All is well.
    Good = 0,
    /// The client is not verified, the certificate revoked, or the configuration has warnings.
    Bad = 1,
    /// Something could not be read; standard error has said what.
    Broken = 2,
}

/// Why a command could not run: a message that names the option or the file.
struct Failure(String);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

fn main() -> ExitCode {
    let matches = arguments::command().get_matches();
    let found = run(&matches).unwrap_or_else(|Failure(message)| {
        print::error(&message);
        Found::Broken
    });
    ExitCode::from(found as u8)
}

fn run(matches: &ArgMatches) -> Result<Found, Failure> {
    match matches.subcommand() {
        Some(("verify", matches)) => verify::run(matches),
        Some(("explain", matches)) => explain::run(matches),
        Some(("identity", matches)) => match matches.subcommand() {
            Some(("import", matches)) => import::run(matches),
            _ => Err(Failure("no command".into())),
        },
        Some(("inspect", matches)) => inspect::run(matches),
        Some(("fingerprint", matches)) => fingerprint::run(matches),
        Some(("options", matches)) => options::run(matches),
        Some(("crl", matches)) => crl::run(matches),
        Some(("ocsp", matches)) => ocsp::run(matches),
        Some(("users", matches)) => users::run(matches),
        Some(("check", matches)) => check::run(matches),
        Some(("generate", matches)) => generate::run(matches),
        _ => Err(Failure("no command".into())),
    }
}
