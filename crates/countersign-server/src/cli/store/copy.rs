//! `countersign store copy`.

use std::process::ExitCode;

use clap::Args;

use crate::{
    app,
    cli::{
        Failure, Outcome, output,
        place::{block_on, must_exist},
    },
    config::{Database, LogConfig},
    logging,
};

/// Copy everything in a database into another that is empty
///
/// Users, signing keys, sessions and revocations are copied as they are at one moment, all of them or nothing. Stop the service
/// first: what it writes meanwhile is not copied.
///
/// Signing keys stay sealed, and refresh tokens are proven with the master key: the service at the new database needs the
/// master key of the old one.
///
/// A password of PostgreSQL need not stand in the URL, where other users of this machine can read it: PGPASSWORD and
/// ~/.pgpass are asked as well.
#[derive(Debug, Args)]
pub(in crate::cli) struct Copy {
    /// The database to copy: sqlite:FILE or postgres://USER@HOST/NAME
    #[arg(long, value_name = "URL")]
    from: String,

    /// The empty database to copy it into
    #[arg(long, value_name = "URL")]
    to: String,
}

impl Copy {
    pub(super) fn run(self) -> Outcome {
        let (from, to) = (database("--from", self.from)?, database("--to", self.to)?);
        logging::start(&LogConfig::for_commands());
        must_exist(&from)?;
        block_on(copy(&from, &to))
    }
}

fn database(flag: &str, url: String) -> Result<Database, Failure> {
    let here = std::env::current_dir()
        .map_err(|error| Failure::failed(format_args!("the working directory is gone: {error}")))?;
    Database::parse(url, &here).map_err(|wrong| Failure::wrong_call(format_args!("{flag}: {wrong}")))
}

async fn copy(from: &Database, to: &Database) -> Outcome {
    let source = app::open_database(from).await.map_err(Failure::failed)?;
    let target = app::open_database(to).await.map_err(Failure::failed)?;
    let copied = source.copy_to(&target).await;
    source.close().await;
    target.close().await;
    let copied = copied.map_err(|error| Failure::failed(format_args!("nothing was copied: {error}")))?;
    output::answer(format_args!(
        "copied: users {}, signing keys {}, sessions {}, revocations {}",
        copied.users, copied.signing_keys, copied.sessions, copied.revocations
    ))?;
    output::note(
        "the master key has to go along: without it no stored key opens and no refresh token is good",
    );
    Ok(ExitCode::SUCCESS)
}
