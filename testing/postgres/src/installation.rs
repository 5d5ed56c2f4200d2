//! Where PostgreSQL is on this machine, and as whom it runs.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// PostgreSQL refuses to run as root; tests in a container often do. "nobody" is this user on every system.
const NOBODY: u32 = 65534;

/// The programs of a PostgreSQL server.
#[derive(Debug)]
pub(crate) struct Installation {
    programs: PathBuf,
    run_as: Option<u32>,
}

impl Installation {
    /// The first on the `PATH`, or else the newest of the distribution's folders.
    pub(crate) fn find() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let has_server =
            |folder: &PathBuf| folder.join("initdb").is_file() && folder.join("postgres").is_file();
        let Some(programs) = std::env::split_paths(&path).chain(distribution()).find(has_server) else {
            panic!("there is no PostgreSQL on this machine; `cargo xtask test` installs it, or says how");
        };
        let root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
        Self { programs, run_as: root.then_some(NOBODY) }
    }

    /// Gives a folder to whoever the server runs as.
    pub(crate) fn hand_over(&self, folder: &Path) {
        if let Some(user) = self.run_as {
            chown(folder, Some(user), Some(user)).expect("root may give a folder away");
        }
    }

    /// Makes the files of a new server.
    pub(crate) fn init(&self, data: &Path) {
        run(self
            .command("initdb")
            .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"])
            .args(["--no-instructions", "--pgdata"])
            .arg(data));
    }

    /// Makes a database in the server whose socket is in `folder`.
    pub(crate) fn create_database(&self, folder: &Path, name: &str) {
        let command = format!("CREATE DATABASE {name}");
        run(self
            .command("psql")
            .args(["--no-psqlrc", "--quiet", "--username=postgres", "--dbname=postgres"])
            .arg("--host")
            .arg(folder)
            .args(["--command", &command]));
    }

    /// A program of the installation, or else of the `PATH`, with nothing of this process' settings for PostgreSQL.
    pub(crate) fn command(&self, program: &str) -> Command {
        let own = self.programs.join(program);
        let mut command = Command::new(if own.is_file() { own } else { PathBuf::from(program) });
        self.unprivileged(&mut command);
        command
    }

    /// Runs a command as whoever the server runs as, from a folder that everybody may enter, and in English.
    pub(crate) fn unprivileged(&self, command: &mut Command) {
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C").current_dir("/");
        if let Some(user) = self.run_as {
            command.uid(user).gid(user);
        }
    }

    /// The server itself.
    pub(crate) fn server(&self) -> PathBuf {
        self.programs.join("postgres")
    }
}

/// Where Debian and Fedora put them, the newest first.
fn distribution() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    folders.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    folders.into_iter().map(|(_, folder)| folder).chain([PathBuf::from("/usr/bin")]).collect()
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output();
    match output {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => panic!("{command:?} did not start: {error}"),
    }
}
