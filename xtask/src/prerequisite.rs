//! What a step needs on this machine besides cargo itself: one row each, how it is found and how it is installed.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::process::{Command, Stdio};

use crate::interop;

/// Something that has to be on the machine before a step can run.
#[derive(Debug)]
pub(crate) struct Prerequisite {
    pub(crate) name: &'static str,
    /// Why it is needed, for whoever is asked to install it.
    purpose: &'static str,
    /// Describes the one that was found (its version line), or `None`.
    find: fn() -> Option<String>,
    /// The Debian packages that bring it. They are installed without asking where that is plainly meant: a
    /// container or CI machine, that is `apt-get` run by root. Empty: never installed, only named.
    apt: &'static [&'static str],
    /// On other systems, the command to run.
    elsewhere: &'static [(&'static str, &'static str)],
    /// How this program makes it itself, below `target`, once nothing else is missing.
    make: Option<fn() -> Result<(), String>>,
}

/// Builds the two C libraries in the tree.
pub(crate) const C_COMPILER: Prerequisite = Prerequisite {
    name: "C compiler",
    purpose: "builds aws-lc and SQLite",
    find: || {
        let compiler = env::var_os("CC").unwrap_or_else(|| OsString::from("cc"));
        first_line(&compiler, &["--version"])
    },
    apt: &["gcc", "libc6-dev"],
    elsewhere: &[("Fedora", "sudo dnf install gcc"), ("macOS", "xcode-select --install")],
    make: None,
};

/// Checks the formatting.
pub(crate) const RUSTFMT: Prerequisite = Prerequisite {
    name: "rustfmt",
    purpose: "checks the formatting",
    find: || first_line("cargo", &["fmt", "--version"]),
    apt: &[],
    elsewhere: &[("rustup", "rustup component add rustfmt")],
    make: None,
};

/// Checks the code.
pub(crate) const CLIPPY: Prerequisite = Prerequisite {
    name: "clippy",
    purpose: "checks the code",
    find: || first_line("cargo", &["clippy", "--version"]),
    apt: &[],
    elsewhere: &[("rustup", "rustup component add clippy")],
    make: None,
};

/// Installs the JavaScript peers, Node.js for them among them.
pub(crate) const NPM: Prerequisite = Prerequisite {
    name: "npm",
    purpose: "installs the JavaScript libraries that tokens are exchanged with",
    find: || first_line("npm", &["--version"]),
    apt: &["npm"],
    elsewhere: &[("Fedora", "sudo dnf install nodejs-npm"), ("macOS", "brew install node")],
    make: None,
};

/// Runs the Python peers, in a virtual environment.
pub(crate) const PYTHON: Prerequisite = Prerequisite {
    name: "Python 3.11 or newer with venv",
    purpose: "runs the Python libraries that tokens are exchanged with",
    find: || {
        let script = "import ensurepip, sys, venv; assert sys.version_info >= (3, 11); print(sys.version)";
        first_line("python3", &["-c", script])
    },
    apt: &["python3", "python3-venv"],
    elsewhere: &[("Fedora", "sudo dnf install python3"), ("macOS", "brew install python")],
    make: None,
};

/// The libraries that tokens are exchanged with.
pub(crate) const PEERS: Prerequisite = Prerequisite {
    name: "interoperability peers",
    purpose: "the libraries that tokens are exchanged with",
    find: interop::find,
    apt: &[],
    elsewhere: &[("everywhere", "this command again, with the registries of npm and pip within reach")],
    make: Some(interop::install),
};

/// The other database. Tests start servers of their own from its programs.
pub(crate) const POSTGRES: Prerequisite = Prerequisite {
    name: "PostgreSQL server",
    purpose: "the second of the two databases that everything is tested on",
    find: || {
        let script = "PATH=$PATH:$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1); \
                      initdb --version >/dev/null && psql --version >/dev/null && postgres --version";
        first_line("sh", &["-c", script])
    },
    apt: &["postgresql"],
    elsewhere: &[("Fedora", "sudo dnf install postgresql-server"), ("macOS", "brew install postgresql")],
    make: None,
};

/// Builds libFuzzer.
pub(crate) const CXX_COMPILER: Prerequisite = Prerequisite {
    name: "C++ compiler",
    purpose: "builds libFuzzer",
    find: || {
        let compiler = env::var_os("CXX").unwrap_or_else(|| OsString::from("c++"));
        first_line(&compiler, &["--version"])
    },
    apt: &["g++"],
    elsewhere: &[("Fedora", "sudo dnf install gcc-c++"), ("macOS", "xcode-select --install")],
    make: None,
};

