//! Two threads with different clients beside one.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use clientcert::Verifier;

use crate::Bench;
use crate::support::measure::median;
use crate::support::ours;
use crate::support::pki::{Chain, KeyType, Population};
use crate::support::plain_webpki::PlainWebpki;
use crate::support::table::{Goal, Row};

const CLIENTS: usize = 64;
/// How long each measurement runs.
const WINDOW: Duration = Duration::from_millis(150);

/// One verification.
type Work<'w> = dyn Fn(&Chain) + Sync + 'w;

/// Verifications per second of wall time with two threads, over those with one.
pub fn threads(bench: &mut Bench) {
    bench.table.section(
        "Two threads",
        "verifications a second of wall time with two threads over those with one; other load on the machine counts against it",
    );
    let people = Population::of_colleagues(KeyType::P256, 3, 2 * CLIENTS);
    let anchors = ours::config(&people.root);
    let warm = Verifier::new(&anchors).expect("the anchors load");
    let mut without_cache = anchors.clone();
    without_cache.set("cache_size", "0").expect("a size");
    let cold = Verifier::new(&without_cache).expect("the anchors load");
    let webpki = PlainWebpki::new([&*people.root]);

    let verify = |verifier: &Verifier, chain: &Chain| assert!(verifier.verify(chain.der()).verified());
    let contenders: [(&str, &Work<'_>, Option<f64>); 3] = [
        ("warm", &|chain| verify(&warm, chain), Some(1.9)),
        ("without a cache", &|chain| verify(&cold, chain), Some(1.9)),
        ("webpki", &|chain| assert!(webpki.accepts(chain)), None),
    ];
    for (name, work, limit) in contenders {
        let ratios: Vec<f64> = (0..bench.rounds)
            .map(|_| throughput(&people.chains, 2, work) / throughput(&people.chains, 1, work))
            .collect();
        let measured = median(ratios);
        let goals = match limit {
            Some(limit) => vec![Goal::at_least("of one thread", measured, limit)],
            None => vec![],
        };
        bench.table.row(&Row { label: format!("{name}: {measured:.2} x"), goals, ..Row::default() });
    }
}

/// Operations a second that `threads` threads do together, each with clients of its own.
fn throughput(chains: &[Chain], threads: usize, work: &Work<'_>) -> f64 {
    let barrier = Barrier::new(threads);
    thread::scope(|scope| {
        let workers: Vec<_> = chains
            .chunks(CLIENTS)
            .take(threads)
            .map(|own| {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    let started = Instant::now();
                    let mut operations = 0;
                    while started.elapsed() < WINDOW {
                        for chain in own {
                            work(chain);
                        }
                        operations += own.len();
                    }
                    #[expect(clippy::cast_precision_loss, reason = "counts here are small")]
                    let per_second = operations as f64 / started.elapsed().as_secs_f64();
                    per_second
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker ends")).sum()
    })
}
