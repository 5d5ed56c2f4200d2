//! `countersign migrate` and `countersign store copy`: an installation is made ready, and moves.

use crate::support::{EMAIL, Folder, PASSWORD, Tokens, on_both_engines};

on_both_engines! {
    the_first_migration_makes_the_tables_and_the_next_finds_them;
}

fn the_first_migration_makes_the_tables_and_the_next_finds_them(folder: &Folder) {
    let (first, second) = (folder.run(["migrate"], "").ok(), folder.run(["migrate"], "").ok());
    let version = first.strip_prefix("made the tables, version ").unwrap();
    assert_eq!(second, format!("the tables are up to date, version {version}"));
    folder.serve().stop();
}

#[test]
fn migrations_that_run_at_once_agree() {
    let folder = Folder::on_postgres();
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..6).map(|_| scope.spawn(|| folder.run(["migrate"], "").ok())).collect();
        let said: Vec<String> = runs.into_iter().map(|run| run.join().unwrap()).collect();
        let made = said.iter().filter(|said| said.starts_with("made the tables")).count();
        assert_eq!(made, 1, "{said:?}");
    });
}

#[test]
fn an_installation_moves_to_postgres_and_nobody_notices() {
    let issuer = ("COUNTERSIGN_ISSUER", "https://auth.example");
    let old = Folder::new();
    let service = old.serve_with(&[issuer]);
    service.register(EMAIL, PASSWORD);
    let tokens = service.tokens(EMAIL, PASSWORD);
    let gone = service.token(EMAIL, PASSWORD);
    old.run(["token", "revoke"], &gone).ok();
    service.stop();

    let url = throwaway_postgres::shared().database();
    let copy = ["store", "copy", "--from", "sqlite:countersign-data/countersign.db", "--to", url.as_str()];
    let ran = old.run(copy, "");
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (Some(0), "copied: users 1, signing keys 1, sessions 2, revocations 1\n"),
        "{ran:?}"
    );
    insta::assert_snapshot!(ran.err, @"the master key has to go along: without it no stored key opens and no refresh token is good");

    // Without it, the service says so, and makes no other in its place.
    let new = Folder::with_database(url.clone());
    let refused = new.run(["serve", "--port", "0"], "");
    assert!(refused.code == Some(1) && refused.err.contains("master.key is missing"), "{refused:?}");

    let key = old.path().join("countersign-data/master.key");
    let service = new.serve_with(&[issuer, ("COUNTERSIGN_MASTER_KEY_FILE", key.to_str().unwrap())]);
    assert_eq!(service.profile(&tokens.access).status, 200);
    assert_eq!(service.profile(&gone).code(), "token_revoked");
    assert_eq!(Tokens::of(&service.refresh(&tokens.refresh)).counter(), 1);
    assert_eq!(service.login(EMAIL, PASSWORD).status, 200);

    let again = old.run(copy, "");
    assert_eq!(
        (again.code, again.err.as_str()),
        (
            Some(1),
            "error: nothing was copied: the target is not empty: the number of rows in its table users is 1\n"
        )
    );
}

#[test]
fn a_copy_of_nothing_or_to_nowhere_is_refused() {
    let folder = Folder::new();
    for (from, to, code, said) in [
        ("sqlite:absent.db", "sqlite:new.db", 1, "there is no database at"),
        ("mysql://root:hunter2@localhost/db", "sqlite:new.db", 2, "--from: is not a database URL"),
        ("sqlite:absent.db", "sqlite:new.db?mode=rwc", 2, "--to: has parameters"),
    ] {
        let ran = folder.run(["store", "copy", "--from", from, "--to", to], "");
        assert!(ran.code == Some(code) && ran.err.contains(said), "{ran:?}");
        assert!(!ran.err.contains("hunter2"), "{ran:?}");
    }
    assert!(!folder.path().join("new.db").exists());
}
