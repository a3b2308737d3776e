//! Which database: the URL, without surprises about what travels in the clear.

use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::error::Error;

/// Where the database is, and as whom to connect.
#[derive(Debug, Clone)]
pub(super) struct Target {
    config: Config,
    /// The URL without its password.
    place: String,
}

const OPTION: &str = "registry";

/// How long a connection may take to be made, and how soon a silent one is given up.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(2);

impl Target {
    /// Reads a URL. Nothing is resolved or connected to.
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        let invalid = |problem: &str| Error::InvalidValue {
            option: OPTION,
            value: SCHEME.to_owned(),
            expected: format!("the URL of a PostgreSQL database: {problem}"),
        };
        // What the parser says may quote the URL, and so the password, but not its sources.
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            let source = std::error::Error::source(&error).map_or("it cannot be read".into(), ToString::to_string);
            invalid(&source)
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(invalid("it names no host and no folder of a socket"));
        }
        let place = describe(&config);
        let missing = match config.get_ssl_mode() {
            SslMode::Disable => None,
            SslMode::Prefer
                if config.get_hosts().iter().all(is_here) && config.get_hostaddrs().iter().all(is_loopback) =>
            {
                None
            }
            SslMode::Prefer => Some(
                "is reached over a network, and this library speaks no TLS to databases: whoever is on the way could \
                 register keys. Connect through a tunnel on this host, or say sslmode=disable where the network is trusted",
            ),
            _ => Some(
                "demands TLS, which this library does not speak to databases: connect through a tunnel on this host",
            ),
        };
        if let Some(missing) = missing {
            return Err(Error::NotSupported { option: OPTION, value: place, missing });
        }
        config.ssl_mode(SslMode::Disable).connect_timeout(CONNECT_LIMIT);
        if config.get_application_name().is_none() {
            config.application_name("clientcert");
        }
        config
            .keepalives_idle(Duration::from_secs(5))
            .keepalives_interval(Duration::from_secs(2))
            .keepalives_retries(3);
        Ok(Self { config, place })
    }

    /// The configuration with addresses for names. They are resolved here, because the client would start a thread for it.
    pub(super) fn resolved(&self) -> Result<Config, Error> {
        if !self.config.get_hostaddrs().is_empty() || !self.config.get_hosts().iter().any(is_name) {
            return Ok(self.config.clone());
        }
        let [Host::Tcp(name)] = self.config.get_hosts() else {
            return Err(self.unavailable("several hosts need a hostaddr each"));
        };
        let fail = |error: io::Error| self.unavailable(format!("host {name} is not found: {error}"));
        let mut addresses = (name.as_str(), 0).to_socket_addrs().map_err(fail)?.map(|address| address.ip());
        let address = if name == LOCALHOST { addresses.find(is_loopback) } else { addresses.next() };
        let address = address.ok_or_else(|| self.unavailable(format!("host {name} has no address")))?;
        let mut config = self.config.clone();
        config.hostaddr(address);
        Ok(config)
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn unavailable(&self, problem: impl Into<String>) -> Error {
        Error::RegistryUnavailable { place: self.place.clone(), problem: problem.into() }
    }

    pub(super) fn contents(&self, problem: impl Into<String>) -> Error {
        Error::Malformed { option: OPTION, place: self.place.clone(), problem: problem.into() }
    }

    /// Reading failed, or whatever does not depend on reading or writing.
    pub(super) fn problem(&self, error: &tokio_postgres::Error) -> Error {
        self.unavailable(said(error))
    }

    /// Writing failed, and left everything as it was.
    pub(super) fn write_problem(&self, error: &tokio_postgres::Error) -> Error {
        use tokio_postgres::error::SqlState;
        let kind = match error.code() {
            Some(&SqlState::UNIQUE_VIOLATION) => return Error::KeyTaken,
            Some(&SqlState::READ_ONLY_SQL_TRANSACTION) => io::ErrorKind::ReadOnlyFilesystem,
            Some(&SqlState::INSUFFICIENT_PRIVILEGE) => io::ErrorKind::PermissionDenied,
            Some(&SqlState::DISK_FULL) => io::ErrorKind::StorageFull,
            Some(code) if code.code().starts_with("23") => io::ErrorKind::InvalidInput,
            _ => return self.problem(error),
        };
        Error::CannotWrite { path: self.place.clone().into(), source: io::Error::new(kind, said(error)) }
    }
}

const LOCALHOST: &str = "localhost";
const SCHEME: &str = "postgres://";

/// The user, the hosts and the database, as a URL would name them.
fn describe(config: &Config) -> String {
    let host = |host: &Host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(folder) => folder.display().to_string(),
    };
    let names = config.get_hosts().iter().map(host);
    let addresses = config.get_hostaddrs().iter().skip(config.get_hosts().len()).map(ToString::to_string);
    let hosts: Vec<String> = names.chain(addresses).collect();
    let user = config.get_user().map(|user| format!("{user}@")).unwrap_or_default();
    let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
    format!("{SCHEME}{user}{}/{database}", hosts.join(","))
}

/// Whether no network lies between.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == LOCALHOST || name.parse().is_ok_and(|address| is_loopback(&address)),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn is_loopback(address: &IpAddr) -> bool {
    address.is_loopback()
}

fn is_name(host: &Host) -> bool {
    matches!(host, Host::Tcp(name) if name.parse::<IpAddr>().is_err())
}

/// The server's own words where there are some, else what went wrong and why. None of them holds a password.
fn said(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("{}: {}", error.severity(), error.message()),
        None => match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}").replace("error connecting to server: ", "cannot connect: "),
            None => error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> String {
        Target::parse(url).expect_err(url).to_string()
    }

    #[test]
    fn nothing_crosses_a_network_in_the_clear_unasked() {
        for url in [
            "postgres://a:secret@%2Frun%2Fpostgresql/db",
            "postgresql:///db?host=/run/postgresql",
            "postgres://a:secret@127.0.0.1:5433/db",
            "postgres://[::1]/db",
            "postgres://localhost/db",
            "postgres://db.example.org/db?sslmode=disable",
        ] {
            Target::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        }
        for url in [
            "postgres://a:secret@db.example.org/db",
            "postgres://192.0.2.1/db",
            "postgres://localhost,db.example.org/db",
            "postgres://localhost/db?hostaddr=192.0.2.1",
            "postgres://localhost/db?sslmode=require",
        ] {
            assert!(refused(url).contains("TLS") && !refused(url).contains("secret"), "{url}: {}", refused(url));
        }
        for url in ["postgres:///db", "postgres://a:secret@h:port/db", "postgres://h/db?color=secret"] {
            let said = refused(url);
            assert!(said.contains("is not the URL of a PostgreSQL database") && !said.contains("a:secret"), "{said}");
        }
    }

    #[test]
    fn names_become_addresses_before_a_client_sees_them() {
        let target = Target::parse("postgres://localhost/db").expect("a URL");
        let resolved = target.resolved().expect("an address");
        assert!(resolved.get_hostaddrs().iter().all(IpAddr::is_loopback) && resolved.get_hostaddrs().len() == 1);
    }
}
