//! Configuration: parsed once, here, and never looked at again.
//!
//! A setting comes from one of four places. The first that has it wins:
//!
//! 1. a flag (`--port 8080`),
//! 2. a variable (`COUNTERSIGN_PORT=8080`),
//! 3. the file (`port = 8080`),
//! 4. its default.
//!
//! The file is the one that `--config` names, else the one that `COUNTERSIGN_CONFIG` names, else
//! `countersign.toml` in the working directory if there is one. A relative path in the file is relative to the
//! file; anywhere else it is relative to the working directory.
//!
//! A secret is different: giving it in two places is an error, because one of the two would silently not count.
//!
//! Every problem is reported, not the first one, each with its path (`token.leeway`) or its variable
//! (`COUNTERSIGN_PORT`). A key or a `COUNTERSIGN_` variable that is not a setting is a problem too.
//! `countersign.example.toml` beside this crate shows every setting with its default.

use std::{
    ffi::OsString,
    fmt, fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use countersign::csrf::Origin;
use thiserror::Error;

mod duration;
mod layers;
mod read;
mod secret;
mod setting;

pub use duration::{DurationError, format_duration, parse_duration};
pub use secret::Secret;

use layers::Layers;

/// The file that is read when nobody names one.
const DEFAULT_FILE: &str = "countersign.toml";

/// Everything the service needs to know before it starts, already checked.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// The address to listen on; `127.0.0.1` by default.
    pub host: IpAddr,
    /// The port to listen on; 3000 by default, 0 for any free one.
    pub port: u16,
    /// The data folder: the SQLite file and the master key, unless they are configured elsewhere.
    pub data: PathBuf,
    /// The `iss` of the tokens; derived from the address that is listened on when `None`.
    pub issuer: Option<String>,
    /// The `aud` of the access tokens, and the only one that is accepted.
    pub audience: String,
    /// Where the master key, which seals the signing keys, comes from.
    pub master_key: MasterKeySource,
    /// More master keys: what was sealed under them opens, and nothing is sealed under them.
    pub other_master_keys: Vec<MasterKeySource>,
    /// Where users, sessions and keys are kept.
    pub database: Database,
    /// Lifetimes and tolerances of tokens.
    pub token: TokenConfig,
    /// When signing keys change, and how verifiers elsewhere hear of it.
    pub keys: KeysConfig,
    /// The secret of the lesson (`JWT_SECRET`): when there is one, tokens are signed with HS256 under it.
    pub jwt_secret: Option<Secret>,
    /// How long sessions last, and which pages may keep theirs in a cookie.
    pub session: SessionConfig,
    /// What becomes of access tokens whose session was revoked.
    pub revocation: RevocationConfig,
    /// How much passwords may cost this machine.
    pub password: PasswordConfig,
    /// What registration tells.
    pub registration: RegistrationConfig,
    /// How many proxies stand in front of the service, each of which appends to `X-Forwarded-For` where a request came
    /// from. With 0 that header is not read.
    pub trusted_proxies: usize,
    /// How long requests in flight may take to finish once the service was told to stop.
    pub shutdown_wait: Duration,
    /// What is logged, and how.
    pub log: LogConfig,
}

/// Lifetimes and tolerances of tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenConfig {
    /// From `iat` to `exp` of an access token.
    pub access_lifetime: Duration,
    /// By how much clocks may differ.
    pub leeway: Duration,
    /// Whether each access token names its place in a public status list.
    pub status_list: bool,
}

/// When signing keys change, and how verifiers elsewhere hear of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeysConfig {
    /// How long a key signs before the next one does; `None`, and keys change only when an operator says so.
    pub rotate_every: Option<Duration>,
    /// For how long verifiers may keep the published keys.
    pub max_age: Duration,
    /// How often a service looks whether another one has changed the keys.
    pub check_every: Duration,
    /// The verifiers that a next key waits for until each has fetched it.
    pub verifiers: Vec<String>,
    /// For how long it waits for them at most, beyond the time for which it is announced anyway.
    pub hold_back: Duration,
}

impl KeysConfig {
    /// How long a key is published before it signs: until every instance publishes it, and whatever a verifier was told before
    /// that has expired.
    #[must_use]
    pub fn announce(&self) -> Duration {
        self.max_age + 2 * self.check_every
    }
}

/// Where users, sessions and keys are kept.
#[derive(Debug, Clone)]
pub enum Database {
    /// A SQLite file, created on first start.
    File(PathBuf),
    /// The URL of a PostgreSQL database, which may hold a password.
    Server(Secret),
}

