//! Registries: what a registration takes in memory, what a lookup costs beside a bare hash map, and how long one loads.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::hint::black_box;
use std::io::{BufWriter, Write};

use clientcert::registry::{Index, RegisteredKey, Registration, Registry};

use crate::Bench;
use crate::support::measure::{Samples, per_operation, rounds};
use crate::support::table::{Goal, Row, Table, time};

const LOOKUPS: usize = 200_000;

/// A fast hasher with a key, so that nobody can make fingerprints that collide: each word is multiplied in, and both halves
/// of the product are kept.
#[derive(Default)]
struct Folded(u64);

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        for word in bytes.chunks_exact(8).filter_map(|word| word.first_chunk()) {
            let product = u128::from(self.0 ^ u64::from_le_bytes(*word)) * u128::from(KEY);
            #[expect(clippy::cast_possible_truncation, reason = "the other half is added")]
            let folded = product as u64 ^ (product >> 64) as u64;
            self.0 = folded;
        }
    }

    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

const KEY: u64 = 0x5851_f42d_4c95_7f2d;

type BareMap = HashMap<[u8; 32], Box<str>, BuildHasherDefault<Folded>>;

pub fn registry(bench: &mut Bench) {
    Table::section("registry: lookup", "from a fingerprint to the user's name, beside a bare hash map of as many");
    for count in [1_000, 1_000_000, 10_000_000] {
        lookup(bench, count);
    }
    load(bench, 1_000_000);
}

fn lookup(bench: &mut Bench, count: usize) {
    let all = (0..count).map(|number| Registration::new(user(number), RegisteredKey::Spki(digest(number)), 0));
    let index = Index::build(all).expect("an index");
    let names: usize = (0..count).map(|number| user(number).len()).sum();
    let map: BareMap = (0..count).map(|number| (digest(number), user(number).into())).collect();
    for (what, from) in [("registered", 0), ("unknown", count)] {
        let wanted: Vec<[u8; 32]> = (0..LOOKUPS).map(|number| digest(from + number * 7_919 % count)).collect();
        let never = || -> [u8; 32] { unreachable!("no certificate is registered") };
        let ours = || {
            wanted
                .iter()
                .filter_map(|key| index.locate(key, never))
                .map(|entry| u64::from(entry.user_bytes()[0]))
                .sum::<u64>()
        };
        let bare = || wanted.iter().filter_map(|key| map.get(key)).map(|user| first_byte(user)).sum::<u64>();
        assert_eq!(ours(), bare());
        let samples = rounds(
            bench.rounds,
            &mut [Box::new(|| per_operation(LOOKUPS, ours)), Box::new(|| per_operation(LOOKUPS, bare))],
        );
        let [ours, bare]: [Samples; 2] = samples.try_into().unwrap_or_else(|_| unreachable!("two contenders"));
        #[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
        let bytes = (index.memory() - names) as f64 / count as f64;
        let goals = vec![
            Goal::at_most("of a bare map", ours.ratio_to(&bare), 1.2),
            Goal::at_most("bytes beside the name", bytes, 36.0),
        ];
        println!("bare map {}", time(bare.median()));
        bench.table.row(&Row { label: format!("{what} among {count}"), ours: Some(ours), goals, ..Row::default() });
    }
}

fn load(bench: &mut Bench, count: usize) {
    Table::section("registry: load", "from a text file to the index");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("users");
    let mut file = BufWriter::new(std::fs::File::create(&path).expect("a file"));
    for number in 0..count {
        writeln!(file, "{} {}", RegisteredKey::Spki(digest(number)), user(number)).expect("a line");
    }
    file.flush().expect("a file");
    let registry = Registry::open(&format!("file:{}", path.display())).expect("a registry");
    let load = || assert_eq!(black_box(registry.load()).expect("an index").len(), count);
    let samples = rounds(bench.rounds.min(9), &mut [Box::new(|| per_operation(1, load))]);
    let goals = vec![Goal::time(&samples[0], 0.4e9)];
    bench.table.row(&Row {
        label: format!("{count} lines"),
        ours: samples.into_iter().next(),
        goals,
        ..Row::default()
    });
}

fn first_byte(user: &str) -> u64 {
    u64::from(user.as_bytes()[0])
}

pub fn user(number: usize) -> String {
    format!("user{number:08}")
}

/// What looks random, and is the same in each run (splitmix64).
pub fn digest(number: usize) -> [u8; 32] {
    let mut digest = [0; 32];
    for (quarter, bytes) in digest.chunks_exact_mut(8).enumerate() {
        let mut word = (4 * number as u64 + quarter as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.copy_from_slice(&(word ^ word >> 31).to_be_bytes());
    }
    digest
}
