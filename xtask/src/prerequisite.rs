//! What a step needs on this machine besides cargo itself: one row each, how it is found and how it is installed.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::process::{Command, Stdio};

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
};

/// Checks the formatting.
pub(crate) const RUSTFMT: Prerequisite = Prerequisite {
    name: "rustfmt",
    purpose: "checks the formatting",
    find: || first_line("cargo", &["fmt", "--version"]),
    apt: &[],
    elsewhere: &[("rustup", "rustup component add rustfmt")],
};

/// Checks the code.
pub(crate) const CLIPPY: Prerequisite = Prerequisite {
    name: "clippy",
    purpose: "checks the code",
    find: || first_line("cargo", &["clippy", "--version"]),
    apt: &[],
    elsewhere: &[("rustup", "rustup component add clippy")],
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

/// Names what is there, installs what may be installed, and reports all that is still missing.
pub(crate) fn ensure(needs: Vec<&'static Prerequisite>) -> Result<(), Missing> {
    let mut absent = not_found(needs);
    let packages: Vec<&str> = absent.iter().flat_map(|need| need.apt).copied().collect();
    if !packages.is_empty() && may_install() {
        install(&packages);
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

/// The first line a program prints on success, which is how it is known to be there and to work.
fn first_line(program: impl AsRef<OsStr>, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next().unwrap_or_default().trim().to_owned();
    output.status.success().then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Prerequisite = Prerequisite {
        name: "something present",
        purpose: "shows that it is found",
        find: || Some("version 1".to_owned()),
        apt: &["must-never-be-installed"],
        elsewhere: &[],
    };
    const NOT_HERE: Prerequisite = Prerequisite {
        name: "something absent",
        purpose: "shows what is said",
        find: || first_line("no-program-of-this-name", &[]),
        apt: &[],
        elsewhere: &[("Fedora", "sudo dnf install something")],
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
    fn every_row_that_ships_says_how_to_install_it() {
        for row in [&C_COMPILER, &RUSTFMT, &CLIPPY] {
            assert!(row.to_string().lines().count() > 1, "{}", row.name);
        }
    }

    #[test]
    fn a_program_that_fails_does_not_count_as_found() {
        assert_eq!(first_line("cargo", &["no-such-subcommand-of-cargo"]), None);
        assert!(first_line("cargo", &["--version"]).is_some_and(|line| line.starts_with("cargo ")));
    }
}
