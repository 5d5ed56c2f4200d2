//! What a script that calls `cargo xtask` relies on.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

fn xtask(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask")).args(words).output().unwrap()
}

#[test]
fn help_goes_to_standard_output_with_exit_code_0() {
    let output = xtask(&["help"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("Usage: cargo xtask"));
    assert!(output.stderr.is_empty());
}

#[test]
fn a_wrong_call_prints_what_is_wrong_and_the_usage_with_exit_code_2() {
    for words in [&[][..], &["chekc"], &["test", "fast"]] {
        let output = xtask(words);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(told.starts_with("error: ") && told.contains("Usage: cargo xtask"), "{words:?}: {told}");
        assert!(output.stdout.is_empty(), "{words:?}");
    }
}

#[test]
fn a_missing_prerequisite_is_named_before_anything_runs_with_exit_code_1() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("test")
        .env("CC", "no-compiler-of-this-name")
        .env("PATH", "")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("missing: C compiler"));
    assert!(!String::from_utf8_lossy(&output.stdout).contains("=="), "no step may have started");
}
