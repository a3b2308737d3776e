//! From the presented bytes to the verdict: a stranger, a new client of a known authority, and the same client again.

use clientcert::Verifier;

use crate::Bench;
use crate::support::measure::{Contender, Samples, per_operation, rounds};
use crate::support::ours;
use crate::support::peer::OpenSsl;
use crate::support::pki::{Chain, KeyType, Population};
use crate::support::plain_webpki::PlainWebpki;
use crate::support::table::{Goal, Row, Table};

/// So many clients a round.
const CLIENTS: usize = 48;

/// Nothing in the chain was seen before: every round has a new verifier, and every client intermediates of his own.
pub fn cold(bench: &mut Bench) {
    Table::section("Cold", "every certificate is new to the verifier; what it remembers for later is part of the time");
    for (key_type, length) in variants() {
        // One client more, who takes the first use of the new verifier upon himself.
        let people = Population::of_strangers(key_type, length, CLIENTS + 1);
        let limit = match key_type {
            KeyType::Rsa2048 => 0.95,
            KeyType::P256 | KeyType::P384 => 1.0,
            KeyType::Ed25519 => 1.06,
        };
        let samples = first_meetings(bench, &people);
        print(bench, key_type, length, samples, Some(limit));
    }
}

/// The leaf is new, and another client of the same intermediates has been there before.
pub fn known_intermediates(bench: &mut Bench) {
    Table::section("New leaf, known intermediates", "another client of the same intermediates was verified before");
    for (key_type, length) in variants() {
        let people = Population::of_colleagues(key_type, length, CLIENTS + 1);
        let limit = match length {
            3 => Some(0.5),
            4 => Some(0.35),
            _ => None,
        };
        let samples = first_meetings(bench, &people);
        print(bench, key_type, length, samples, limit);
    }
}

/// The same chain again and again.
pub fn warm(bench: &mut Bench) {
    const REPEAT: usize = 2000;

    Table::section("Warm", "the same client again, who presents the same bytes");
    for (key_type, length) in variants() {
        let people = Population::of_strangers(key_type, length, 1);
        let verifier = ours::verifier([&*people.root]);
        let webpki = PlainWebpki::new([&*people.root]);
        let chain = &people.chains[0];
        let samples = rounds(
            bench.rounds,
            &mut [
                Box::new(|| per_operation(REPEAT, || (0..REPEAT).all(|_| verifier.verify(chain.der()).verified()))),
                webpki_round(&webpki, std::slice::from_ref(chain), 20),
                openssl_round(&mut bench.openssl, &people.root, std::slice::from_ref(chain), 20),
            ],
        );
        let limit = match key_type {
            KeyType::Rsa2048 => Some(700.0),
            KeyType::P256 => Some(500.0),
            KeyType::P384 | KeyType::Ed25519 => None,
        };
        let goals = limit.map(|limit| Goal::time(&samples[0], limit)).into_iter().collect();
        bench.table.row(&row(key_type, length, samples, goals));
    }
}

fn variants() -> impl Iterator<Item = (KeyType, usize)> {
    KeyType::ALL.into_iter().flat_map(|key_type| [2, 3, 4].map(|length| (key_type, length)))
}

/// Every round a new verifier meets the first client, which is not counted, and then all others once.
fn first_meetings(bench: &mut Bench, people: &Population) -> Vec<Samples> {
    let [first, others @ ..] = &people.chains[..] else { unreachable!("a population has clients") };
    let anchors = ours::config(&people.root);
    let webpki = PlainWebpki::new([&*people.root]);
    let ours = || {
        let verifier = Verifier::new(&anchors).expect("the generated anchors load");
        assert!(verifier.verify(first.der()).verified());
        let all = || others.iter().all(|chain| verifier.verify(chain.der()).verified());
        per_operation(others.len(), || assert!(all(), "a genuine client is accepted"))
    };
    rounds(
        bench.rounds,
        &mut [
            Box::new(ours),
            webpki_round(&webpki, others, 1),
            openssl_round(&mut bench.openssl, &people.root, others, 1),
        ],
    )
}

fn webpki_round<'a>(webpki: &'a PlainWebpki, chains: &'a [Chain], repeat: usize) -> Contender<'a> {
    Box::new(move || {
        per_operation(chains.len() * repeat, || {
            let accepted = (0..repeat).all(|_| chains.iter().all(|chain| webpki.accepts(chain)));
            assert!(accepted, "a genuine client is accepted");
        })
    })
}

fn openssl_round<'a>(openssl: &'a mut OpenSsl, root: &[u8], chains: &[Chain], repeat: usize) -> Contender<'a> {
    let anchors = openssl.anchors([root]);
    let chains = openssl.chains(chains);
    Box::new(move || {
        let answer = openssl.verify(anchors, chains, repeat);
        assert!(answer.accepted >= 1.0, "a genuine client is accepted");
        answer.nanoseconds
    })
}

fn print(bench: &mut Bench, key_type: KeyType, length: usize, samples: Vec<Samples>, limit: Option<f64>) {
    let ratio = samples[0].ratio_to(&samples[1]);
    let goals = limit.map(|limit| Goal::at_most("of webpki", ratio, limit)).into_iter().collect();
    bench.table.row(&row(key_type, length, samples, goals));
}

fn row(key_type: KeyType, length: usize, samples: Vec<Samples>, goals: Vec<Goal>) -> Row {
    let mut samples = samples.into_iter();
    Row {
        label: format!("{}, {length} certificates", key_type.name()),
        ours: samples.next(),
        webpki: samples.next(),
        openssl: samples.next(),
        goals,
        ..Row::default()
    }
}
