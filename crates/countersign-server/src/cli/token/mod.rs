//! `countersign token`: tools for tokens, with or without a service.

use clap::Subcommand;

use super::Outcome;

mod decode;
mod expectations;
mod explain;
mod sign;
mod verify;

/// Sign, verify, decode and explain tokens
#[derive(Debug, Subcommand)]
pub(super) enum Token {
    Sign(sign::Sign),
    Verify(verify::Verify),
    Decode(decode::Decode),
    Explain(Box<explain::Explain>),
}

impl Token {
    pub(super) fn run(self) -> Outcome {
        match self {
            Self::Sign(command) => command.run(),
            Self::Verify(command) => command.run(),
            Self::Decode(command) => command.run(),
            Self::Explain(command) => command.run(),
        }
    }
}
