//! A real PostgreSQL for the tests: a server on a socket in a folder of its own, gone when its test process is.
//!
//! It listens on no port, so any number of them run side by side, and keeps what it acknowledges as one in production
//! does (`fsync` is on), so that tests which kill things prove something.
//!
//! A test that needs PostgreSQL fails where there is none: `cargo xtask test` installs it, or says how.
#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a test that cannot have its server fails where it stands"
)]

mod installation;
mod process;

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

use tempfile::TempDir;

use installation::Installation;
use process::Process;

/// A server. It ends when this value or the process does, whichever comes first.
#[derive(Debug)]
pub struct Server {
    installation: Installation,
    folder: TempDir,
    databases: AtomicU32,
    process: Mutex<Option<Process>>,
}

impl Server {
    /// Makes a new, empty server and starts it. It takes a second or two: [`shared`] spares most tests that.
    ///
    /// # Panics
    /// If there is no PostgreSQL on this machine, or it does not start, with what it says.
    #[must_use]
    pub fn start() -> Self {
        let installation = Installation::find();
        let folder = tempfile::Builder::new().prefix("postgres-").tempdir().expect("a temporary folder");
        installation.hand_over(folder.path());
        installation.init(&data(folder.path()));
        let server = Self { installation, folder, databases: AtomicU32::new(0), process: Mutex::new(None) };
        server.start_again();
        server
    }

    /// The URL of a new, empty database.
    ///
    /// # Panics
    /// If the server does not make one.
    #[must_use]
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.installation.create_database(self.folder.path(), &name);
        self.url(&name)
    }

    fn url(&self, database: &str) -> String {
        let folder = self.folder.path().to_str().expect("a temporary folder with a name in UTF-8");
        format!("postgres://postgres@localhost/{database}?host={folder}")
    }

    /// Stops the server as its machine's shutdown would: connections are cut, what was acknowledged is kept.
    ///
    /// # Panics
    /// If it does not stop.
    pub fn stop(&self) {
        if let Some(process) = self.process.lock().unwrap_or_else(PoisonError::into_inner).take() {
            process.stop();
        }
    }

    /// Starts the server after a [`stop`](Self::stop); does nothing to one that runs.
    ///
    /// # Panics
    /// If it does not start, with what it says.
    pub fn start_again(&self) {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        if process.is_none() {
            *process =
                Some(Process::start(&self.installation, &data(self.folder.path()), self.folder.path()));
        }
    }

    /// Everything the server has logged since it was started, up to the first line with these words. That is little, unless
    /// a database is made to log more: `ALTER DATABASE .. SET log_statement = 'all'`.
    ///
    /// # Panics
    /// If the server does not run, or does not say them.
    #[must_use]
    pub fn said_up_to(&self, words: &str) -> Vec<String> {
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        process.as_ref().expect("a server that runs").said_up_to(words)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The server of this test process, started by whoever asks first. Do not stop it: others use it.
///
/// # Panics
/// As [`Server::start`].
#[must_use]
pub fn shared() -> &'static Server {
    static SHARED: LazyLock<Server> = LazyLock::new(Server::start);
    &SHARED
}

fn data(folder: &Path) -> std::path::PathBuf {
    folder.join("data")
}
