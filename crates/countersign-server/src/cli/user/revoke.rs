//! `countersign user revoke`.

use std::process::ExitCode;

use clap::Args;
use countersign::jwt::{Clock as _, SystemClock};

use crate::{
    app,
    cli::{
        Failure, Outcome, output,
        place::{IfMissing, Place},
    },
    flow,
};

/// Revoke every token that a user has been given up to now, and end their sessions
///
/// The user may log in again, unlike one who is disabled. Services that run know of it at once on PostgreSQL and within two
/// seconds on SQLite, and tell it to the verifiers that read their feed.
#[derive(Debug, Args)]
pub(in crate::cli) struct Revoke {
    /// The e-mail address or the id of the user
    #[arg(value_name = "EMAIL|ID")]
    user: String,

    #[command(flatten)]
    place: Place,
}

impl Revoke {
    pub(super) fn run(self) -> Outcome {
        let named = self.user;
        self.place.with_store(IfMissing::Fail, async |config, store| {
            let user = super::named(&named, store).await?;
            let remembered = app::remembered(config);
            let revoked = flow::revoke_user(&user.id, remembered, store, SystemClock.now()).await;
            let sessions = revoked.map_err(Failure::failed)?;
            output::note(format_args!(
                "no token that {} has been given up to now is accepted; {}",
                user.email,
                super::ended(sessions),
            ));
            Ok(())
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
