//! `countersign user`: who may log in.

use clap::Subcommand;

use countersign_store::Store;

use super::{Failure, Outcome};
use crate::flow::EmailAddress;

mod add;
mod disable;
mod list;
mod revoke;

/// Add, list and disable users, and revoke what they have been given
#[derive(Debug, Subcommand)]
pub(super) enum User {
    Add(add::Add),
    List(list::List),
    Disable(disable::Disable),
    Revoke(revoke::Revoke),
}

/// The user of this e-mail address or id.
pub(super) async fn named(name: &str, store: &Store) -> Result<countersign_store::User, Failure> {
    let user = match EmailAddress::parse(name) {
        Ok(email) => store.user_by_email(email.as_str()).await,
        Err(_) => store.user_by_id(name).await,
    };
    user.map_err(Failure::failed)?.ok_or_else(|| Failure::failed(format_args!("there is no user {name}")))
}

/// How many sessions of a user were ended, in words.
fn ended(sessions: usize) -> String {
    match sessions {
        0 => "there was no session to end".to_owned(),
        1 => "1 session ended".to_owned(),
        several => format!("{several} sessions ended"),
    }
}

impl User {
    pub(super) fn run(self) -> Outcome {
        match self {
            Self::Add(command) => command.run(),
            Self::List(command) => command.run(),
            Self::Disable(command) => command.run(),
            Self::Revoke(command) => command.run(),
        }
    }
}
