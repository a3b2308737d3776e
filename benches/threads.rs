//! Two threads with different clients beside one.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use clientcert::Verifier;

use crate::Bench;
use crate::support::measure::{cpu_time, median};
use crate::support::ours;
use crate::support::pki::{Chain, KeyType, Population};
use crate::support::plain_webpki::PlainWebpki;
use crate::support::table::{Goal, Row, Table};

const CLIENTS: usize = 64;
/// How long each measurement runs.
const WINDOW: Duration = Duration::from_millis(150);

/// One verification.
type Work<'w> = dyn Fn(&Chain) + Sync + 'w;

/// Verifications per second of wall time with two threads, over those with one.
pub fn threads(bench: &mut Bench) {
    Table::section(
        "Two threads",
        "verifications a second with two threads over those with one: by the wall's clock, which counts other load on the \
         machine against it,\nand a second of CPU time of each thread, which does not, and counts contention but not waiting",
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
        let (wall, cpu): (Vec<f64>, Vec<f64>) = (0..bench.rounds)
            .map(|_| {
                let (two, one) = (throughput(&people.chains, 2, work), throughput(&people.chains, 1, work));
                (two.wall / one.wall, two.cpu / one.cpu)
            })
            .unzip();
        let (wall, cpu) = (median(wall), median(cpu));
        let goals = limit.map(|limit| Goal::at_least("of one thread", wall, limit)).into_iter().collect();
        bench.table.row(&Row { label: format!("{name}: wall {wall:.2}, CPU {cpu:.2}"), goals, ..Row::default() });
    }
}

/// Operations a second, summed over threads.
#[derive(Clone, Copy, Default)]
struct Throughput {
    wall: f64,
    cpu: f64,
}

/// What `threads` threads do together, each with clients of its own.
fn throughput(chains: &[Chain], threads: usize, work: &Work<'_>) -> Throughput {
    let barrier = Barrier::new(threads);
    thread::scope(|scope| {
        let workers: Vec<_> = chains
            .chunks(CLIENTS)
            .take(threads)
            .map(|own| {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    let (started, used) = (Instant::now(), cpu_time());
                    let mut operations = 0;
                    while started.elapsed() < WINDOW {
                        for chain in own {
                            work(chain);
                        }
                        operations += own.len();
                    }
                    #[expect(clippy::cast_precision_loss, reason = "counts here are small")]
                    let operations = operations as f64;
                    let (wall, cpu) = (started.elapsed(), cpu_time().saturating_sub(used));
                    Throughput { wall: operations / wall.as_secs_f64(), cpu: operations / cpu.as_secs_f64() }
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("a worker ends"))
            .fold(Throughput::default(), |sum, own| Throughput { wall: sum.wall + own.wall, cpu: sum.cpu + own.cpu })
    })
}
