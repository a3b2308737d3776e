//! This library, OpenSSL and plain webpki side by side, over chains that are made here.
//!
//! Wherever one accepts what another rejects, a class in `classes.rs` says why, by looking at the certificates. What is in no class
//! fails the test. `CLIENTCERT_DIFFERENTIAL_SEED`, `CLIENTCERT_DIFFERENTIAL_CASES` (how many) and
//! `CLIENTCERT_DIFFERENTIAL_FIRST` (the number of the first) choose the chains.

#![allow(clippy::cast_possible_truncation, reason = "numbers of cases, and what is made of random ones")]

mod classes;
mod generate;
mod oracles;
mod random;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;

use classes::{CLASSES, Disagreement, Peer};
use generate::Case;

const BATCH: u64 = 1000;
const MOST_SHOWN: usize = 5;

#[test]
fn every_disagreement_is_of_a_known_class() {
    let seed = setting("CLIENTCERT_DIFFERENTIAL_SEED", 20_260_601);
    let first = setting("CLIENTCERT_DIFFERENTIAL_FIRST", 0);
    let end = first + setting("CLIENTCERT_DIFFERENTIAL_CASES", 40_000);
    println!("seed {seed}, cases {first} to {end}");

    let openssl = oracles::openssl_program();
    let mut tally = BTreeMap::<(Peer, &str, &str), usize>::new();
    let mut accepted = [0; 3];
    let mut unexplained = Vec::new();
    for first in (first..end).step_by(BATCH as usize) {
        let cases: Vec<Case> = (first..end.min(first + BATCH)).map(|number| generate::case(seed, number)).collect();
        let of_openssl = oracles::openssl(&openssl, &cases);
        for ((number, case), openssl) in (first..).zip(&cases).zip(of_openssl) {
            let (ours, webpki) = (oracles::ours(case), oracles::webpki(case));
            for (count, accepts) in accepted.iter_mut().zip([ours.accepts(), openssl.accepts(), webpki.is_ok()]) {
                *count += usize::from(accepts);
            }
            assert!(!case.story.is_empty() || ours.accepts(), "case {number} is straight, and refused: {ours:?}");
            let disagreement = Disagreement::new(case, &ours, openssl, &webpki);
            for peer in disagreement.peers() {
                match CLASSES.iter().find(|class| class.covers(peer, &disagreement)) {
                    Some(class) => *tally.entry((peer, class.name, class.reason)).or_default() += 1,
                    None => unexplained.push((number, peer, disagreement.to_string())),
                }
            }
        }
    }

    let [ours, openssl, webpki] = accepted;
    println!("accepted: ours {ours}, OpenSSL {openssl}, webpki {webpki}");
    for ((peer, name, reason), count) in &tally {
        println!("{count:>6} {peer:?}: {name}. {reason}");
    }
    for (number, peer, text) in &unexplained {
        println!("unexplained: case {number}, {peer:?}: {}", text.lines().take(2).collect::<Vec<_>>().join(" "));
    }
    for (number, peer, text) in unexplained.iter().take(MOST_SHOWN) {
        println!("--- case {number}, {peer:?}: {text}");
    }
    assert!(ours > (end - first) as usize / 10 || end - first < BATCH, "most chains are bad, so that little is tested");
    assert!(unexplained.is_empty(), "{} disagreements are in no class; seed {seed}", unexplained.len());
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}
