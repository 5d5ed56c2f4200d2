//! `countersign user disable`.

use std::process::ExitCode;

use clap::Args;
use countersign::jwt::{Clock as _, SystemClock};

use crate::{
    cli::{
        Failure, Outcome, output,
        place::{IfMissing, Place},
    },
    flow::{self, Disabled},
};

/// Keep a user from logging in, and end their sessions
///
/// Services that run accept no access token of these sessions any more: at once on PostgreSQL, within two seconds on SQLite.
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
        self.place.with_store(IfMissing::Fail, async |_, store| {
            let user = super::named(&named, store).await?;
            match flow::disable(&user.id, store, SystemClock.now()).await.map_err(Failure::failed)? {
                Disabled::Unknown => Err(Failure::failed(format_args!("there is no user {named}"))),
                Disabled::Done { sessions } => {
                    let tokens = match sessions {
                        0 => "",
                        1 => ", and no access token of it is accepted",
                        _ => ", and no access token of them is accepted",
                    };
                    let ended = super::ended(sessions);
                    output::note(format_args!("{} cannot log in any more; {ended}{tokens}", user.email));
                    Ok(())
                }
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
