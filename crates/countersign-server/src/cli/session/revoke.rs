//! `countersign session revoke`.

use std::process::ExitCode;

use clap::Args;
use countersign::{
    jwt::{Clock as _, NumericDate, SystemClock},
    session::{Revocation, RevocationReason, SessionId, SessionStore as _},
};

use crate::cli::{
    Failure, Outcome, output,
    place::{IfMissing, Place},
};

/// Revoke a session: no refresh, and no access token of it is accepted any more
///
/// Services that run know of it at once on PostgreSQL and within two seconds on SQLite, and tell it to the verifiers that read
/// their feed.
#[derive(Debug, Args)]
pub(in crate::cli) struct Revoke {
    /// The id of the session, as `session list` shows it
    #[arg(value_name = "SESSION", allow_hyphen_values = true)]
    session: SessionId,

    #[command(flatten)]
    place: Place,
}

impl Revoke {
    pub(super) fn run(self) -> Outcome {
        let id = self.session;
        let at = NumericDate::from_millis(SystemClock.now().as_millis());
        let revocation = Revocation { at, reason: RevocationReason::Administrator };
        self.place.with_store(IfMissing::Fail, async |_, store| {
            match store.revoke(id, revocation).await.map_err(Failure::failed)? {
                true => {
                    output::note(format_args!("the session {id} is revoked"));
                    Ok(())
                }
                false => Err(Failure::failed(format_args!("there is no session {id} that is not over"))),
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
