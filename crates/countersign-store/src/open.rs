//! Opening a database, and every way in which it can fail.

use std::path::{Path, PathBuf};

use sqlx::any::AnyConnectOptions;
use sqlx::postgres::PgConnectOptions;

use crate::Store;
use crate::engine::{self, Engine, Failure};
use crate::migrations::{self, MigrationError};
use crate::sqlite_file::SqliteFile;

/// Why a database cannot be opened: one line for the operator, which names the database and never a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL names no engine that this program knows. It is not repeated, since it may hold a password.
    #[error("the database URL must begin with sqlite: or postgres:")]
    UnknownEngine,
    /// The URL cannot be read. It is not repeated, since it may hold a password.
    #[error("the database URL is not valid: {reason}")]
    InvalidUrl {
        /// What is wrong with it.
        reason: String,
    },
    /// The URL of a SQLite database has parameters.
    #[error(
        "the database URL sqlite:{path} must be a path and nothing else: it takes no parameters after a '?'"
    )]
    Parameters {
        /// The path before them.
        path: String,
    },
    /// The URL asks for a database that would be forgotten at the end of the program.
    #[error(
        "a database in memory forgets every user and key when the program ends: name a file, sqlite:PATH"
    )]
    InMemory,
    /// The folder of the file does not exist.
    #[error("cannot open the database {}: the folder {} does not exist", path.display(), folder.display())]
    FolderMissing {
        /// The file.
        path: PathBuf,
        /// Its folder.
        folder: PathBuf,
    },
    /// There is a folder where the file should be.
    #[error("cannot open the database {}: it is a folder", path.display())]
    IsFolder {
        /// The file.
        path: PathBuf,
    },
    /// The name of the file is not UTF-8, which SQLite cannot open.
    #[error("cannot open the database {}: its path is not valid UTF-8", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
    },
    /// The file was not there and could not be created.
    #[error("cannot create the database {}: {reason}", path.display())]
    Creation {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// The file cannot be reached or opened.
    #[error("cannot open the database {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system or SQLite says.
        reason: String,
    },
    /// The file is something else.
    #[error("cannot open the database {}: the file is not a SQLite database", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged.
    #[error("cannot open the database {}: the file is damaged; restore it from a backup", path.display())]
    Corrupted {
        /// The file.
        path: PathBuf,
    },
    /// The file, or what is beside it, cannot be written.
    #[error("cannot open the database {}: the file or its folder is read-only for this user", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The file is there, but cannot be opened, or the write-ahead log cannot be created beside it.
    #[error(
        "cannot open the database {}: this user needs to read and write the file, and to create files in its folder",
        path.display()
    )]
    NoAccess {
        /// The file.
        path: PathBuf,
    },
    /// The file system cannot hold a write-ahead log, as network file systems cannot.
    #[error("cannot open the database {}: its file system does not support a write-ahead log", path.display())]
    NoWriteAheadLog {
        /// The file.
        path: PathBuf,
    },
    /// Another process holds the database and does not let go.
    #[error("cannot open the database {database}: another process keeps it locked")]
    Busy {
        /// Which database.
        database: String,
    },
    /// The server does not answer, or refuses.
    #[error("cannot reach the database {database}: {reason}")]
    Unreachable {
        /// Which database.
        database: String,
        /// What stood in the way.
        reason: String,
    },
    /// A newer version of this program has been here. Going back needs a backup from before.
    #[error(
        "cannot use the database {database}: its schema has version {found}, and this program knows versions up to \
         {known}; use the newer program, or a backup"
    )]
    SchemaTooNew {
        /// Which database.
        database: String,
        /// Its version.
        found: i64,
        /// The version of this program.
        known: i64,
    },
    /// The tables could not be created or brought up to date; the database is as it was.
    #[error("cannot set up the tables in the database {database}: {reason}")]
    Schema {
        /// Which database.
        database: String,
        /// What the database says.
        reason: String,
    },
}

