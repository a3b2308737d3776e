//! `make bench`: what this library takes beside plain webpki and the OpenSSL that is installed, in one run.
//!
//! `docs/performance.md` says how it is measured. Names of sections as arguments run only those; `--quick` runs fewer
//! rounds.

mod crls;
mod decision;
mod hostile;
mod keys;
mod many_cas;
mod registry;
#[cfg(feature = "sqlite")]
mod registry_sqlite;
mod renderings;
mod resume;
mod support;
mod threads;
mod verify;

use support::peer::OpenSsl;
use support::table::Table;

/// What every section works with.
struct Bench {
    openssl: OpenSsl,
    table: Table,
    rounds: usize,
}

/// A section's name and what runs it.
type Section = (&'static str, fn(&mut Bench));

const SECTIONS: &[Section] = &[
    ("cold", verify::cold),
    ("known", verify::known_intermediates),
    ("warm", verify::warm),
    ("resume", resume::resume),
    ("parse", renderings::parse),
    ("renderings", renderings::renderings),
    ("decision", decision::decision),
    ("threads", threads::threads),
    ("hostile", hostile::hostile),
    ("many_cas", many_cas::many_cas),
    ("crls", crls::crls),
    ("registry", registry::registry),
    ("keys", keys::keys),
    #[cfg(feature = "sqlite")]
    ("registry_sqlite", registry_sqlite::registry_sqlite),
];

fn main() {
    // `cargo bench` adds `--bench`; other flags than ours mean nothing here.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(path) = arguments.iter().find_map(|argument| argument.strip_prefix(crls::WEBPKI_MEMORY)) {
        return crls::print_webpki_memory(path);
    }
    let wanted: Vec<&str> = arguments.iter().filter(|a| !a.starts_with("--")).map(String::as_str).collect();
    for name in &wanted {
        assert!(SECTIONS.iter().any(|(section, _)| section == name), "no section is called {name}");
    }
    let rounds = if arguments.iter().any(|argument| argument == "--quick") { 5 } else { 25 };

    let mut bench = Bench { openssl: OpenSsl::start(), table: Table::default(), rounds };
    println!(
        "clientcert {} beside plain webpki with aws-lc-rs and {}",
        env!("CARGO_PKG_VERSION"),
        bench.openssl.version()
    );
    println!("CPU time of the thread; medians of {rounds} rounds in turns; ratios are medians of each round's ratio");
    for (name, run) in SECTIONS {
        if wanted.is_empty() || wanted.contains(name) {
            run(&mut bench);
        }
    }
    bench.table.summary();
}
