//! What is promised, and whether a run bears it out.

use std::fmt::Write;

/// A promise, and what was measured.
pub struct Verdict {
    /// What was promised, in words.
    pub promise: String,
    /// What was measured, in words.
    pub measured: String,
    /// Whether it holds.
    pub reached: bool,
}

impl Verdict {
    /// The verdicts under a heading of the third level; nothing if there are none.
    #[must_use]
    pub fn table(verdicts: &[Self]) -> String {
        if verdicts.is_empty() {
            return String::new();
        }
        let mut text = String::from("### What is promised\n\n| Promise | Measured | |\n|---|---|---|\n");
        for verdict in verdicts {
            let outcome = if verdict.reached { "reached" } else { "**not reached**" };
            // Writing into a String does not fail.
            let _ = writeln!(text, "| {} | {} | {outcome} |", verdict.promise, verdict.measured);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_that_was_not_kept_is_seen_at_once() {
        let verdict = |promise: &str, reached| Verdict {
            promise: promise.to_owned(),
            measured: "2 µs".to_owned(),
            reached,
        };
        let text = Verdict::table(&[verdict("at most 3 µs", true), verdict("at most 1 µs", false)]);
        let rows: Vec<&str> = text.lines().skip(4).collect();
        assert_eq!(rows, ["| at most 3 µs | 2 µs | reached |", "| at most 1 µs | 2 µs | **not reached** |"]);
        assert_eq!(Verdict::table(&[]), "");
    }
}
