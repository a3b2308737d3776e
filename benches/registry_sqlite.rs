//! Registries in SQLite: how long a million registrations take to load, and what it costs to ask whether they changed.

use std::hint::black_box;

use clientcert::registry::{RegisteredKey, Registration, Registry};
use rusqlite::{Connection, params};

use crate::Bench;
use crate::registry::{digest, user};
use crate::support::measure::{per_operation, rounds};
use crate::support::table::{Row, Table, time};

const COUNT: usize = 1_000_000;

pub fn registry_sqlite(bench: &mut Bench) {
    Table::section("registry: SQLite", "load an index, notice that nothing changed, enrol one key");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys.db");
    let registry = Registry::open(&format!("sqlite:{}", path.display())).expect("a registry");
    registry.load().expect("a new registry");
    fill(&path);

    let load = || assert_eq!(black_box(registry.load()).expect("an index").len(), COUNT);
    let loads = rounds(bench.rounds.min(5), &mut [Box::new(|| per_operation(1, load))]).pop();
    bench.table.row(&Row { label: format!("load {COUNT}"), ours: loads, ..Row::default() });

    // What was written a moment ago is looked at again and again.
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(!registry.changed().expect("an answer"));
    let ask = || (0..1_000).for_each(|_| assert!(!registry.changed().expect("an answer")));
    let asks = rounds(bench.rounds, &mut [Box::new(|| per_operation(1_000, ask))]).pop();
    bench.table.row(&Row { label: "nothing changed".into(), ours: asks, ..Row::default() });

    let start = std::time::Instant::now();
    for number in COUNT..COUNT + 100 {
        let registration = Registration::new(user(number), RegisteredKey::Spki(digest(number)), 0);
        registry.editor("bench").enrol(&registration).expect("a registration");
    }
    // Most of it is waiting for the disk, which CPU time does not show.
    println!("enrol one, on this disk: {} on the clock", time(start.elapsed().as_secs_f64() * 1e9 / 100.0));
}

fn fill(path: &std::path::Path) {
    const INSERT: &str = "INSERT INTO registration (kind, fingerprint, user_name, label, created, disabled, no_manage) \
        VALUES ('spki', ?1, ?2, '', 0, 0, 0)";
    let mut database = Connection::open(path).expect("a database");
    let transaction = database.transaction().expect("a transaction");
    let mut insert = transaction.prepare(INSERT).expect("a statement");
    for number in 0..COUNT {
        insert.execute(params![digest(number), user(number)]).expect("a row");
    }
    drop(insert);
    transaction.commit().expect("a commit");
}
