//! `countersign user disable`.

use std::process::ExitCode;

use clap::Args;
use countersign::jwt::{Clock as _, SystemClock};

use crate::{
    cli::{
        Failure, Outcome, output,
        place::{IfMissing, Place},
    },
    config::format_duration,
    flow::EmailAddress,
};

/// Keep a user from logging in
///
/// Access tokens that the user has already stay good until they expire.
#[derive(Debug, Args)]
pub(in crate::cli) struct Disable {
    /// The e-mail address or the id of the user
    #[arg(value_name = "EMAIL|ID")]
    user: String,

    #[command(flatten)]
    place: Place,
}

impl Disable {
    pub(super) fn run(self) -> Outcome {
        let named = self.user;
        self.place.with_store(IfMissing::Fail, async |config, store| {
            let user = match EmailAddress::parse(&named) {
                Ok(email) => store.user_by_email(email.as_str()).await,
                Err(_) => store.user_by_id(&named).await,
            };
            let user = user
                .map_err(Failure::failed)?
                .ok_or_else(|| Failure::failed(format_args!("there is no user {named}")))?;
            store.disable_user(&user.id, SystemClock.now()).await.map_err(Failure::failed)?;
            output::note(format_args!(
                "{} cannot log in any more; access tokens in use stay good for up to {}",
                user.email,
                format_duration(config.token.access_lifetime),
            ));
            Ok(())
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
