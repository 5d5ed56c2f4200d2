//! `countersign user list`.

use std::process::ExitCode;

use clap::Args;
use countersign_store::User;
use serde_json::json;

use crate::{
    cli::{
        Failure, Outcome, output,
        place::{IfMissing, Place},
    },
    moment,
};

/// How many users are read at a time.
const PAGE: u32 = 500;

/// List the users in the order of their e-mail addresses
#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    /// One JSON object a line: id, email, created_at and disabled_at
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    place: Place,
}

impl List {
    pub(super) fn run(self) -> Outcome {
        let line = if self.json { json_line } else { text_line };
        self.place.with_store(IfMissing::Fail, async |_, store| {
            let mut last: Option<String> = None;
            loop {
                let page = store.users_after(last.as_deref(), PAGE).await.map_err(Failure::failed)?;
                for user in &page {
                    output::answer(line(user))?;
                }
                match page.last() {
                    Some(user) if page.len() == PAGE as usize => last = Some(user.email.clone()),
                    _ => return Ok(()),
                }
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

fn text_line(user: &User) -> String {
    let state = if user.disabled_at.is_some() { "disabled" } else { "active" };
    format!("{}  {}  {state:<8}  {}", user.id, moment::rfc3339(user.created_at), user.email)
}

fn json_line(user: &User) -> String {
    json!({
        "id": user.id,
        "email": user.email,
        "created_at": moment::rfc3339(user.created_at),
        "disabled_at": user.disabled_at.map(moment::rfc3339),
    })
    .to_string()
}
