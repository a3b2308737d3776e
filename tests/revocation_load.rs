//! Verifications go on while CRLs are swapped: every verdict is that of one whole policy, and nothing is left behind.
//!
//! For a minute and at the full rate it runs where the environment says so, which is for an optimized build: see
//! `scripts/test`. Otherwise it is short, with a tenth of the entries, and counts nothing.

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use clientcert::policy::Config;
use clientcert::verify::Code;
use clientcert::{Verdict, Verifier};

use support::crl::{self, List, Revoked};
use support::{Key, NOW, Template, der};

const SWAP_INTERVAL: Duration = Duration::from_millis(100);
const PER_SECOND: u64 = 10_000;
const CLIENTS: u8 = 8;
/// So that all numbers are of one length.
const FIRST_NUMBER: u32 = 0x0100_0000;

/// How much.
struct Load {
    duration: Duration,
    entries: u32,
    full: bool,
}

impl Load {
    fn of_environment() -> Self {
        match std::env::var("CLIENTCERT_LOAD_SECONDS") {
            Ok(text) => {
                let duration = Duration::from_secs(text.parse().expect("a number of seconds"));
                Self { duration, entries: 100_000, full: true }
            }
            Err(_) => Self { duration: Duration::from_secs(10), entries: 10_000, full: false },
        }
    }
}

/// The lists of a CA, each with the next number, which revokes the clients of odd serial numbers if it is odd itself, and of
/// even ones if it is even.
struct Lists {
    to_be_signed: [Vec<u8>; 2],
    place_of_number: usize,
    number: u32,
}

impl Lists {
    fn new(entries: u32) -> Self {
        let others = |parity: u8| {
            let client = (0..CLIENTS).filter(move |serial| serial % 2 == parity).map(|serial| Revoked::new(&[serial]));
            let other = |entry: u32| Revoked::new(&[&[0x55; 12][..], &entry.to_be_bytes()].concat()).because(4);
            List { revoked: (0..entries).map(other).chain(client).collect(), ..List::new("CA") }
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
    let (ca, load) = (Key::p256(0), Load::of_environment());
    let clients: Vec<Vec<u8>> = (0..CLIENTS)
        .map(|serial| Template { serial: vec![serial], ..Template::client("CA", "client", Key::p256(1)) }.sign(ca))
        .collect();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ca.crl");
    let mut lists = Lists::new(load.entries);
    lists.publish(&path);
    let mut config = Config::new();
    config.set_bytes("ca", &Template::authority("CA", "CA", ca).sign(ca)).expect("a CA");
    config.set("crl", path.to_str().expect("a path in UTF-8")).expect("a path");
    let verifier = Verifier::new(&config).expect("a verifier");

    let over = AtomicBool::new(false);
    let start = Instant::now();
    let ((verifications, verifying), (swaps, swapping), resident) = std::thread::scope(|scope| {
        let verifying = scope.spawn(|| {
            let count = verify_steadily(&verifier, &clients, &over, start);
            (count, start.elapsed().saturating_sub(waited()))
        });
        let waited_before = waited();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut resident = Vec::new();
            let mut swaps = 0u32;
            while start.elapsed() < load.duration {
                lists.publish(&path);
                verifier.reload().expect("a newer list");
                swaps += 1;
                resident.push(resident_bytes());
                sleep((start + SWAP_INTERVAL * (swaps + 1)).saturating_duration_since(Instant::now()));
            }
            (swaps, resident)
        }));
        over.store(true, Ordering::Relaxed);
        let (swaps, resident) = outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let swapping = start.elapsed().saturating_sub(waited().saturating_sub(waited_before));
        (verifying.join().expect("verifications"), (swaps, swapping), resident)
    });
    let done = format!("{verifications} verifications in {verifying:?}, {swaps} swaps in {swapping:?}");
    println!("{done}, {} bytes resident at the end", resident.last().copied().unwrap_or(0));

    if load.full {
        assert!(verifications >= PER_SECOND * verifying.as_secs() * 9 / 10, "{done}");
        assert!(u64::from(swaps) >= swapping.as_secs() * 10 * 9 / 10, "{done}");
    }
    // Whatever was loaded at the end is what decides.
    let last = check(&verifier.verify_at(&clients[0], NOW), 0);
    assert_eq!(last, lists.number);
    assert_flat(&resident, load.entries);
}

/// Ten thousand verifications a second: most by clients that were just there, some after a swap, and verdicts that are asked
/// whether they still hold. Returns how many there were.
fn verify_steadily(verifier: &Verifier, clients: &[Vec<u8>], over: &AtomicBool, start: Instant) -> u64 {
    const ROUNDS: u64 = 12;
    let (mut newest, mut done) = (0, 0);
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
        done += ROUNDS * u64::from(CLIENTS);
        let due = start + Duration::from_micros(done * 1_000_000 / PER_SECOND);
        sleep(due.saturating_duration_since(Instant::now()));
    }
    done
}

/// After a warm-up of a third, memory does not grow.
fn assert_flat(resident: &[u64], entries: u32) {
    let warm = &resident[resident.len() / 3..];
    let half = warm.len() / 2;
    assert!(half > 3, "too few swaps to tell: {resident:?}");
    let most = |samples: &[u64]| samples.iter().copied().max().unwrap_or(0);
    let (early, late) = (most(&warm[..half]), most(&warm[half..]));
    // Less than what two of all the lists that were loaded meanwhile take.
    let allowed = u64::from(entries) * 2 * 24;
    assert!(late < early + allowed, "{early} bytes resident, and then {late}: {resident:?}");
}

/// How long this thread was ready to run while others had the processors.
#[cfg(target_os = "linux")]
fn waited() -> Duration {
    let statistics = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = statistics.split(' ').nth(1).and_then(|text| text.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// Elsewhere nothing says it.
#[cfg(not(target_os = "linux"))]
fn waited() -> Duration {
    Duration::ZERO
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
