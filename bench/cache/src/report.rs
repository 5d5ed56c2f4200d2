//! The figures as Markdown.

use std::fmt::Write;
use std::time::Duration;

/// What one way took, round by round.
pub(crate) struct Measured {
    name: &'static str,
    /// Nanoseconds a look-up on one thread.
    one: Vec<f64>,
    /// How much more two threads did than one.
    scaling: Vec<f64>,
    best_two: f64,
}

impl Measured {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, one: Vec::new(), scaling: Vec::new(), best_two: f64::INFINITY }
    }

    /// Adds a round of `count` look-ups a thread.
    pub(crate) fn add(&mut self, one: Duration, two: Duration, count: usize) {
        self.one.push(one.as_nanos() as f64 / count as f64);
        self.scaling.push(2.0 * one.as_secs_f64() / two.as_secs_f64());
        self.best_two = self.best_two.min(two.as_nanos() as f64 / count as f64);
    }
}

/// The table, and what a cache takes.
pub(crate) fn markdown(measured: &[Measured], (capacity, bytes, length): (usize, usize, usize)) -> String {
    let mut text = String::from(
        "| 64 tokens in use | ns, middle | ns, best | two threads do, middle | best |\n|---|---|---|---|---|\n",
    );
    for way in measured {
        let best = way.one.iter().copied().fold(f64::INFINITY, f64::min);
        // Writing into a String does not fail.
        let _ = writeln!(
            text,
            "| {} | {:.0} | {best:.0} | {:.2} times one | {:.2} |",
            way.name,
            median(&way.one),
            median(&way.scaling),
            2.0 * best / way.best_two,
        );
    }
    let _ = writeln!(
        text,
        "\nRoom for {capacity} tokens of {length} characters takes at most {:.1} MiB, and what the claims own.",
        bytes as f64 / f64::from(1 << 20),
    );
    text
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
