//! The figures as Markdown.

use std::fmt::Write;
use std::time::Duration;

use crate::contenders::{ARITHMETIC, HIT};

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

    fn best(&self) -> f64 {
        self.one.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// How much more the best round of two threads did than the best of one.
    fn best_scaling(&self) -> f64 {
        2.0 * self.best() / self.best_two
    }
}

/// The most that a hit may take, in nanoseconds.
const MOST: f64 = 60.0;
/// The least that two threads must do, in times of one.
const LEAST_SCALING: f64 = 1.6;
/// The least that a second thread must be worth to a hit, in times of what it is worth to arithmetic.
const LEAST_BESIDE_ARITHMETIC: f64 = 0.95;

/// What is promised, the table, and what a cache takes.
pub(crate) fn markdown(measured: &[Measured], (capacity, bytes, length): (usize, usize, usize)) -> String {
    let mut text = promises(measured);
    text.push_str(
        "\n| 64 tokens in use | ns, middle | ns, best | two threads do, middle | best |\n|---|---|---|---|---|\n",
    );
    for way in measured {
        // Writing into a String does not fail.
        let _ = writeln!(
            text,
            "| {} | {:.0} | {:.0} | {:.2} times one | {:.2} |",
            way.name,
            median(&way.one),
            way.best(),
            median(&way.scaling),
            way.best_scaling(),
        );
    }
    let _ = writeln!(
        text,
        "\nArithmetic in registers shows what the second thread is worth at all: less than a second processor, where others use the\n\
         machine, too. In the best rounds nobody did.\n\n\
         Room for {capacity} tokens of {length} characters takes at most {:.1} MiB, and what the claims own.",
        bytes as f64 / f64::from(1 << 20),
    );
    text
}

fn promises(measured: &[Measured]) -> String {
    let mut text = String::from("| Promise | Measured | |\n|---|---|---|\n");
    let find = |name: &str| measured.iter().find(|way| way.name == name);
    let (Some(hit), Some(arithmetic)) = (find(HIT), find(ARITHMETIC)) else { return text };
    let taken = median(&hit.one);
    let beside = median(&hit.scaling) / median(&arithmetic.scaling);
    let best = hit.best_scaling();
    let rows = [
        (format!("A hit: at most {MOST:.0} ns"), format!("{taken:.0} ns"), taken <= MOST),
        (
            format!("Two threads: at least {LEAST_SCALING} times one, in the best rounds"),
            format!("{best:.2}"),
            best >= LEAST_SCALING,
        ),
        (
            format!(
                "Two threads: at least {LEAST_BESIDE_ARITHMETIC} of what arithmetic does, in the middle rounds"
            ),
            format!("{beside:.2}"),
            beside >= LEAST_BESIDE_ARITHMETIC,
        ),
    ];
    for (promise, measured, reached) in rows {
        let reached = if reached { "reached" } else { "**not reached**" };
        let _ = writeln!(text, "| {promise} | {measured} | {reached} |");
    }
    text
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
