//! The file of a SQLite database: found, or created for its owner alone, and set to its write-ahead log.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, ConnectOptions, Connection, Executor};

use crate::OpenError;
use crate::engine;

/// Where the database is, with the folder resolved.
#[derive(Clone, Debug)]
pub(crate) struct SqliteFile(PathBuf);

impl SqliteFile {
    /// Finds the file, or creates it empty with mode 0600. SQLite gives the mode of the file to the `-wal` and `-shm` files
    /// beside it.
    pub(crate) fn find_or_create(path: &Path) -> Result<Self, OpenError> {
        let file = Self(resolve(path)?);
        // Closing any descriptor of a file drops the locks that this process holds on it, SQLite's among them. So only a
        // file that was not there is opened here, and nobody goes on to SQLite while it is open.
        static CREATION: Mutex<()> = Mutex::new(());
        let _creation = CREATION.lock().unwrap_or_else(PoisonError::into_inner);
        match fs::metadata(&file.0) {
            Ok(metadata) if metadata.is_dir() => Err(OpenError::IsFolder { path: file.0 }),
            Ok(metadata) => {
                file.warn_if_others_can_read(&metadata);
                Ok(file)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => match create(&file.0) {
                Ok(()) => Ok(file),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(file),
                Err(error) => Err(OpenError::Creation { path: file.0, reason: error.to_string() }),
            },
            Err(error) => Err(OpenError::File { path: file.0, reason: error.to_string() }),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// How to connect to it.
    pub(crate) fn connect_options(&self) -> Result<AnyConnectOptions, OpenError> {
        let path = self.0.to_str().ok_or_else(|| OpenError::NotUtf8 { path: self.0.clone() })?;
        let url = format!("sqlite://{}?mode=rw", percent_encoded(path));
        url.parse()
            .map_err(|error: sqlx::Error| OpenError::File { path: self.0.clone(), reason: error.to_string() })
    }

    /// Sets the database to its write-ahead log, which lets readers and a writer work side by side. The setting stays
    /// with the file. `Ok(false)` when the file system cannot do it.
    ///
    /// The change needs the file for itself, and SQLite gives up at once where it should wait. It does wait to *begin*
    /// an exclusive transaction, so that comes first, and the lock is kept over its end.
    pub(crate) async fn use_write_ahead_log(options: &AnyConnectOptions) -> Result<bool, sqlx::Error> {
        let mut connection = options.connect().await?;
        connection.execute(engine::SQLITE_SETTINGS).await?;
        if journal_mode(&mut connection).await? != WAL {
            connection.execute("BEGIN EXCLUSIVE").await?;
            let meanwhile = journal_mode(&mut connection).await?;
            if meanwhile != WAL {
                connection.execute("PRAGMA locking_mode = EXCLUSIVE").await?;
            }
            connection.execute("COMMIT").await?;
            if meanwhile != WAL {
                connection.execute("PRAGMA journal_mode = WAL").await?;
            }
        }
        let mode = journal_mode(&mut connection).await?;
        connection.close().await?;
        Ok(mode == WAL)
    }

    #[cfg(unix)]
    fn warn_if_others_can_read(&self, metadata: &fs::Metadata) {
        use std::os::unix::fs::PermissionsExt;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            tracing::warn!(
                path = %self.0.display(),
                mode = %format_args!("{mode:03o}"),
                "the database file is open to other users of this machine; 600 is enough"
            );
        }
    }

    #[cfg(not(unix))]
    fn warn_if_others_can_read(&self, _: &fs::Metadata) {}
}

const WAL: &str = "wal";

async fn journal_mode(connection: &mut AnyConnection) -> Result<String, sqlx::Error> {
    sqlx::query_scalar("PRAGMA journal_mode").fetch_one(connection).await
}

/// The absolute path, with its folder resolved, so that one file has one name and no `..` is left to interpretation.
fn resolve(path: &Path) -> Result<PathBuf, OpenError> {
    let absolute = std::path::absolute(path)
        .map_err(|error| OpenError::File { path: path.to_owned(), reason: error.to_string() })?;
    let (Some(folder), Some(name)) = (absolute.parent(), absolute.file_name()) else {
        return Err(OpenError::IsFolder { path: absolute });
    };
    match folder.canonicalize() {
        Ok(resolved) => Ok(resolved.join(name)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(OpenError::FolderMissing { folder: folder.to_owned(), path: absolute })
        }
        Err(error) => Err(OpenError::File { reason: error.to_string(), path: absolute }),
    }
}

/// Encodes every byte that a URL could understand in its own way.
fn percent_encoded(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn create(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}