/// Builds BoringSSL, which one of the measured crates is built on.
pub(crate) const CMAKE: Prerequisite = Prerequisite {
    name: "CMake",
    purpose: "builds a library that a measured crate is built on",
    find: || first_line("cmake", &["--version"]),
    apt: &["cmake"],
    elsewhere: &[("Fedora", "sudo dnf install cmake"), ("macOS", "brew install cmake")],
    make: None,
};

/// Reads the headers of BoringSSL.
pub(crate) const LIBCLANG: Prerequisite = Prerequisite {
    name: "libclang",
    purpose: "reads the headers of a library that a measured crate is built on",
    find: || {
        let script = "ls -d $LIBCLANG_PATH/libclang* /usr/lib/llvm*/lib/libclang.* /usr/lib*/libclang.* \
                      /Library/Developer/CommandLineTools/usr/lib/libclang.* 2>/dev/null | grep libclang";
        first_line("sh", &["-c", script])
    },
    apt: &["libclang-dev"],
    elsewhere: &[("Fedora", "sudo dnf install clang-devel"), ("macOS", "xcode-select --install")],
    make: None,
};

/// Other measured crates are built on it.
pub(crate) const OPENSSL: Prerequisite = Prerequisite {
    name: "OpenSSL with headers",
    purpose: "measured crates are built on it",
    find: || first_line("pkg-config", &["--modversion", "openssl"]),
    apt: &["libssl-dev", "pkg-config"],
    elsewhere: &[("Fedora", "sudo dnf install openssl-devel"), ("macOS", "brew install openssl@3 pkgconf")],
    make: None,
};

/// Keeps a measured server on one core, and the load on another.
pub(crate) const TASKSET: Prerequisite = Prerequisite {
    name: "taskset",
    purpose: "keeps a measured server and the load on it on cores of their own; there is one on Linux only",
    find: || first_line("taskset", &["--version"]),
    apt: &["util-linux"],
    elsewhere: &[("Fedora", "sudo dnf install util-linux-core")],
    make: None,
};

/// Loads the servers that are measured.
pub(crate) const WRK: Prerequisite = Prerequisite {
    name: "wrk",
    purpose: "loads the servers that are measured",
    // It prints its version, and fails, since it was not told what to load.
    find: || first_line("sh", &["-c", "wrk --version | grep '^wrk '"]),
    apt: &["wrk"],
    elsewhere: &[("Fedora", "sudo dnf install wrk")],
    make: None,
};

/// Instruments the code that is fuzzed.
pub(crate) const NIGHTLY: Prerequisite = Prerequisite {
    name: "nightly Rust",
    purpose: "instruments the code that is fuzzed",
    find: || first_line("rustup", &["run", "nightly", "rustc", "--version"]),
    apt: &[],
    elsewhere: &[("rustup", "rustup toolchain install nightly --profile minimal")],
    make: None,
};

/// Builds and runs the fuzz targets.
pub(crate) const CARGO_FUZZ: Prerequisite = Prerequisite {
    name: "cargo-fuzz",
    purpose: "builds and runs the fuzz targets",
    find: || first_line("cargo", &["fuzz", "--version"]),
    apt: &[],
    elsewhere: &[("cargo", "cargo install cargo-fuzz")],
    make: None,
};

impl fmt::Display for Prerequisite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "missing: {} ({})", self.name, self.purpose)?;
        if !self.apt.is_empty() {
            writeln!(f, "  {:<16}sudo apt-get install {}", "Debian, Ubuntu", self.apt.join(" "))?;
        }
        for (system, command) in self.elsewhere {
            writeln!(f, "  {system:<16}{command}")?;
        }
        Ok(())
    }
}

/// Everything that is missing, each with the command that installs it.
#[derive(Debug)]
pub(crate) struct Missing(Vec<&'static Prerequisite>);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|missing| write!(f, "{missing}"))
    }
}

/// Names what is there, installs what may be installed, makes what it can make, and reports all that is still missing.
pub(crate) fn ensure(needs: Vec<&'static Prerequisite>) -> Result<(), Missing> {
    let mut absent = not_found(needs);
    let packages: Vec<&str> = absent.iter().flat_map(|need| need.apt).copied().collect();
    if !packages.is_empty() && may_install() {
        install(&packages);
        absent = not_found(absent);
    }
    if absent.iter().all(|need| need.make.is_some()) {
        absent.iter().for_each(|need| make(need));
        absent = not_found(absent);
    }
    if absent.is_empty() { Ok(()) } else { Err(Missing(absent)) }
}

