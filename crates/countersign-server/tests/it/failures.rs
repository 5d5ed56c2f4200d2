//! What stands in the way of a start: one clear line each, and an exit code that is not 0.

use std::fs;

use crate::support::{Folder, Ran};

/// Starts a service that must not start, and gives its one line without the folder of the test.
fn line(folder: &Folder, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let Ran { code, out, err } = folder.run_with(["serve", "--port", "0"], "", variables);
    assert_eq!(out, "", "a service that did not start printed its banner");
    assert!(!err.contains("panicked"), "{err}");
    (code, err.replace(&format!("{}/", folder.path().display()), "").trim_end().to_owned())
}

#[test]
fn a_port_in_use_is_one_line() {
    let folder = Folder::new();
    let service = folder.serve();
    let port = service.address.port();
    let ran = folder.run(["serve", "--data", "other", "--port", &port.to_string()], "");
    let line = format!(
        "error: cannot listen on 127.0.0.1:{port}: port {port} is in use; choose another with --port\n"
    );
    assert_eq!((ran.code, ran.err), (Some(1), line));
    assert!(
        !folder.path().join("other").exists(),
        "a service that cannot listen leaves a data folder behind"
    );
}

#[test]
fn a_database_that_cannot_be_opened_is_one_line() {
    let folder = Folder::new();
    fs::create_dir(folder.path().join("folder")).unwrap();
    for (url, said) in [
        ("sqlite:folder", "error: cannot open the database folder: it is a folder"),
        (
            "sqlite:absent/a.db",
            "error: cannot open the database absent/a.db: the folder absent does not exist",
        ),
    ] {
        let (code, line) = line(&folder, &[("DATABASE_URL", url)]);
        assert_eq!((code, line.as_str()), (Some(1), said));
    }
    folder.write("countersign-data", "a file where the data folder should be");
    let (code, line) = line(&folder, &[]);
    assert_eq!(
        (code, line.starts_with("error: cannot create countersign-data: ")),
        (Some(1), true),
        "{line}"
    );
}

#[test]
fn a_file_that_is_no_database_is_one_line_and_stays_as_it_is() {
    const TEXT: &str = "this is not a database, it is a letter";
    let folder = Folder::new();
    let file = folder.write("letter", TEXT);
    restrict(&file);
    let (code, line) = line(&folder, &[("DATABASE_URL", "sqlite:letter")]);
    assert_eq!(
        (code, line.as_str()),
        (Some(1), "error: cannot open the database letter: the file is not a SQLite database")
    );
    assert_eq!(fs::read_to_string(file).unwrap(), TEXT);
}

#[cfg(unix)]
fn restrict(file: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_key_that_cannot_be_unsealed_is_one_line() {
    let folder = Folder::new();
    folder.serve().stop();
    let kid = folder.run(["key", "show"], "").ok();
    let kid = serde_json::from_str::<serde_json::Value>(&kid).unwrap()["keys"][0]["kid"]
        .as_str()
        .unwrap()
        .to_owned();

    let another = "00ff".repeat(16);
    let (code, line) = line(&folder, &[("COUNTERSIGN_MASTER_KEY", &another)]);
    let said = format!("error: cannot unseal the signing key {kid}: it was sealed under another master key");
    assert_eq!((code, line), (Some(1), said));
}

#[test]
fn a_lost_master_key_is_one_line_and_is_not_replaced() {
    let folder = Folder::new();
    folder.serve().stop();
    let file = folder.path().join("countersign-data/master.key");
    fs::remove_file(&file).unwrap();
    let (code, line) = line(&folder, &[]);
    let said = "error: the master key countersign-data/master.key is missing, and the stored keys do not open \
                without it; restore it";
    assert_eq!((code, line.as_str()), (Some(1), said));
    assert!(!file.exists());
}

#[cfg(unix)]
#[test]
fn a_master_key_that_others_can_read_is_one_line() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    folder.serve().stop();
    let file = folder.path().join("countersign-data/master.key");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let (code, line) = line(&folder, &[]);
    let said = "error: others can read the master key countersign-data/master.key; \
                run `chmod 600 countersign-data/master.key`";
    assert_eq!((code, line.as_str()), (Some(1), said));
}

#[test]
fn a_wrong_configuration_is_told_whole() {
    let folder = Folder::new();
    folder.write("countersign.toml", "[token]\naccess_livetime = \"1h\"\n");
    let (code, line) = line(&folder, &[("JWT_EXPIRES_IN", "15"), ("JWT_SECRET", "hunter2")]);
    assert_eq!(code, Some(2));
    insta::assert_snapshot!(line, @r#"
    error: the configuration has 3 problems (file: countersign.toml)
      token.access_livetime: is not a setting; did you mean token.access_lifetime?
      JWT_EXPIRES_IN: "15" has no unit; write "15s" for seconds or "15m" for minutes (units: ms, s, m, h, d)
      JWT_SECRET: is too short: HS256 needs at least 32 bytes (RFC 7518 §3.2), and this is 7; `openssl rand -hex 32` makes one
    "#);
}

#[cfg(unix)]
#[test]
fn what_the_service_creates_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let _service = folder.serve();
    let data = folder.path().join("countersign-data");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    let files: Vec<_> = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}
