//! Chains made to cost much, and genuine clients who stand in their crowd.

mod cases;

use clientcert::Verifier;

use crate::Bench;
use crate::support::measure::{per_operation, rounds};
use crate::support::ours;
use crate::support::plain_webpki::PlainWebpki;
use crate::support::table::{Goal, Row, Table};
use cases::{Case, Expected, all};

/// What the defaults let through, in bytes; for what is larger there is no goal.
const PROMISED_BYTES: usize = 65_536;

/// No chain of at most 64 kB may take longer, in nanoseconds.
const LIMIT: f64 = 1e6;

/// So many verifications a round, each with a verifier that has not seen the chain.
const REPEAT: usize = 4;

pub fn hostile(bench: &mut Bench) {
    Table::section(
        "Hostile chains",
        "a verifier that has not seen the chain; P-256 where the name says nothing else; A accepts, R refuses",
    );
    for case in all() {
        let row = measure(bench, &case);
        bench.table.row(&row);
    }
}

fn measure(bench: &mut Bench, case: &Case) -> Row {
    let anchors = ours::config(&case.root);
    let webpki = PlainWebpki::new([&*case.root]);
    let peer_anchors = bench.openssl.anchors([&*case.root]);
    let peer_chains = bench.openssl.chains(std::slice::from_ref(&case.chain));
    let verdicts = verdicts(bench, case);

    let ours = || {
        let verifiers: Vec<Verifier> = (0..REPEAT).map(|_| prepared(&anchors, case)).collect();
        per_operation(REPEAT, || {
            for verifier in &verifiers {
                drop(verifier.verify(case.chain.der()));
            }
        })
    };
    let samples = rounds(
        bench.rounds.min(9),
        &mut [
            Box::new(ours),
            Box::new(|| per_operation(1, || webpki.accepts(&case.chain))),
            Box::new(|| bench.openssl.verify(peer_anchors, peer_chains, 1).nanoseconds),
        ],
    );

    let mut goals = Vec::new();
    if case.chain.der().len() <= PROMISED_BYTES {
        goals.push(Goal::time(&samples[0], LIMIT));
    }
    match case.expected {
        Expected::Accepted => goals.push(Goal::holds("accepted", verdicts.starts_with('A'))),
        Expected::Refused => goals.push(Goal::holds("refused", verdicts.starts_with('R'))),
        Expected::Either => {}
    }
    let mut samples = samples.into_iter();
    Row {
        label: format!("{} ({} kB)", case.name, case.chain.der().len().div_ceil(1000)),
        ours: samples.next(),
        webpki: samples.next(),
        openssl: samples.next(),
        verdicts,
        goals,
    }
}

/// A new verifier that knows of this case only what the case wants to be known.
fn prepared(anchors: &clientcert::policy::Config, case: &Case) -> Verifier {
    let verifier = Verifier::new(anchors).expect("the generated anchors load");
    if let Some(before) = &case.seen_before {
        assert!(verifier.verify(before.der()).verified(), "{}: the genuine client before", case.name);
    }
    verifier
}

fn verdicts(bench: &mut Bench, case: &Case) -> String {
    let letter = |accepted| if accepted { 'A' } else { 'R' };
    let ours = prepared(&ours::config(&case.root), case).verify(case.chain.der()).verified();
    let webpki = PlainWebpki::new([&*case.root]).accepts(&case.chain);
    let anchors = bench.openssl.anchors([&*case.root]);
    let chains = bench.openssl.chains(std::slice::from_ref(&case.chain));
    let openssl = bench.openssl.verify(anchors, chains, 1).accepted > 0.0;
    [letter(ours), ' ', letter(webpki), ' ', letter(openssl)].into_iter().collect()
}
