//! The report on standard output: one table a section, each goal beside its figure.

use super::measure::Samples;

/// Prints rows as they come, and keeps the goals that were missed for the end.
#[derive(Default)]
pub struct Table {
    met: usize,
    missed: Vec<String>,
}

/// What the contenders took for one line of the table; a contender that has nothing to compare is left out.
#[derive(Default)]
pub struct Row {
    pub label: String,
    pub ours: Option<Samples>,
    pub webpki: Option<Samples>,
    pub openssl: Option<Samples>,
    /// What each contender said, in the order of the columns, such as `A R R`.
    pub verdicts: String,
    pub goals: Vec<Goal>,
}

/// A figure of ours beside what it must not pass.
pub struct Goal {
    text: String,
    met: bool,
}

impl Goal {
    pub fn at_most(what: &str, measured: f64, limit: f64) -> Self {
        Self { text: format!("{what} {measured:.2} <= {limit:.2}"), met: measured <= limit }
    }

    pub fn at_least(what: &str, measured: f64, limit: f64) -> Self {
        Self { text: format!("{what} {measured:.2} >= {limit:.2}"), met: measured >= limit }
    }

    pub fn time(samples: &Samples, limit: f64) -> Self {
        let median = samples.median();
        Self { text: format!("{} <= {}", time(median), time(limit)), met: median <= limit }
    }

    pub fn holds(what: &str, met: bool) -> Self {
        Self { text: what.to_owned(), met }
    }
}

impl Table {
    /// Begins a section: its title, what it measures, and the head of its columns.
    pub fn section(title: &str, about: &str) {
        println!("\n{title}\n{about}\n");
        println!(
            "{:<34} {:>10} {:>10} {:>10} {:>8} {:>8}  {:<6} goal",
            "", "ours", "webpki", "OpenSSL", "/webpki", "/OpenSSL", "says"
        );
    }

    /// Prints one row.
    pub fn row(&mut self, row: &Row) {
        let cell = |samples: &Option<Samples>| samples.as_ref().map_or("-".to_owned(), |s| time(s.median()));
        let ratio = |other: &Option<Samples>| match (&row.ours, other) {
            (Some(ours), Some(other)) => format!("{:.3}", ours.ratio_to(other)),
            _ => "-".to_owned(),
        };
        let goals: Vec<String> =
            row.goals.iter().map(|goal| format!("{} {}", goal.text, if goal.met { "ok" } else { "MISSED" })).collect();
        println!(
            "{:<34} {:>10} {:>10} {:>10} {:>8} {:>8}  {:<6} {}",
            row.label,
            cell(&row.ours),
            cell(&row.webpki),
            cell(&row.openssl),
            ratio(&row.webpki),
            ratio(&row.openssl),
            row.verdicts,
            goals.join("; ")
        );
        for goal in &row.goals {
            if goal.met {
                self.met += 1;
            } else {
                self.missed.push(format!("{}: {}", row.label, goal.text));
            }
        }
    }

    /// Prints how many goals were met, and each that was not.
    pub fn summary(&self) {
        println!("\n{} of {} goals met", self.met, self.met + self.missed.len());
        for missed in &self.missed {
            println!("  MISSED  {missed}");
        }
    }
}

/// A time in the unit that reads best.
pub fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        n if n < 1e3 => format!("{n:.0} ns"),
        n if n < 1e5 => format!("{:.2} µs", n / 1e3),
        n if n < 1e6 => format!("{:.1} µs", n / 1e3),
        n if n < 1e9 => format!("{:.2} ms", n / 1e6),
        n => format!("{:.2} s", n / 1e9),
    }
}
