//! Verifications go on while CRLs are swapped: every verdict is that of one whole policy, and nothing is left behind.
//!
//! How many a second is for the optimized build, which `scripts/test` makes for this: `cargo test --profile load`.

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use clientcert::policy::Config;
use clientcert::verify::Code;
use clientcert::{Verdict, Verifier};

use support::crl::{self, List, Revoked};
use support::{Key, NOW, Template, der};

/// What is not optimized reads a tenth of them in the same time.
const ENTRIES: u32 = if cfg!(debug_assertions) { 10_000 } else { 100_000 };
const SWAP_INTERVAL: Duration = Duration::from_millis(100);
const PER_SECOND: u64 = 10_000;
const CLIENTS: u8 = 8;
/// So that all numbers are of one length.
const FIRST_NUMBER: u32 = 0x0100_0000;

/// How long: a minute, less without optimization, or what the environment says.
fn duration() -> Duration {
    let seconds = std::env::var("CLIENTCERT_LOAD_SECONDS").map(|text| text.parse().expect("a number of seconds"));
    Duration::from_secs(seconds.unwrap_or(if cfg!(debug_assertions) { 10 } else { 60 }))
}

/// The lists of a CA, each with the next number, which revokes the clients of odd serial numbers if it is odd itself, and of
/// even ones if it is even.
struct Lists {
    to_be_signed: [Vec<u8>; 2],
    place_of_number: usize,
    number: u32,
}

impl Lists {
    fn new() -> Self {
        let others = |parity: u8| {
            let client = (0..CLIENTS).filter(move |serial| serial % 2 == parity).map(|serial| Revoked::new(&[serial]));
            let other = |entry: u32| Revoked::new(&[&[0x55; 12][..], &entry.to_be_bytes()].concat()).because(4);
            List { revoked: (0..ENTRIES).map(other).chain(client).collect(), ..List::new("CA") }
        };
        let to_be_signed = [0, 1].map(|parity| {
            others(parity).with(crl::crl_number(FIRST_NUMBER)).to_be_signed(&Key::p256(0).signature_algorithm)
        });
        let number = der::integer(FIRST_NUMBER);
        // Both lists have as many entries, each as long.
        let place = to_be_signed[0].windows(number.len()).rposition(|bytes| bytes == number).expect("the number");
        Self { to_be_signed, place_of_number: place + 2, number: FIRST_NUMBER }
    }

    /// Publishes the next list in place of the last, as a CA should: never half-written.
    fn publish(&mut self, path: &Path) {
        self.number += 1;
        let tbs = &mut self.to_be_signed[self.number as usize % 2];
        tbs[self.place_of_number..][..4].copy_from_slice(&self.number.to_be_bytes());
        let beside = path.with_extension("new");
        fs::write(&beside, support::certificate::sign(tbs, Key::p256(0))).expect("a file");
        fs::rename(&beside, path).expect("a file in its place");
    }
}

/// The number of the list that decided, and whether the verdict is what that list says.
fn check(verdict: &Verdict, serial: u8) -> u32 {
    let (_, info) = verdict.crls().next().expect("a CRL decided");
    let number = u32::from_be_bytes(info.number().and_then(|number| number.try_into().ok()).expect("a number"));
    let codes: Vec<Code> = verdict.reasons().iter().map(|reason| reason.code).collect();
    match number % 2 == u32::from(serial) % 2 {
        true => assert_eq!(codes, [Code::CertificateRevoked], "client {serial} by list {number}"),
        false => assert!(verdict.verified(), "client {serial} by list {number}: {codes:?}"),
    }
    number
}

