//! CPU time, in rounds that take turns, so that what disturbs the machine disturbs every contender.

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// One contender: each call is one round, and returns the nanoseconds of CPU time that one operation took in it.
pub type Contender<'a> = Box<dyn FnMut() -> f64 + 'a>;

/// What one contender showed, round by round.
#[derive(Clone)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// The middle of all rounds, in nanoseconds an operation.
    pub fn median(&self) -> f64 {
        median(self.0.clone())
    }

    /// The median of what each round took more than the other's same round, in nanoseconds an operation.
    pub fn surcharge_on(&self, other: &Self) -> f64 {
        median(self.0.iter().zip(&other.0).map(|(own, other)| own - other).collect())
    }

    /// The median of the ratios of each round to the other's same round.
    pub fn ratio_to(&self, other: &Self) -> f64 {
        median(self.0.iter().zip(&other.0).map(|(own, other)| own / other).collect())
    }
}

/// Runs the contenders in turns, A B C A B C, after a first round that does not count.
pub fn rounds(count: usize, contenders: &mut [Contender<'_>]) -> Vec<Samples> {
    let mut samples = vec![Samples(Vec::with_capacity(count)); contenders.len()];
    for round in 0..=count {
        for (contender, samples) in contenders.iter_mut().zip(&mut samples) {
            let nanoseconds = contender();
            if round > 0 {
                samples.0.push(nanoseconds);
            }
        }
    }
    samples
}

/// The nanoseconds of this thread's CPU time that one of `operations` takes, which `work` does all.
pub fn per_operation<T>(operations: usize, work: impl FnOnce() -> T) -> f64 {
    let started = cpu_time();
    black_box(work());
    let elapsed = cpu_time().saturating_sub(started);
    #[expect(clippy::cast_precision_loss, reason = "counts and times here are far below 2^52")]
    let nanoseconds = elapsed.as_nanos() as f64 / operations as f64;
    nanoseconds
}

/// The CPU time that this thread has used.
pub fn cpu_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().expect("CPU time is never negative")
}

/// The middle value; the mean of the two in the middle where their number is even.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}
