//! `countersign session list`.

use clap::Args;
use countersign::{
    jwt::{Clock as _, SystemClock},
    session::{Session, SessionStore as _},
};
use serde_json::{Value, json};

use crate::cli::{
    Failure, Outcome,
    listing::{Listed, Listing},
    user,
};

/// How many sessions are listed: more than anybody has.
const MOST: u32 = 1_000;

/// List the live sessions of a user, the last used first
///
/// With --json each has id, user_id, created_at, last_used_at, ends_at, device and address.
#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    /// The e-mail address or the id of the user
    #[arg(value_name = "EMAIL|ID")]
    user: String,

    #[command(flatten)]
    listing: Listing,
}

impl List {
    pub(super) fn run(self) -> Outcome {
        let named = self.user;
        self.listing.run(async |store, form| {
            let user = user::named(&named, store).await?;
            let sessions = store.list(&user.id, SystemClock.now(), MOST).await.map_err(Failure::failed)?;
            sessions.iter().try_for_each(|session| form.write(session))
        })
    }
}

impl Listed for Session {
    fn text(&self) -> String {
        let (used, device) = (self.refreshed_at.rfc3339(), self.user_agent.as_deref().unwrap_or("-"));
        let address = self.address.map_or_else(|| "-".to_owned(), |address| address.to_string());
        format!("{}  {used}  {address:<15}  {device}", self.id)
    }

    fn json(&self) -> Value {
        json!({
            "id": self.id,
            "user_id": self.user_id,
            "created_at": self.created_at.rfc3339(),
            "last_used_at": self.refreshed_at.rfc3339(),
            "ends_at": self.ends_at().rfc3339(),
            "device": self.user_agent,
            "address": self.address,
        })
    }
}
