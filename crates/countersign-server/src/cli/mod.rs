//! The commands of the binary, one file each.
//!
//! What a command is asked for goes to standard output, everything else to standard error. It exits with 0 when it
//! did what it was asked, with 1 when it could not (or, for a verification, when the token is refused), and with 2
//! when the call or the configuration is wrong.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod age;
mod failure;
mod input;
mod jws;
mod key;
mod listing;
mod migrate;
mod output;
mod place;
mod revocation;
mod serve;
mod session;
mod store;
mod token;
mod user;

use failure::Failure;

/// JWT authentication: a service that logs users in and signs their tokens, and tools for tokens and keys
#[derive(Debug, Parser)]
#[command(name = "countersign", version, subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Migrate(migrate::Migrate),
    #[command(subcommand)]
    Store(store::Store),
    #[command(subcommand)]
    User(user::User),
    #[command(subcommand)]
    Session(session::Session),
    #[command(subcommand)]
    Revocation(revocation::Revocation),
    #[command(subcommand)]
    Token(token::Token),
    #[command(subcommand)]
    Jws(jws::Jws),
    #[command(subcommand)]
    Key(key::Key),
}

/// What every command does: the code to exit with, or why it did not do what it was asked.
type Outcome = Result<ExitCode, Failure>;

/// Runs the command that this process was started with.
#[must_use]
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(command) => command.run(),
        Command::Migrate(command) => command.run(),
        Command::Store(command) => command.run(),
        Command::User(command) => command.run(),
        Command::Session(command) => command.run(),
        Command::Revocation(command) => command.run(),
        Command::Token(command) => command.run(),
        Command::Jws(command) => command.run(),
        Command::Key(command) => command.run(),
    };
    outcome.unwrap_or_else(|failure| failure.report())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_commands_are_well_formed() {
        Cli::command().debug_assert();
    }

    /// The help of a command and of all below it.
    fn help(command: &mut clap::Command, path: &str, text: &mut String) {
        let path = format!("{path} {}", command.get_name()).trim_start().to_owned();
        text.push_str(&format!("$ {path} --help\n{}\n", command.render_long_help()));
        for below in command.get_subcommands_mut().filter(|below| below.get_name() != "help") {
            help(below, &path, text);
        }
    }

    #[test]
    fn the_help_says_what_it_said() {
        let mut command = Cli::command().term_width(100);
        command.build();
        let mut text = String::new();
        help(&mut command, "", &mut text);
        insta::assert_snapshot!(text);
    }
}
