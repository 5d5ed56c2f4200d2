//! Commands that list what a service keeps, for people or for scripts.

use std::process::ExitCode;

use clap::Args;
use countersign_store::Store;
use serde_json::Value;

use crate::config::Config;

use super::{
    Failure, Outcome, output,
    place::{IfMissing, Place},
};

/// The flags of every command that lists.
#[derive(Debug, Args)]
pub(super) struct Listing {
    /// One JSON object a line
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    place: Place,
}

/// A thing that is listed, a line each.
pub(super) trait Listed {
    /// For people.
    fn text(&self) -> String;

    /// For scripts.
    fn json(&self) -> Value;
}

/// How each thing is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    Text,
    Json,
}

impl Listing {
    /// Lets `list` read from the store and write each thing.
    pub(super) fn run(self, list: impl AsyncFnOnce(&Store, Form) -> Result<(), Failure>) -> Outcome {
        self.run_configured(async |_, store, form| list(store, form).await)
    }

    /// The same, of what the configuration has something to say about.
    pub(super) fn run_configured(
        self,
        list: impl AsyncFnOnce(&Config, &Store, Form) -> Result<(), Failure>,
    ) -> Outcome {
        let form = if self.json { Form::Json } else { Form::Text };
        self.place.with_store(IfMissing::Fail, async |config, store| list(config, store, form).await)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Form {
    pub(super) fn write(self, thing: &impl Listed) -> Result<(), Failure> {
        match self {
            Self::Text => output::answer(thing.text()),
            Self::Json => output::answer(thing.json()),
        }
    }
}
