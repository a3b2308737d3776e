//! Clients that their registered keys speak for: from the presented bytes to the user, among few keys and among many.

use std::collections::BTreeSet;
use std::io::{BufWriter, Write};

use clientcert::Verifier;
use clientcert::certificate::{OwnedCertificate, split_der};
use clientcert::policy::Config;
use clientcert::registry::RegisteredKey;

use crate::Bench;
use crate::support::measure::{per_operation, rounds};
use crate::support::pki::{KeyType, Population};
use crate::support::table::{Goal, Row, Table};

const CLIENTS: usize = 48;
/// So many times every client in a round.
const REPEAT: usize = 50;

/// Nothing is remembered, so every verification reads the certificate, digests its key, looks it up and judges it.
pub fn keys(bench: &mut Bench) {
    Table::section(
        "keys: trust = key",
        "from the bytes of a certificate to the user of its registered key, remembering nothing",
    );
    let clients = clients();
    for (count, limit) in [(1_000, 1_000.0), (10_000_000, 1_300.0)] {
        let folder = tempfile::tempdir().expect("a folder");
        let verifier = verifier(folder.path(), &clients, count);
        let all = || (0..REPEAT).all(|_| clients.iter().all(|client| verifier.verify(client).user() == Some("alice")));
        assert!(all());
        let work = || per_operation(CLIENTS * REPEAT, || assert!(all()));
        let samples = rounds(bench.rounds, &mut [Box::new(work)]);
        let goals = vec![Goal::time(&samples[0], limit)];
        let label = format!("P-256, {count} keys");
        bench.table.row(&Row { label, ours: samples.into_iter().next(), goals, ..Row::default() });
    }
}

/// Certificates of P-256 keys.
fn clients() -> Vec<Vec<u8>> {
    let people = Population::of_strangers(KeyType::P256, 2, CLIENTS);
    let leaf = |der: &[u8]| split_der(der).next().expect("a leaf").expect("a certificate").to_vec();
    people.chains.iter().map(|chain| leaf(chain.der())).collect()
}

/// A verifier of a file with so many keys, those of the clients among them.
fn verifier(folder: &std::path::Path, clients: &[Vec<u8>], count: usize) -> Verifier {
    let path = folder.join("users");
    let mut file = BufWriter::new(std::fs::File::create(&path).expect("a file"));
    let key = |client: &Vec<u8>| {
        let certificate = OwnedCertificate::from_der(client.as_slice()).expect("a certificate");
        RegisteredKey::spki_of(&certificate.view())
    };
    // Clients of a population share keys.
    for key in clients.iter().map(key).collect::<BTreeSet<_>>() {
        writeln!(file, "{key} alice").expect("a line");
    }
    for number in clients.len()..count {
        writeln!(file, "{} user{number:08}", RegisteredKey::Spki(crate::registry::digest(number))).expect("a line");
    }
    file.flush().expect("a file");
    let mut config = Config::new();
    config.set("trust", "key").expect("a trust");
    config.set("registry", &format!("file:{}", path.display())).expect("a registry");
    config.set("cache_size", "0").expect("a number");
    Verifier::new(&config).expect("a verifier")
}
