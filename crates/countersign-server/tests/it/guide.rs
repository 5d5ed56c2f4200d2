//! The commands of the guides, as a reader copies them.

use std::process::Command;

use crate::support::{EMAIL, Folder, PASSWORD, Tokens};

const GUARDS: &str = include_str!("../../../../docs/guide/guards.md");
const SESSIONS: &str = include_str!("../../../../docs/guide/sessions.md");
const REVOCATION: &str = include_str!("../../../../docs/guide/revocation.md");
const SCALING: &str = include_str!("../../../../docs/guide/scaling.md");

/// The contents of the blocks of a language in a guide, in their order.
fn blocks(guide: &'static str, language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    guide.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// What commands print in a folder, and what they complain of.
fn printed(folder: &Folder, commands: &str, variables: &[(&str, &str)]) -> (String, String) {
    let mut shell = Command::new("sh");
    shell.args(["-c", commands]).current_dir(folder.path()).envs(variables.iter().copied());
    let ran = shell.output().unwrap();
    assert!(ran.status.success(), "is curl installed? {ran:?}");
    (String::from_utf8(ran.stdout).unwrap(), String::from_utf8(ran.stderr).unwrap())
}

/// Where a shell finds the binary.
fn path() -> String {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_countersign")).parent().unwrap();
    format!("{}:/usr/bin:/bin", program.display())
}

#[test]
fn a_token_is_signed_and_explained_as_the_guide_to_guards_says() {
    let folder = Folder::new();
    folder.serve().stop();
    let commands = blocks(GUARDS, "sh").into_iter().find(|commands| commands.contains("token sign")).unwrap();
    let (out, err) = printed(&folder, commands, &[("PATH", &path())]);
    assert!(out.ends_with("\nadmitted, recognised by jwt\n") && err.is_empty(), "{out}{err}");
}

#[test]
fn the_commands_of_the_guide_to_sessions_print_what_it_says() {
    let folder = Folder::new();
    let service = folder.serve_with(&[("COUNTERSIGN_SESSION_COOKIE_ORIGINS", "http://localhost:5173")]);
    service.register("ada@example.com", "correct horse");
    let (commands, said) = (blocks(SESSIONS, "sh"), blocks(SESSIONS, "text"));
    assert_eq!((commands.len(), said.len()), (2, 2));
    for (commands, said) in commands.into_iter().zip(said) {
        let commands = commands.replace("http://127.0.0.1:3000", &service.url());
        assert_eq!(printed(&folder, &commands, &[]), (said.to_owned(), String::new()));
    }
}

#[test]
fn the_guide_to_revocation_revokes_a_token_and_shows_what_it_is_answered_then() {
    let folder = Folder::new();
    let service = folder.serve();
    service.register("ada@example.com", "correct horse");
    let commands = blocks(REVOCATION, "sh").into_iter().find(|commands| commands.contains("curl")).unwrap();
    let commands = commands.replace("http://127.0.0.1:3000", &service.url());
    assert_eq!(printed(&folder, &commands, &[]), (blocks(REVOCATION, "text")[0].to_owned(), String::new()));
}

#[test]
fn the_settings_of_the_guide_are_settings() {
    let folder = Folder::new();
    for settings in blocks(SESSIONS, "toml") {
        folder.write("countersign.toml", settings);
        folder.serve().stop();
    }
}

/// The guide to scaling from its first step to several instances, with the places of its variables exchanged for those of
/// this machine.
#[test]
fn the_guide_to_scaling_leads_from_one_file_to_several_instances_and_nobody_is_logged_out() {
    let folder = Folder::new();
    let issuer = [("COUNTERSIGN_ISSUER", "https://auth.example.com")];
    let service = folder.serve_with(&issuer);
    service.register(EMAIL, PASSWORD);
    let tokens = service.tokens(EMAIL, PASSWORD);
    service.stop();

    let url = throwaway_postgres::shared().database();
    let path = path();
    let (commands, said) = (blocks(SCALING, "sh"), blocks(SCALING, "text"));
    assert_eq!((commands.len(), said.len()), (1, 1));
    let (out, _) = printed(&folder, commands[0], &[("PATH", &path), ("POSTGRES_URL", &url)]);
    assert_eq!(out, said[0]);

    let key = folder.path().join("countersign-data/master.key");
    let here = |line: &'static str| match line.split_once('=').unwrap() {
        ("DATABASE_URL", _) => ("DATABASE_URL", url.clone()),
        ("COUNTERSIGN_MASTER_KEY_FILE", _) => ("COUNTERSIGN_MASTER_KEY_FILE", key.display().to_string()),
        (name, value) => (name, value.to_owned()),
    };
    let given: Vec<(&str, String)> = blocks(SCALING, "env")[0].lines().map(here).collect();
    let variables: Vec<(&str, &str)> = given.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (one, two) = (Folder::new(), Folder::new());
    let (one, two) = (one.serve_with(&variables), two.serve_with(&variables));
    let next = Tokens::of(&one.refresh(&tokens.refresh));
    assert_eq!(two.refresh(&tokens.refresh).json()["refresh_token"], next.refresh);
    for token in [tokens.access, next.access] {
        assert_eq!(two.profile(&token).status, 200);
    }
}
