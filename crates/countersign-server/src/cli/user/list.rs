//! `countersign user list`.

use clap::Args;
use countersign::jwt::NumericDate;
use countersign_store::User;
use serde_json::{Value, json};

use crate::cli::{
    Failure, Outcome,
    listing::{Listed, Listing},
};

/// How many users are read at a time.
const PAGE: u32 = 500;

/// List the users in the order of their e-mail addresses
///
/// With --json each has id, email, created_at and disabled_at.
#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    listing: Listing,
}

impl List {
    pub(super) fn run(self) -> Outcome {
        self.listing.run(async |store, form| {
            let mut last: Option<String> = None;
            loop {
                let page = store.users_after(last.as_deref(), PAGE).await.map_err(Failure::failed)?;
                page.iter().try_for_each(|user| form.write(user))?;
                match page.last() {
                    Some(user) if page.len() == PAGE as usize => last = Some(user.email.clone()),
                    _ => return Ok(()),
                }
            }
        })
    }
}

impl Listed for User {
    fn text(&self) -> String {
        let state = if self.disabled_at.is_some() { "disabled" } else { "active" };
        format!("{}  {}  {state:<8}  {}", self.id, self.created_at.rfc3339(), self.email)
    }

    fn json(&self) -> Value {
        json!({
            "id": self.id,
            "email": self.email,
            "created_at": self.created_at.rfc3339(),
            "disabled_at": self.disabled_at.map(NumericDate::rfc3339),
        })
    }
}
