//! `cargo xtask bench jwt [--quick] [ALGORITHM ...]`: builds the benchmarks of `bench/` and runs them.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::prerequisite::{C_COMPILER, CMAKE, CXX_COMPILER, LIBCLANG, OPENSSL, Prerequisite};

pub(crate) const WORD: &str = "bench";
pub(crate) const ABOUT: &str = "measure the token core against its peers and write docs/benchmarks.md: \
     `bench jwt [--quick] [ALGORITHM ...]`";

/// What building the peers needs on this machine.
pub(crate) const NEEDS: [&Prerequisite; 5] = [&C_COMPILER, &CXX_COMPILER, &CMAKE, &LIBCLANG, &OPENSSL];

/// Built one by one: together, cargo would give each the features of all.
const PACKAGES: [&str; 3] = ["bench-jwt", "bench-jwt-boring", "bench-jwt-openssl"];

/// What is to be measured.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Bench {
    /// The words after `bench jwt`, which the program reads.
    words: Vec<String>,
}

/// The word after `bench` was not `jwt`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WrongCall;

impl fmt::Display for WrongCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: there is one benchmark, `bench jwt`")
    }
}

/// Reads the words after `bench`.
pub(crate) fn parse(words: &[String]) -> Result<Bench, WrongCall> {
    match words {
        [first, words @ ..] if first == "jwt" => Ok(Bench { words: words.to_vec() }),
        _ => Err(WrongCall),
    }
}

impl Bench {
    /// Whether everything is measured, and thoroughly: only such figures are written down.
    fn is_full(&self) -> bool {
        self.words.is_empty()
    }
}

/// Builds and runs; true if both worked.
pub(crate) fn run(bench: &Bench) -> bool {
    let folder = root().join("bench");
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| folder.join("target"), PathBuf::from);
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let built = PACKAGES.iter().all(|package| {
        let mut build = Command::new(&cargo);
        build.args(["build", "--release", "--package", package, "--target-dir"]);
        succeeds(build.arg(&target).current_dir(&folder))
    });
    let mut program = Command::new(target.join("release").join(PACKAGES[0]));
    if bench.is_full() {
        program.arg("--write").arg(root().join("docs/benchmarks.md"));
    }
    built && succeeds(program.args(&bench.words))
}

fn succeeds(command: &mut Command) -> bool {
    match command.status() {
        Ok(status) => status.success(),
        Err(error) => {
            eprintln!("error: {} did not start: {error}", command.get_program().display());
            false
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_line(line: &str) -> Result<Bench, WrongCall> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn there_is_one_benchmark_and_it_must_be_named() {
        for line in ["", "jwts", "--quick", "--quick jwt"] {
            assert_eq!(parse_line(line), Err(WrongCall), "{line}");
        }
    }

    #[test]
    fn only_a_run_of_everything_at_full_length_is_written_down() {
        assert!(parse_line("jwt").unwrap().is_full());
        for line in ["jwt --quick", "jwt HS256", "jwt --quick HS256 ES256"] {
            assert!(!parse_line(line).unwrap().is_full(), "{line}");
        }
    }

    #[test]
    fn every_package_is_a_member_of_the_benchmarks_workspace() {
        for package in PACKAGES {
            let folder = package.trim_start_matches("bench-");
            assert!(root().join("bench").join(folder).join("Cargo.toml").is_file(), "{package}");
        }
    }
}
