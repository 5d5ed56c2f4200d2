//! A step: one call of `cargo` with a name, and the report over all of them.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::prerequisite::{C_COMPILER, CLIPPY, NPM, PEERS, POSTGRES, PYTHON, Prerequisite, RUSTFMT};

/// One call of `cargo`.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) arguments: &'static [&'static str],
    pub(crate) environment: &'static [(&'static str, &'static str)],
    pub(crate) needs: &'static [&'static Prerequisite],
}

/// What can be told without running the code. `--locked` everywhere: what is checked is what Cargo.lock says.
pub(crate) const LINT: [Step; 3] = [
    Step {
        name: "formatting",
        arguments: &["fmt", "--all", "--check"],
        environment: &[],
        needs: &[&RUSTFMT],
    },
    Step {
        name: "clippy",
        arguments: &["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"],
        environment: &[],
        needs: &[&CLIPPY, &C_COMPILER],
    },
    Step {
        name: "documentation",
        // Libraries only: the binary `countersign` would be written over the library of the same name.
        arguments: &["doc", "--locked", "--workspace", "--lib", "--no-deps"],
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
        needs: &[&C_COMPILER],
    },
];

/// What has to run.
pub(crate) const TEST: [Step; 2] = [
    Step {
        name: "tests",
        arguments: &["test", "--locked", "--workspace", "--all-targets", "--no-fail-fast"],
        environment: &[],
        needs: &[&C_COMPILER, &NPM, &PYTHON, &PEERS, &POSTGRES],
    },
    Step {
        name: "documentation examples",
        arguments: &["test", "--locked", "--workspace", "--doc", "--no-fail-fast"],
        environment: &[],
        needs: &[&C_COMPILER],
    },
];

impl fmt::Display for Step {
    /// The line a developer would type to run this step alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (variable, value) in self.environment {
            write!(f, "{variable}='{value}' ")?;
        }
        write!(f, "cargo {}", self.arguments.join(" "))
    }
}

/// Runs a step's `cargo` call on the developer's terminal; true if it succeeded.
pub(crate) fn cargo(step: &Step) -> bool {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let status = Command::new(cargo).args(step.arguments).envs(step.environment.iter().copied()).status();
    match status {
        Ok(status) => status.success(),
        Err(error) => {
            eprintln!("error: cargo did not start: {error}");
            false
        }
    }
}

/// How each step ended.
#[derive(Debug)]
pub(crate) struct Report(Vec<Outcome>);

#[derive(Debug)]
struct Outcome {
    step: &'static Step,
    passed: bool,
    took: Duration,
}

impl Report {
    pub(crate) fn passed(&self) -> bool {
        self.0.iter().all(|outcome| outcome.passed)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Outcome { step, passed, took } in &self.0 {
            let verdict = if *passed { "passed" } else { "FAILED" };
            writeln!(f, "{verdict}  {:<24}{:>8.1} s", step.name, took.as_secs_f64())?;
        }
        for Outcome { step, .. } in self.0.iter().filter(|outcome| !outcome.passed) {
            writeln!(f, "To see {} alone: {step}", step.name)?;
        }
        Ok(())
    }
}

/// Runs every step, also after one has failed: a developer wants all the news at once.
#[expect(clippy::disallowed_methods, reason = "how long a step took is printed and decides nothing")]
pub(crate) fn run_all(
    steps: impl Iterator<Item = &'static Step>,
    mut run: impl FnMut(&Step) -> bool,
) -> Report {
    let outcomes = steps.map(|step| {
        println!("\n== {}: {step}", step.name);
        let started = Instant::now();
        let passed = run(step);
        Outcome { step, passed, took: started.elapsed() }
    });
    Report(outcomes.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_fails_the_report_and_the_steps_after_it_still_run() {
        let mut ran = Vec::new();
        let report = run_all(LINT.iter().chain(&TEST), |step| {
            ran.push(step.name);
            step.name != "clippy"
        });
        assert_eq!(ran, ["formatting", "clippy", "documentation", "tests", "documentation examples"]);
        assert!(!report.passed());
        let text = report.to_string();
        assert!(text.contains("FAILED  clippy"), "{text}");
        assert!(text.contains("passed  tests"), "{text}");
        assert!(text.contains("To see clippy alone: cargo clippy --locked --workspace"), "{text}");
    }

    #[test]
    fn a_report_without_a_failure_passes_and_suggests_nothing() {
        let report = run_all(TEST.iter(), |_| true);
        assert!(report.passed());
        assert!(!report.to_string().contains("To see"));
    }

    #[test]
    fn every_step_that_resolves_dependencies_is_locked() {
        for step in LINT.iter().chain(&TEST).filter(|step| step.name != "formatting") {
            assert!(step.arguments.contains(&"--locked"), "{}", step.name);
        }
    }
}
