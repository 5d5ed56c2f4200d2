//! What outlives a process, and what several share.

use std::{path::Path, thread};

use crate::support::{EMAIL, Folder, PASSWORD, Service, on_both_engines};

const ISSUER: (&str, &str) = ("COUNTERSIGN_ISSUER", "https://auth.example");

on_both_engines! {
    a_restart_keeps_users_and_keys;
    two_services_that_start_at_once_share_one_database;
}

fn a_restart_keeps_users_and_keys(folder: &Folder) {
    let first = folder.serve_with(&[ISSUER]);
    let user = first.register(EMAIL, PASSWORD).json();
    let token = first.token(EMAIL, PASSWORD);
    let keys = first.get("/.well-known/jwks.json", &[]).body;
    first.stop();

    let second = folder.serve_with(&[ISSUER]);
    assert_eq!(second.profile(&token).json(), user);
    assert_eq!(second.profile(&second.token(EMAIL, PASSWORD)).json(), user);
    assert_eq!(second.get("/.well-known/jwks.json", &[]).body, keys);
}

fn two_services_that_start_at_once_share_one_database(folder: &Folder) {
    const USERS: usize = 8;
    let (one, two) = thread::scope(|scope| {
        let one = scope.spawn(|| folder.serve_with(&[ISSUER]));
        let two = scope.spawn(|| folder.serve_with(&[ISSUER]));
        (one.join().unwrap(), two.join().unwrap())
    });

    let sign_up = |service: &Service, name: &str| -> Vec<String> {
        let email = |number: usize| format!("{name}{number}@example.com");
        (0..USERS)
            .map(|number| {
                assert_eq!(service.register(&email(number), PASSWORD).status, 201);
                service.token(&email(number), PASSWORD)
            })
            .collect()
    };
    let (of_one, of_two) = thread::scope(|scope| {
        let of_one = scope.spawn(|| sign_up(&one, "one"));
        let of_two = scope.spawn(|| sign_up(&two, "two"));
        (of_one.join().unwrap(), of_two.join().unwrap())
    });
    for (service, tokens) in [(&one, &of_two), (&two, &of_one)] {
        for token in tokens {
            let profile = service.profile(token);
            assert_eq!(profile.status, 200, "{profile:?}");
        }
    }
    assert_eq!(one.login("two0@example.com", PASSWORD).status, 200);

    one.stop();
    two.stop();
    assert_eq!(folder.run(["user", "list"], "").ok().lines().count(), 2 * USERS);
    if let Some(file) = folder.sqlite_file() {
        assert_eq!(integrity(&file), "ok");
    }
}

/// What SQLite itself says of the file.
fn integrity(file: &Path) -> String {
    use sqlx::{Connection as _, Row as _};
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap().get(0)
    })
}

#[test]
fn a_second_process_with_nothing_but_the_published_keys_verifies_after_the_first_has_stopped() {
    let folder = Folder::new();
    let service = folder.serve_with(&[ISSUER]);
    service.register(EMAIL, PASSWORD);
    let token = service.token(EMAIL, PASSWORD);
    let keys = service.get("/.well-known/jwks.json", &[]).body;
    service.stop();

    let elsewhere = Folder::new();
    elsewhere.write("jwks.json", &keys);
    let claims = elsewhere
        .run(
            [
                "token",
                "verify",
                "--jwks",
                "jwks.json",
                "--iss",
                ISSUER.1,
                "--aud",
                "countersign",
                "--typ",
                "at+jwt",
            ],
            &token,
        )
        .ok();
    assert!(claims.contains(EMAIL), "{claims}");
    let left: Vec<_> = elsewhere.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["jwks.json"], "a verification leaves files behind");
}