fn not_found(needs: Vec<&'static Prerequisite>) -> Vec<&'static Prerequisite> {
    needs
        .into_iter()
        .filter(|need| match (need.find)() {
            Some(found) => {
                println!("{}: {found}", need.name);
                false
            }
            None => true,
        })
        .collect()
}

/// Root on a machine with `apt-get`. Nobody is asked for a password, and no laptop is changed behind its owner's
/// back.
fn may_install() -> bool {
    first_line("id", &["-u"]).as_deref() == Some("0") && first_line("apt-get", &["--version"]).is_some()
}

/// Whether it worked is seen by looking for the thing again.
fn install(packages: &[&str]) {
    println!("installing {}", packages.join(" "));
    let apt_get = |arguments: &[&str]| {
        let status =
            Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").status();
        if !status.is_ok_and(|status| status.success()) {
            eprintln!("error: apt-get {} failed", arguments.join(" "));
        }
    };
    apt_get(&["update"]);
    apt_get(&[&["install", "--yes", "--no-install-recommends"], packages].concat());
}

/// Whether it worked is seen by looking for the thing again.
fn make(need: &Prerequisite) {
    if let Some(Err(error)) = need.make.map(|make| make()) {
        eprintln!("error: {error}");
    }
}

/// The first line a program prints on success, which is how it is known to be there and to work.
fn first_line(program: impl AsRef<OsStr>, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next().unwrap_or_default().trim().to_owned();
    output.status.success().then_some(line)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    const HERE: Prerequisite = Prerequisite {
        name: "something present",
        purpose: "shows that it is found",
        find: || Some("version 1".to_owned()),
        apt: &["must-never-be-installed"],
        elsewhere: &[],
        make: Some(|| panic!("it is there")),
    };
    const NOT_HERE: Prerequisite = Prerequisite {
        name: "something absent",
        purpose: "shows what is said",
        find: || first_line("no-program-of-this-name", &[]),
        apt: &[],
        elsewhere: &[("Fedora", "sudo dnf install something")],
        make: None,
    };

    #[test]
    fn what_is_found_is_neither_missing_nor_installed() {
        assert!(ensure(vec![&HERE]).is_ok());
    }

    #[test]
    fn what_is_missing_is_named_with_its_purpose_and_the_command_that_installs_it() {
        let missing = ensure(vec![&HERE, &NOT_HERE]).unwrap_err().to_string();
        assert_eq!(
            missing,
            "missing: something absent (shows what is said)\n  Fedora          sudo dnf install something\n"
        );
    }

    #[test]
    fn what_this_program_makes_is_made_only_when_nothing_else_is_missing() {
        const MADE: Prerequisite = Prerequisite {
            name: "something made",
            purpose: "shows when it is made",
            find: || MAKINGS.load(Ordering::SeqCst).checked_sub(1).map(|_| "made".to_owned()),
            apt: &[],
            elsewhere: &[],
            make: Some(|| {
                MAKINGS.fetch_add(1, Ordering::SeqCst);
                Ok(())
            }),
        };
        static MAKINGS: AtomicU8 = AtomicU8::new(0);

        assert!(ensure(vec![&MADE, &NOT_HERE]).is_err());
        assert_eq!(MAKINGS.load(Ordering::SeqCst), 0);
        for _ in 0..2 {
            assert!(ensure(vec![&HERE, &MADE]).is_ok());
            assert_eq!(MAKINGS.load(Ordering::SeqCst), 1);
        }
    }

    #[test]
    fn every_row_that_ships_says_how_to_install_it() {
        for row in [
            &C_COMPILER,
            &RUSTFMT,
            &CLIPPY,
            &NPM,
            &PYTHON,
            &PEERS,
            &POSTGRES,
            &CXX_COMPILER,
            &TASKSET,
            &WRK,
            &NIGHTLY,
            &CARGO_FUZZ,
        ] {
            assert!(row.to_string().lines().count() > 1, "{}", row.name);
        }
    }

    #[test]
    fn a_program_that_fails_does_not_count_as_found() {
        assert_eq!(first_line("cargo", &["no-such-subcommand-of-cargo"]), None);
        assert!(first_line("cargo", &["--version"]).is_some_and(|line| line.starts_with("cargo ")));
    }
}
