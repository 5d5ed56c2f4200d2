//! `countersign user add`.

use std::process::ExitCode;

use clap::Args;
use countersign::jwt::{Clock as _, SystemClock};

use crate::{
    app,
    cli::{
        Failure, Outcome, input, output,
        place::{IfMissing, Place},
    },
    flow::{self, EmailAddress, RegisterError, Registration, TakenEmail},
};

/// Add a user; the password is asked for, or read from standard input
///
/// Prints the id of the user, which is the `sub` of their tokens.
#[derive(Debug, Args)]
pub(in crate::cli) struct Add {
    /// The e-mail address to log in with
    #[arg(value_name = "EMAIL")]
    email: String,

    #[command(flatten)]
    place: Place,
}

impl Add {
    pub(super) fn run(self) -> Outcome {
        // Before anybody is asked for a password.
        EmailAddress::parse(&self.email).map_err(Failure::wrong_call)?;
        let input = Registration { email: self.email, password: input::new_password()? };
        let user = self.place.with_store(IfMissing::Create, async |config, store| {
            let passwords = app::start_passwords(&config.password).map_err(Failure::failed)?;
            flow::register(input, store, &passwords, TakenEmail::Reveal, SystemClock.now()).await.map_err(
                |error| match error {
                    RegisterError::Email(_) | RegisterError::Password(_) => Failure::wrong_call(error),
                    _ => Failure::failed(error),
                },
            )
        })?;
        output::answer(&user.user_id)?;
        Ok(ExitCode::SUCCESS)
    }
}
