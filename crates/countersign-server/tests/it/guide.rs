//! The commands of the guide, as a reader copies them.

use std::process::Command;

use crate::support::Folder;

const GUIDE: &str = include_str!("../../../../docs/guide/sessions.md");

/// The contents of the blocks of a language, in their order.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    GUIDE.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn the_commands_of_the_guide_to_sessions_print_what_it_says() {
    let folder = Folder::new();
    let service = folder.serve_with(&[("COUNTERSIGN_SESSION_COOKIE_ORIGINS", "http://localhost:5173")]);
    service.register("ada@example.com", "correct horse");
    let (commands, printed) = (blocks("sh"), blocks("text"));
    assert_eq!((commands.len(), printed.len()), (2, 2));
    for (commands, printed) in commands.into_iter().zip(printed) {
        let commands = commands.replace("http://127.0.0.1:3000", &service.url());
        let ran = Command::new("sh").args(["-c", &commands]).current_dir(folder.path()).output().unwrap();
        assert!(ran.status.success() && ran.stderr.is_empty(), "is curl installed? {ran:?}");
        assert_eq!(String::from_utf8(ran.stdout).unwrap(), printed);
    }
}

#[test]
fn the_settings_of_the_guide_are_settings() {
    let folder = Folder::new();
    for settings in blocks("toml") {
        folder.write("countersign.toml", settings);
        folder.serve().stop();
    }
}