impl Store {
    /// Opens the database at a URL, `sqlite:PATH` or `postgres://user@host/name`, and brings its tables up to date.
    ///
    /// A connection to a PostgreSQL server is encrypted if the server offers that. The parameters `sslmode`
    /// (`verify-full` also checks that it is the right server) and `sslrootcert` are understood as PostgreSQL's own
    /// programs do.
    ///
    /// The path of a SQLite database is taken as it stands, and nothing in it is decoded. The file is created, with mode
    /// 0600, when it is not there; its folder is not.
    ///
    /// # Errors
    /// Every [`OpenError`], each for its reason.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        if let Some(rest) = url.strip_prefix("sqlite:") {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            if path == ":memory:" || path.is_empty() {
                return Err(OpenError::InMemory);
            }
            if let Some((path, _)) = path.split_once('?') {
                return Err(OpenError::Parameters { path: path.to_owned() });
            }
            return Self::open_file(Path::new(path)).await;
        }
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            return Self::open_postgres(url).await;
        }
        Err(OpenError::UnknownEngine)
    }

    /// Opens the SQLite database in a file, as [`Store::open`] does, whatever its name.
    ///
    /// # Errors
    /// Every [`OpenError`] but those about URLs.
    pub async fn open_file(path: &Path) -> Result<Self, OpenError> {
        engine::install_drivers();
        let file = SqliteFile::find_or_create(path)?;
        let options = file.connect_options()?;
        let place = Place::File(file.path());
        let has_log =
            SqliteFile::use_write_ahead_log(&options).await.map_err(|error| place.failure(&error))?;
        if !has_log {
            return Err(OpenError::NoWriteAheadLog { path: file.path().to_owned() });
        }
        Self::connect(Engine::Sqlite, options, place).await
    }

    async fn open_postgres(url: &str) -> Result<Self, OpenError> {
        engine::install_drivers();
        let invalid = |error: sqlx::Error| OpenError::InvalidUrl { reason: engine::reason(&error) };
        let options: AnyConnectOptions = url.parse().map_err(invalid)?;
        // The driver reads it again with each connection; what is wrong with it is better known before the first.
        let read: PgConnectOptions = url.parse().map_err(invalid)?;
        let host =
            read.get_socket().map_or_else(|| read.get_host().into(), |folder| folder.to_string_lossy());
        let server =
            format!("postgres://{host}:{}/{}", read.get_port(), read.get_database().unwrap_or_default());
        Self::connect(Engine::Postgres, options, Place::Server(&server)).await
    }

    async fn connect(
        engine: Engine,
        options: AnyConnectOptions,
        place: Place<'_>,
    ) -> Result<Self, OpenError> {
        let (reads, writes) = engine.connect(options).await.map_err(|error| place.failure(&error))?;
        match migrations::run(engine, &writes).await {
            Ok(migrated) => Ok(Self::new(engine, (reads, writes), migrated)),
            Err(error) => {
                reads.close().await;
                writes.close().await;
                Err(match error {
                    MigrationError::TooNew { found, known } => {
                        OpenError::SchemaTooNew { database: place.to_string(), found, known }
                    }
                    MigrationError::Database(error) => place.failure(&error),
                })
            }
        }
    }
}

/// What is being opened, to be named in errors.
#[derive(Clone, Copy)]
enum Place<'a> {
    File(&'a Path),
    Server(&'a str),
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(formatter),
            Self::Server(server) => formatter.write_str(server),
        }
    }
}

impl Place<'_> {
    fn failure(self, error: &sqlx::Error) -> OpenError {
        let reason = engine::reason(error);
        match (self, Failure::of(error)) {
            (_, Failure::Busy) => OpenError::Busy { database: self.to_string() },
            (_, Failure::Defect) => OpenError::Schema { database: self.to_string(), reason },
            (Self::Server(_), _) => OpenError::Unreachable { database: self.to_string(), reason },
            (Self::File(path), failure) => {
                let path = path.to_owned();
                match failure {
                    Failure::ReadOnly => OpenError::ReadOnly { path },
                    Failure::NotADatabase => OpenError::NotADatabase { path },
                    Failure::Corrupted => OpenError::Corrupted { path },
                    Failure::CannotOpen => OpenError::NoAccess { path },
                    _ => OpenError::File { path, reason },
                }
            }
        }
    }
}
