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
    flow::{self, Disabled, EmailAddress},
};

/// Keep a user from logging in, and end their sessions
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
            let nobody = || Failure::failed(format_args!("there is no user {named}"));
            let user = user.map_err(Failure::failed)?.ok_or_else(nobody)?;
            match flow::disable(&user.id, store, SystemClock.now()).await.map_err(Failure::failed)? {
                Disabled::Unknown => Err(nobody()),
                Disabled::Done { sessions } => {
                    let lifetime = format_duration(config.token.access_lifetime);
                    output::note(format_args!(
                        "{} cannot log in any more; {sessions} sessions ended; access tokens in use stay good for up to {lifetime}",
                        user.email,
                    ));
                    Ok(())
                }
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
