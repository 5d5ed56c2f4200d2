use std::fs;
use std::path::Path;

use countersign_store::{OpenError, Store, StoreError};

use super::{Folder, ask, key, user};

async fn refusal(path: &Path) -> String {
    Store::open_file(path).await.map(|_| ()).unwrap_err().to_string()
}

async fn refusal_of_url(url: &str) -> String {
    Store::open(url).await.map(|_| ()).unwrap_err().to_string()
}

#[tokio::test]
async fn what_was_stored_is_there_after_a_restart() {
    let folder = Folder::new();
    let store = folder.open().await;
    store.insert_user(&user("user-1", "ada@example.org")).await.unwrap();
    let first = store.insert_first_signing_key(&key("key-1", 0)).await.unwrap();
    store.close().await;

    let store = folder.open().await;

    assert!(store.user_by_email("ada@example.org").await.unwrap().is_some());
    assert_eq!(store.insert_first_signing_key(&key("key-2", 1)).await.unwrap(), first);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_although_the_store_was_never_closed() {
    let folder = Folder::new();
    let store = folder.open().await;
    store.insert_user(&user("user-1", "ada@example.org")).await.unwrap();
    // As a crash leaves it: the file and its log, copied while the store is open.
    let crashed = Folder::new();
    for suffix in ["", "-wal"] {
        let name = format!("{}{suffix}", folder.database().display());
        fs::copy(name, format!("{}{suffix}", crashed.database().display())).unwrap();
    }
    assert!(crashed.open().await.user_by_id("user-1").await.unwrap().is_some());
}

#[tokio::test]
async fn a_url_and_a_path_open_the_same_file() {
    let folder = Folder::new();
    folder.open().await.insert_user(&user("user-1", "ada@example.org")).await.unwrap();
    let path = folder.database();
    for url in [format!("sqlite:{}", path.display()), format!("sqlite://{}", path.display())] {
        assert!(Store::open(&url).await.unwrap().user_by_id("user-1").await.unwrap().is_some(), "{url}");
    }
}

#[tokio::test]
async fn a_file_of_any_name_is_opened_under_that_name() {
    let folder = Folder::new();
    for name in
        ["a b.db", "100%.db", "100%25.db", "a?mode=ro", "a#b", "é.db", "a:b@c", "..db", "a&b=c+d", "'\"\\"]
    {
        let path = folder.database().with_file_name(name);
        let store = Store::open_file(&path).await.unwrap();
        store.insert_user(&user("user-1", "ada@example.org")).await.unwrap();
        store.close().await;
        assert!(path.is_file(), "{name}");
        assert_eq!(ask(&path, "SELECT id FROM users").await, "user-1", "{name}");
    }
    let names = fs::read_dir(folder.0.path()).unwrap().count();
    assert_eq!(names, 10, "nothing else was created");
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_and_what_is_beside_it_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let store = folder.open().await;
    store.insert_user(&user("user-1", "ada@example.org")).await.unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let name = format!("{}{suffix}", folder.database().display());
        assert_eq!(fs::metadata(&name).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn an_empty_file_becomes_a_database() {
    let folder = Folder::new();
    fs::write(folder.database(), "").unwrap();
    folder.open().await.insert_user(&user("user-1", "ada@example.org")).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_path_through_a_link_leads_where_the_operating_system_would_go() {
    let folder = Folder::new();
    folder.open().await.insert_user(&user("user-1", "ada@example.org")).await.unwrap();
    let (inner, elsewhere) = (folder.0.path().join("inner"), folder.0.path().join("elsewhere"));
    fs::create_dir(&inner).unwrap();
    fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&inner, elsewhere.join("link")).unwrap();

    // Read letter by letter this is `elsewhere/countersign.db`; but the link leads into `inner`, and up from there.
    let store = Store::open_file(&elsewhere.join("link/../countersign.db")).await.unwrap();

    assert!(store.user_by_id("user-1").await.unwrap().is_some());
    assert!(!elsewhere.join("countersign.db").exists());
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let folder = Folder::new();
    let missing = folder.database().with_file_name("missing");
    assert_eq!(
        refusal(&missing.join("countersign.db")).await,
        format!(
            "cannot open the database {0}/countersign.db: the folder {0} does not exist",
            missing.display()
        )
    );
    assert!(!missing.exists());
}

#[tokio::test]
async fn a_folder_is_not_a_database() {
    let folder = Folder::new();
    let path = folder.database();
    fs::create_dir(&path).unwrap();
    assert_eq!(refusal(&path).await, format!("cannot open the database {}: it is a folder", path.display()));
    assert_eq!(refusal(Path::new("/")).await, "cannot open the database /: it is a folder");
}

#[tokio::test]
async fn a_file_in_the_place_of_the_folder_is_named() {
    let folder = Folder::new();
    let file = folder.database();
    fs::write(&file, "text").unwrap();
    let path = file.join("countersign.db");
    assert_eq!(
        refusal(&path).await,
        format!("cannot open the database {}: Not a directory (os error 20)", path.display())
    );
}

#[tokio::test]
async fn a_file_that_is_something_else_is_refused_and_left_as_it_is() {
    let folder = Folder::new();
    let path = folder.database();
    let text = "This is no database. ".repeat(100);
    fs::write(&path, &text).unwrap();
    assert_eq!(
        refusal(&path).await,
        format!("cannot open the database {}: the file is not a SQLite database", path.display())
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    let folder = Folder::new();
    let store = folder.open().await;
    store.insert_user(&user("user-1", "ada@example.org")).await.unwrap();
    store.close().await;
    let path = folder.database();
    let mut bytes = fs::read(&path).unwrap();
    // The header stays; the table of tables behind it is overwritten.
    bytes[100..4096].fill(0xa5);
    fs::write(&path, &bytes).unwrap();
    assert_eq!(
        refusal(&path).await,
        format!("cannot open the database {}: the file is damaged; restore it from a backup", path.display())
    );
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[tokio::test]
async fn a_file_cut_short_is_refused() {
    let folder = Folder::new();
    let store = folder.open().await;
    store.insert_user(&user("user-1", "ada@example.org")).await.unwrap();
    store.close().await;
    let path = folder.database();
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..5000]).unwrap();
    assert!(matches!(Store::open_file(&path).await, Err(OpenError::Corrupted { .. })));
}

#[tokio::test]
async fn a_schema_of_a_newer_program_is_refused_and_left_as_it_is() {
    use sqlx::{ConnectOptions, Connection, Executor};
    let folder = Folder::new();
    folder.open().await.close().await;
    let path = folder.database();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let mut connection = options.connect().await.unwrap();
    connection.execute("INSERT INTO countersign_schema (version) VALUES (1000)").await.unwrap();
    connection.close().await.unwrap();

    let before = fs::read(&path).unwrap();
    assert_eq!(
        refusal(&path).await,
        format!(
            "cannot use the database {}: its schema has version 1000, and this program knows versions up to 8; \
             use the newer program, or a backup",
            path.display()
        )
    );
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn tables_of_another_program_are_left_alone() {
    use sqlx::{ConnectOptions, Connection, Executor};
    let folder = Folder::new();
    let path = folder.database();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    connection.execute("CREATE TABLE users (name TEXT)").await.unwrap();
    connection.close().await.unwrap();

    let refusal = refusal(&path).await;

    assert!(refusal.starts_with(&format!("cannot set up the tables in the database {}: ", path.display())));
    assert!(refusal.contains("table users already exists"), "{refusal}");
    assert_eq!(ask(&path, "SELECT group_concat(name) FROM sqlite_schema").await, "users");
}

#[tokio::test]
async fn urls_that_name_no_file_are_refused_without_being_repeated() {
    assert_eq!(
        refusal_of_url("mysql://root:hunter2@localhost/db").await,
        "the database URL must begin with sqlite: or postgres:"
    );
    assert_eq!(refusal_of_url("").await, "the database URL must begin with sqlite: or postgres:");
    for url in ["sqlite::memory:", "sqlite://:memory:", "sqlite:", "sqlite://"] {
        assert_eq!(
            refusal_of_url(url).await,
            "a database in memory forgets every user and key when the program ends: name a file, sqlite:PATH"
        );
    }
    assert_eq!(
        refusal_of_url("sqlite:countersign.db?mode=rwc").await,
        "the database URL sqlite:countersign.db must be a path and nothing else: it takes no parameters after a '?'"
    );
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_named_without_the_password() {
    // A port that was free a moment ago, and that nobody listens on.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let refusal = refusal_of_url(&format!("postgres://someone:hunter2@127.0.0.1:{port}/countersign")).await;
    assert!(
        refusal.starts_with(&format!("cannot reach the database postgres://127.0.0.1:{port}/countersign: ")),
        "{refusal}"
    );
    assert!(!refusal.contains("hunter2"));
    assert!(!refusal_of_url("postgres://someone:hunter2@[/x").await.contains("hunter2"));
}

#[tokio::test]
async fn a_closed_store_is_unavailable_and_an_open_one_is_healthy() {
    let folder = Folder::new();
    let store = folder.open().await;
    assert_eq!(store.health().await, Ok(()));
    store.clone().close().await;
    assert!(matches!(store.health().await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(store.user_by_id("user-1").await, Err(StoreError::Unavailable { .. })));
}

#[cfg(unix)]
mod permissions {
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Permissions bind everybody but the superuser, whom nothing here can refuse.
    fn refuses_us(path: &Path) -> bool {
        fs::OpenOptions::new().write(true).open(path).is_err()
    }

    async fn opening_with(file_mode: u32, folder_mode: u32) -> (PathBuf, Result<(), OpenError>, bool) {
        let folder = Folder::new();
        folder.open().await.close().await;
        let path = folder.database();
        set_mode(&path, file_mode);
        set_mode(folder.0.path(), folder_mode);
        let probe = folder.0.path().join("probe");
        let bound = refuses_us(&path) || fs::write(probe, "").is_err();
        let opened = Store::open_file(&path).await.map(|_| ());
        set_mode(folder.0.path(), 0o700);
        (path, opened, bound)
    }

    #[tokio::test]
    async fn a_file_that_may_only_be_read_is_refused() {
        let (path, opened, bound) = opening_with(0o400, 0o700).await;
        assert_eq!(opened, if bound { Err(OpenError::ReadOnly { path }) } else { Ok(()) });
    }

    #[tokio::test]
    async fn a_file_that_may_not_even_be_read_is_refused() {
        let (path, opened, bound) = opening_with(0o000, 0o700).await;
        assert_eq!(opened, if bound { Err(OpenError::NoAccess { path }) } else { Ok(()) });
    }

    #[tokio::test]
    async fn a_file_in_a_folder_without_room_for_its_log_is_refused() {
        let (path, opened, bound) = opening_with(0o600, 0o500).await;
        assert_eq!(opened, if bound { Err(OpenError::ReadOnly { path }) } else { Ok(()) });
    }

    #[tokio::test]
    async fn a_folder_in_which_nothing_may_be_created_is_named() {
        let folder = Folder::new();
        set_mode(folder.0.path(), 0o500);
        let path = folder.database();
        let probe = fs::write(folder.0.path().join("probe"), "");
        let opened = Store::open_file(&path).await.map(|_| ()).map_err(|error| error.to_string());
        set_mode(folder.0.path(), 0o700);
        let expected = match probe {
            Err(_) => {
                Err(format!("cannot create the database {}: Permission denied (os error 13)", path.display()))
            }
            Ok(()) => Ok(()),
        };
        assert_eq!(opened, expected);
    }
}
