//! Which service a command is about: its data folder and its configuration.

use std::{future::Future, path::PathBuf};

use clap::Args;
use countersign_store::Store;

use super::Failure;
use crate::{
    app,
    config::{Config, Database, Flags, LogConfig, Surroundings},
    logging,
};

/// The flags of every command that works on the data of a service.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// The data folder of the service [default: countersign-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// The configuration file [default: countersign.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Place {
    /// The configuration, with a port from the command line if there is one.
    pub(super) fn config(&self, port: Option<u16>) -> Result<Config, Failure> {
        let flags = Flags { config: self.config.clone(), data: self.data.clone(), port };
        let surroundings = Surroundings::of_this_process()
            .map_err(|error| Failure::failed(format_args!("the working directory is gone: {error}")))?;
        Config::load(&flags, &surroundings).map_err(Failure::wrong_call)
    }

    /// Does something with the store, which is opened first and closed afterwards.
    pub(super) fn with_store<T>(
        &self,
        missing: IfMissing,
        work: impl AsyncFnOnce(&Config, &Store) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let config = self.config(None)?;
        logging::start(&LogConfig::for_commands());
        block_on(async {
            if missing == IfMissing::Fail {
                must_exist(&config.database)?;
            }
            let store = app::open_store(&config).await.map_err(Failure::failed)?;
            let outcome = work(&config, &store).await;
            store.close().await;
            outcome
        })
    }
}

/// A server says by itself that it has no such database; a file would be made.
pub(super) fn must_exist(database: &Database) -> Result<(), Failure> {
    match database {
        Database::File(file) if !file.exists() => {
            Err(Failure::failed(format_args!("there is no database at {}", file.display())))
        }
        _ => Ok(()),
    }
}

/// What becomes of a database that is not there: only what adds to it makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IfMissing {
    Create,
    Fail,
}

/// Does something that waits.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format_args!("cannot start the runtime: {error}")))?
        .block_on(work)
}