#[test]
fn verifications_go_on_while_policies_are_swapped() {
    let (ca, duration) = (Key::p256(0), duration());
    let clients: Vec<Vec<u8>> = (0..CLIENTS)
        .map(|serial| Template { serial: vec![serial], ..Template::client("CA", "client", Key::p256(1)) }.sign(ca))
        .collect();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ca.crl");
    let mut lists = Lists::new();
    lists.publish(&path);
    let mut config = Config::new();
    config.set_bytes("ca", &Template::authority("CA", "CA", ca).sign(ca)).expect("a CA");
    config.set("crl", path.to_str().expect("a path in UTF-8")).expect("a path");
    let verifier = Verifier::new(&config).expect("a verifier");

    let (over, verified) = (AtomicBool::new(false), AtomicU64::new(0));
    let start = Instant::now();
    let (swaps, resident) = std::thread::scope(|scope| {
        scope.spawn(|| verify_steadily(&verifier, &clients, &over, &verified, start));
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut resident = Vec::new();
            let mut swaps = 0u32;
            while start.elapsed() < duration {
                lists.publish(&path);
                verifier.reload().expect("a newer list");
                swaps += 1;
                resident.push(resident_bytes());
                sleep((start + SWAP_INTERVAL * (swaps + 1)).saturating_duration_since(Instant::now()));
            }
            (swaps, resident)
        }));
        over.store(true, Ordering::Relaxed);
        outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    let (elapsed, verified) = (start.elapsed(), verified.into_inner());
    let done = format!("{verified} verifications and {swaps} swaps in {elapsed:?}");
    println!("{done}, {} bytes resident at the end", resident.last().copied().unwrap_or(0));

    if !cfg!(debug_assertions) {
        let seconds = duration.as_secs();
        assert!(verified >= PER_SECOND * seconds * 9 / 10 && u64::from(swaps) >= seconds * 10 * 9 / 10, "{done}");
    }
    // Whatever was loaded at the end is what decides.
    let last = check(&verifier.verify_at(&clients[0], NOW), 0);
    assert_eq!(last, lists.number);
    assert_flat(&resident);
}

/// Ten thousand verifications a second: most by clients that were just there, some after a swap, and verdicts that are asked
/// whether they still hold.
fn verify_steadily(verifier: &Verifier, clients: &[Vec<u8>], over: &AtomicBool, verified: &AtomicU64, start: Instant) {
    const ROUNDS: u64 = 12;
    let mut newest = 0;
    let mut established: Vec<Arc<Verdict>> = clients.iter().map(|chain| verifier.verify_at(chain, NOW)).collect();
    while !over.load(Ordering::Relaxed) {
        for _ in 0..ROUNDS {
            for (serial, chain) in (0u8..).zip(clients) {
                let number = check(&verifier.verify_at(chain, NOW), serial);
                assert!(number >= newest, "list {number} after {newest}");
                newest = number;
            }
        }
        for (serial, verdict) in (0u8..).zip(&mut established) {
            let again = verifier.recheck(verdict, NOW);
            let number = check(&again, serial);
            // A refusal is final, and so may be of an older list.
            assert!(number >= newest || !again.verified(), "list {number} after {newest}");
            *verdict = if again.verified() { again } else { verifier.verify_at(&clients[usize::from(serial)], NOW) };
        }
        let count = ROUNDS * u64::from(CLIENTS);
        let done = verified.fetch_add(count, Ordering::Relaxed) + count;
        let due = start + Duration::from_micros(done * 1_000_000 / PER_SECOND);
        sleep(due.saturating_duration_since(Instant::now()));
    }
}

/// After a warm-up of a third, memory does not grow.
fn assert_flat(resident: &[u64]) {
    let warm = &resident[resident.len() / 3..];
    let half = warm.len() / 2;
    assert!(half > 3, "too few swaps to tell: {resident:?}");
    let most = |samples: &[u64]| samples.iter().copied().max().unwrap_or(0);
    let (early, late) = (most(&warm[..half]), most(&warm[half..]));
    // Less than what two of all the lists that were loaded meanwhile take.
    let allowed = u64::from(ENTRIES) * 2 * 24;
    assert!(late < early + allowed, "{early} bytes resident, and then {late}: {resident:?}");
}

/// The memory of this process that is in use, in bytes.
#[cfg(target_os = "linux")]
fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("/proc");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

/// Elsewhere there is no file that says it.
#[cfg(not(target_os = "linux"))]
fn resident_bytes() -> u64 {
    0
}
