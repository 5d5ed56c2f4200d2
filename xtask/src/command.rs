//! The words after `cargo xtask`, and the steps behind each.

use std::fmt;

use crate::bench::{self, Bench};
use crate::fuzz::{self, Fuzz};
use crate::prerequisite::Prerequisite;
use crate::step::{LINT, Step, TEST};

/// One word of the command line.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) word: &'static str,
    about: &'static str,
    steps: &'static [&'static [Step]],
}

/// Every command there is.
pub(crate) const COMMANDS: [Command; 3] = [
    Command {
        word: "check",
        about: "lint and test: what a push must pass. Runs every step and names all that failed",
        steps: &[&LINT, &TEST],
    },
    Command {
        word: "lint",
        about: "formatting, clippy and documentation, warnings as errors",
        steps: &[&LINT],
    },
    Command { word: "test", about: "every test and every documentation example", steps: &[&TEST] },
];

impl Command {
    pub(crate) fn steps(&self) -> impl Iterator<Item = &'static Step> {
        self.steps.iter().copied().flatten()
    }

    /// What the steps need on this machine, each named once.
    pub(crate) fn needs(&self) -> Vec<&'static Prerequisite> {
        let mut needs: Vec<&'static Prerequisite> = Vec::new();
        for need in self.steps().flat_map(|step| step.needs) {
            if !needs.iter().any(|known| known.name == need.name) {
                needs.push(need);
            }
        }
        needs
    }
}

/// A command line that was understood.
#[derive(Debug)]
pub(crate) enum Call {
    Run(&'static Command),
    Bench(Bench),
    Fuzz(Fuzz),
    Usage,
}

/// A command line that was not.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum WrongCall {
    NoCommand,
    UnknownCommand(String),
    UnexpectedArgument { command: &'static str, argument: String },
    Bench(bench::WrongCall),
    Fuzz(fuzz::WrongCall),
}

impl fmt::Display for WrongCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCommand => write!(f, "error: a command is missing"),
            Self::UnknownCommand(word) => write!(f, "error: there is no command `{word}`"),
            Self::UnexpectedArgument { command, argument } => {
                write!(f, "error: `{command}` takes no argument, but was given `{argument}`")
            }
            Self::Bench(wrong) => wrong.fmt(f),
            Self::Fuzz(wrong) => wrong.fmt(f),
        }
    }
}

/// Reads the words after `cargo xtask`.
pub(crate) fn parse(words: &[String]) -> Result<Call, WrongCall> {
    let Some((first, rest)) = words.split_first() else {
        return Err(WrongCall::NoCommand);
    };
    if ["help", "-h", "--help"].contains(&first.as_str()) {
        return Ok(Call::Usage);
    }
    if first == bench::WORD {
        return bench::parse(rest).map(Call::Bench).map_err(WrongCall::Bench);
    }
    if first == fuzz::WORD {
        return fuzz::parse(rest).map(Call::Fuzz).map_err(WrongCall::Fuzz);
    }
    let command = COMMANDS
        .iter()
        .find(|command| command.word == first)
        .ok_or_else(|| WrongCall::UnknownCommand(first.clone()))?;
    match rest.first() {
        None => Ok(Call::Run(command)),
        Some(argument) => {
            Err(WrongCall::UnexpectedArgument { command: command.word, argument: argument.clone() })
        }
    }
}

/// The text of `cargo xtask help`.
pub(crate) fn usage() -> String {
    let mut text = String::from("Usage: cargo xtask <command>\n\nCommands:\n");
    let with_arguments = [(bench::WORD, bench::ABOUT), (fuzz::WORD, fuzz::ABOUT)];
    for (word, about) in COMMANDS.iter().map(|command| (command.word, command.about)).chain(with_arguments) {
        text.push_str(&format!("  {word:<8}{about}\n"));
    }
    text.push_str("  help    this text\n\n");
    text.push_str("Exit code: 0 passed, 1 a step failed or something it needs is missing, 2 wrong call.\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn every_command_is_found_by_its_word_and_named_in_the_usage() {
        for expected in &COMMANDS {
            let call = parse(&words(expected.word));
            assert!(matches!(call, Ok(Call::Run(found)) if found.word == expected.word), "{}", expected.word);
            assert!(usage().contains(&format!("  {} ", expected.word)), "{}", expected.word);
        }
    }

    #[test]
    fn help_is_a_call_and_not_a_mistake() {
        for word in ["help", "-h", "--help"] {
            assert!(matches!(parse(&words(word)), Ok(Call::Usage)), "{word}");
        }
    }

    #[test]
    fn an_unknown_command_an_argument_too_many_and_no_command_are_wrong_calls() {
        assert_eq!(parse(&[]).unwrap_err(), WrongCall::NoCommand);
        assert_eq!(parse(&words("chekc")).unwrap_err(), WrongCall::UnknownCommand("chekc".to_owned()));
        assert_eq!(
            parse(&words("test fast")).unwrap_err(),
            WrongCall::UnexpectedArgument { command: "test", argument: "fast".to_owned() }
        );
    }

    #[test]
    fn check_is_lint_and_test_with_nothing_left_out() {
        let names = |word: &str| -> Vec<&str> {
            let command = COMMANDS.iter().find(|command| command.word == word).unwrap();
            command.steps().map(|step| step.name).collect()
        };
        assert_eq!(names("check"), [names("lint"), names("test")].concat());
    }

    #[test]
    fn a_prerequisite_of_several_steps_is_named_once() {
        for command in &COMMANDS {
            let mut names: Vec<&str> = command.needs().iter().map(|need| need.name).collect();
            names.sort_unstable();
            let mut unique = names.clone();
            unique.dedup();
            assert_eq!(names, unique, "{}", command.word);
        }
    }
}
