//! A stored session that is resumed: its record is checked, and its client verified again.

use crate::Bench;
use crate::support::measure::{per_operation, rounds};
use crate::support::ours;
use crate::support::pki::{KeyType, Population};
use crate::support::table::{Goal, Row, Table};

/// From the record to the verdict, for a client who was verified before; and the record made.
pub fn resume(bench: &mut Bench) {
    const REPEAT: usize = 2000;
    const NOW: i64 = 1_780_272_000;

    Table::section("Resume", "a session that comes back: its record is checked, and the client verified again");
    for (key_type, length) in [KeyType::Rsa2048, KeyType::P256].into_iter().flat_map(|key| [(key, 2), (key, 3)]) {
        let people = Population::of_strangers(key_type, length, 1);
        let verifier = ours::verifier([&*people.root]);
        let verdict = verifier.verify_at(people.chains[0].der(), NOW);
        let export = || verifier.export_session(&verdict, "www.example.com", NOW).expect("a record");
        let record = export();
        let resumes = || verifier.resume_session(&record, "www.example.com", NOW + 60).verdict.verified();
        let mut samples = rounds(
            bench.rounds,
            &mut [
                Box::new(|| per_operation(REPEAT, || assert!((0..REPEAT).all(|_| resumes()), "it is resumed"))),
                Box::new(|| per_operation(REPEAT, || (0..REPEAT).for_each(|_| drop(export())))),
            ],
        )
        .into_iter();
        for what in ["resumed", "made"] {
            let ours = samples.next();
            let limit = if what == "resumed" && key_type == KeyType::P256 { Some(2_000.0) } else { None };
            let goals = limit.zip(ours.as_ref()).map(|(limit, ours)| Goal::time(ours, limit)).into_iter().collect();
            let label = format!("{}, {length} certificates, {what}", key_type.name());
            bench.table.row(&Row { label, ours, goals, ..Row::default() });
        }
    }
}
