//! `cargo xtask bench jwt [--quick] [ALGORITHM ...]` and its like: builds a benchmark of `bench/` and runs it.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::prerequisite::{
    C_COMPILER, CMAKE, CXX_COMPILER, LIBCLANG, OPENSSL, POSTGRES, Prerequisite, TASKSET, WRK,
};

pub(crate) const WORD: &str = "bench";
pub(crate) const ABOUT: &str = "measure, and write a section of docs/benchmarks.md: \
     `bench jwt [--quick] [ALGORITHM ...]`, `bench cache`, `bench guard [--quick] [PAIR ...]`, `bench live`, `bench revocation` or `bench sessions [--quick]`";

/// A benchmark: the word that names it, and what it is made of.
#[derive(Debug, PartialEq, Eq)]
struct Benchmark {
    word: &'static str,
    /// Members of the workspace in `bench/`; the first is run. Built one by one: together, cargo would give each the
    /// features of all.
    packages: &'static [&'static str],
    /// Members of our own workspace whose programs it starts, built as they are shipped, beside it.
    programs: &'static [&'static str],
}

/// Every benchmark there is. Each writes its own section of the document.
static BENCHMARKS: [Benchmark; 6] = [
    Benchmark {
        word: "jwt",
        packages: &["bench-jwt", "bench-jwt-boring", "bench-jwt-openssl"],
        programs: &[],
    },
    Benchmark { word: "cache", packages: &["bench-cache"], programs: &[] },
    Benchmark { word: "guard", packages: &["bench-guard"], programs: &[] },
    Benchmark { word: "live", packages: &["bench-live"], programs: &[] },
    Benchmark {
        word: "revocation",
        packages: &["bench-revocation"],
        programs: &["countersign-server", "resource-server"],
    },
    Benchmark { word: "sessions", packages: &["bench-sessions"], programs: &[] },
];

/// What is to be measured.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Bench {
    benchmark: &'static Benchmark,
    /// The words after its name, which the program reads.
    words: Vec<String>,
}

/// The word after `bench` names no benchmark.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WrongCall;

impl fmt::Display for WrongCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = BENCHMARKS.iter().map(|benchmark| benchmark.word).collect();
        write!(f, "error: `bench` takes the name of a benchmark: {}", names.join(", "))
    }
}

/// Reads the words after `bench`.
pub(crate) fn parse(words: &[String]) -> Result<Bench, WrongCall> {
    let (first, words) = words.split_first().ok_or(WrongCall)?;
    let benchmark = BENCHMARKS.iter().find(|benchmark| benchmark.word == first).ok_or(WrongCall)?;
    Ok(Bench { benchmark, words: words.to_vec() })
}

impl Bench {
    /// What building and running it needs on this machine.
    pub(crate) fn needs(&self) -> Vec<&'static Prerequisite> {
        match self.benchmark.word {
            "jwt" => vec![&C_COMPILER, &CXX_COMPILER, &CMAKE, &LIBCLANG, &OPENSSL],
            "guard" => vec![&C_COMPILER, &TASKSET, &WRK],
            "revocation" | "sessions" => vec![&C_COMPILER, &POSTGRES],
            _ => vec![&C_COMPILER],
        }
    }

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
    let Benchmark { packages, programs, .. } = bench.benchmark;
    let build = |package: &&str, workspace: &Path| {
        let mut build = Command::new(&cargo);
        build.args(["build", "--release", "--package", package, "--target-dir"]);
        succeeds(build.arg(&target).current_dir(workspace))
    };
    let built = packages.iter().all(|package| build(package, &folder))
        && programs.iter().all(|package| build(package, &root()));
    let mut program = Command::new(target.join("release").join(packages[0]));
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
    fn a_benchmark_must_be_named_and_there() {
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
        for package in BENCHMARKS.iter().flat_map(|benchmark| benchmark.packages) {
            let folder = package.trim_start_matches("bench-");
            assert!(root().join("bench").join(folder).join("Cargo.toml").is_file(), "{package}");
        }
    }

    #[test]
    fn every_benchmark_is_named_in_the_usage() {
        for benchmark in &BENCHMARKS {
            assert!(ABOUT.contains(&format!("`bench {}", benchmark.word)), "{}", benchmark.word);
        }
    }
}
