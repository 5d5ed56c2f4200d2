//! `cargo xtask fuzz [TARGET] [--seconds N]`: runs the fuzz targets of `fuzz/`, one after another.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use crate::prerequisite::{C_COMPILER, CARGO_FUZZ, CXX_COMPILER, NIGHTLY, Prerequisite};

pub(crate) const WORD: &str = "fuzz";
pub(crate) const ABOUT: &str =
    "fuzz the token core: every target for a minute, or `fuzz [TARGET] [--seconds N]`";

/// What fuzzing needs on this machine.
pub(crate) const NEEDS: [&Prerequisite; 4] = [&C_COMPILER, &CXX_COMPILER, &NIGHTLY, &CARGO_FUZZ];

/// How long a target runs that is not told otherwise.
const SECONDS: u32 = 60;

/// A fuzz target: `fuzz/fuzz_targets/NAME.rs`, its corpus `fuzz/corpus/NAME`, and a dictionary.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    name: &'static str,
    dictionary: &'static str,
}

const fn target(name: &'static str, dictionary: &'static str) -> Target {
    Target { name, dictionary }
}

static TARGETS: [Target; 6] = [
    target("token", "json.dict"),
    target("header", "json.dict"),
    target("claims", "json.dict"),
    target("jwk", "json.dict"),
    target("jwk_set", "json.dict"),
    target("pem", "pem.dict"),
];

/// What is to be run, and for how long each.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fuzz {
    targets: &'static [Target],
    seconds: u32,
}

/// Words after `fuzz` that were not understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum WrongCall {
    UnknownTarget(String),
    Seconds,
}

impl fmt::Display for WrongCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTarget(word) => {
                let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
                write!(f, "error: there is no fuzz target `{word}`; there are {}", names.join(", "))
            }
            Self::Seconds => write!(f, "error: `--seconds` takes a number of seconds"),
        }
    }
}

/// Reads the words after `fuzz`.
pub(crate) fn parse(words: &[String]) -> Result<Fuzz, WrongCall> {
    let mut fuzz = Fuzz { targets: &TARGETS, seconds: SECONDS };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--seconds" {
            let seconds = words.next().and_then(|number| number.parse().ok());
            fuzz.seconds = seconds.filter(|&seconds| seconds > 0).ok_or(WrongCall::Seconds)?;
        } else {
            let named = TARGETS.iter().find(|target| target.name == word);
            let named = named.filter(|_| fuzz.targets.len() > 1);
            fuzz.targets = std::slice::from_ref(named.ok_or_else(|| WrongCall::UnknownTarget(word.clone()))?);
        }
    }
    Ok(fuzz)
}

/// Runs the targets, also after one has found something; true if none did.
pub(crate) fn run(fuzz: &Fuzz) -> bool {
    let mut passed = true;
    for target in fuzz.targets {
        println!("\n== fuzzing {} for {} s", target.name, fuzz.seconds);
        let clean = run_target(target, fuzz.seconds).unwrap_or_else(|error| {
            eprintln!("error: {}: {error}", target.name);
            false
        });
        println!("{}  {}", if clean { "passed" } else { "FAILED" }, target.name);
        passed &= clean;
    }
    passed
}

fn run_target(target: &Target, seconds: u32) -> io::Result<bool> {
    let folder = folder();
    // New inputs stay out of the tree; those worth keeping are chosen by hand.
    let found = folder.join("target/corpus").join(target.name);
    fs::create_dir_all(&found)?;
    let status = Command::new("rustup")
        .args(["run", "nightly", "cargo", "fuzz", "run", target.name])
        .arg(found)
        .arg(folder.join("corpus").join(target.name))
        .arg("--")
        .arg(format!("-dict={}", folder.join("dictionaries").join(target.dictionary).display()))
        .arg(format!("-max_total_time={seconds}"))
        .args(["-timeout=10", "-rss_limit_mb=4096"])
        .current_dir(folder)
        .status()?;
    Ok(status.success())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("fuzz")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_line(line: &str) -> Result<Fuzz, WrongCall> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn every_target_has_a_file_a_corpus_and_its_dictionary() {
        for target in &TARGETS {
            assert!(
                folder().join("fuzz_targets").join(target.name).with_extension("rs").is_file(),
                "{}",
                target.name
            );
            assert!(folder().join("corpus").join(target.name).is_dir(), "{}", target.name);
            assert!(folder().join("dictionaries").join(target.dictionary).is_file(), "{}", target.name);
        }
        assert_eq!(fs::read_dir(folder().join("fuzz_targets")).unwrap().count(), TARGETS.len());
    }

    #[test]
    fn a_target_and_a_time_may_be_named_in_any_order() {
        assert_eq!(parse_line(""), Ok(Fuzz { targets: &TARGETS, seconds: SECONDS }));
        let pem = Fuzz { targets: &TARGETS[5..], seconds: 600 };
        assert_eq!(parse_line("pem --seconds 600"), Ok(pem));
        assert_eq!(parse_line("--seconds 600 pem"), parse_line("pem --seconds 600"));
    }

    #[test]
    fn a_target_that_is_not_there_a_second_target_and_no_time_are_wrong_calls() {
        for (line, word) in [("tokens", "tokens"), ("pem token", "token"), ("--second 5", "--second")] {
            assert_eq!(parse_line(line), Err(WrongCall::UnknownTarget(word.to_owned())), "{line}");
        }
        for line in ["--seconds", "--seconds x", "--seconds 0", "--seconds -1"] {
            assert_eq!(parse_line(line), Err(WrongCall::Seconds), "{line}");
        }
    }
}