/// How long sessions last, and which pages may keep theirs in a cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionConfig {
    /// How long a session lasts at most, however much it is used.
    pub lifetime: Duration,
    /// How long it lasts without a refresh.
    pub idle_lifetime: Duration,
    /// For how long a refresh token that was used up still gets the same successor; zero is strict.
    pub grace: Duration,
    /// For how long a session that has ended is remembered: when, and why.
    pub keep_ended: Duration,
    /// The origins of pages that may keep their refresh token in a cookie; none when empty.
    pub cookie_origins: Vec<Origin>,
}

/// What becomes of access tokens whose session was revoked.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RevocationConfig {
    /// For how long guarded routes answer while the database does not tell what other instances have revoked; after that, 503.
    pub stale_after: Duration,
    /// What verifiers in other processes present to read the feed of revocations; `None`, and there is no feed.
    pub feed_key: Option<Secret>,
}

/// How much passwords may cost this machine. What is `None` is chosen by `countersign::password`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PasswordConfig {
    /// How many passwords are hashed at the same time.
    pub threads: Option<usize>,
    /// How many passwords may wait for a thread before the answer is 503.
    pub queue: Option<usize>,
    /// The memory of one hash in KiB.
    pub memory_kib: Option<u32>,
    /// How often a hash passes over its memory.
    pub iterations: Option<u32>,
}

/// What registration tells.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegistrationConfig {
    /// Answer 409 for an address that has an account. By default such a registration is answered like any other.
    pub reveal_taken: bool,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogConfig {
    /// The least important level that is written.
    pub level: tracing::Level,
    /// The shape of a line.
    pub format: LogFormat,
}

impl LogConfig {
    /// For commands that answer and end: what goes wrong, for people.
    #[must_use]
    pub const fn for_commands() -> Self {
        Self { level: tracing::Level::WARN, format: LogFormat::Text }
    }
}

/// The shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// Where the master key comes from.
#[derive(Debug, Clone)]
pub enum MasterKeySource {
    /// `master.key` in the data folder, generated on first start.
    DataFolder,
    /// A file that somebody else provides, and that must exist.
    File(PathBuf),
    /// The key itself, 64 hexadecimal digits.
    Value(Secret),
}

/// What was written on the command line.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Flags {
    /// `--config FILE`.
    pub config: Option<PathBuf>,
    /// `--data DIR`.
    pub data: Option<PathBuf>,
    /// `--port N`.
    pub port: Option<u16>,
}

/// The process around the configuration, as an argument, so that a test can make one up.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The environment.
    pub variables: Vec<(OsString, OsString)>,
    /// The working directory.
    pub working_directory: PathBuf,
}

impl Surroundings {
    /// Those of this process.
    ///
    /// # Errors
    /// When the working directory is gone.
    pub fn of_this_process() -> io::Result<Self> {
        Ok(Self { variables: std::env::vars_os().collect(), working_directory: std::env::current_dir()? })
    }
}

impl Config {
    /// Reads flags, variables and file into a configuration.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem that was found.
    pub fn load(flags: &Flags, surroundings: &Surroundings) -> Result<Self, ConfigError> {
        let directory = &surroundings.working_directory;
        let mut layers = Layers::defaults(directory);
        let file = config_file(flags, surroundings);
        if let Some((file, place)) = &file {
            match fs::read_to_string(file) {
                Ok(text) => layers.lay_file(file, &text),
                Err(error) => layers.problem(*place, format!("cannot read {}: {error}", file.display())),
            }
        }
        layers.lay_variables(&surroundings.variables, directory);
        layers.lay_flags(flags, directory);
        read::config(layers).map_err(|problems| ConfigError { file: file.map(|(file, _)| file), problems })
    }
}

/// The configuration file and who named it; `None` when nobody did and the default one is not there.
fn config_file(flags: &Flags, surroundings: &Surroundings) -> Option<(PathBuf, &'static str)> {
    let directory = &surroundings.working_directory;
    let variable = surroundings
        .variables
        .iter()
        .find(|(name, value)| name == setting::FILE_VARIABLE && !value.is_empty())
        .map(|(_, value)| (Path::new(value), setting::FILE_VARIABLE));
    if let Some((file, place)) = flags.config.as_deref().map(|file| (file, "--config")).or(variable) {
        return Some((directory.join(file), place));
    }
    let default = directory.join(DEFAULT_FILE);
    default.exists().then_some((default, DEFAULT_FILE))
}

/// One thing that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: a path in the file (`token.leeway`), a variable (`COUNTERSIGN_PORT`) or a flag (`--data`).
    pub place: String,
    /// What is wrong there, and what to write instead. Never holds a secret.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.message)
    }
}

/// Everything that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct ConfigError {
    /// The file that was read, if one was.
    pub file: Option<PathBuf>,
    /// At least one problem.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        write!(formatter, "the configuration has {count} problem{}", if count == 1 { "" } else { "s" })?;
        if let Some(file) = &self.file {
            write!(formatter, " (file: {})", file.display())?;
        }
        for problem in &self.problems {
            write!(formatter, "\n  {problem}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
