//! What an explanation leaves behind: nothing.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

use crate::support::{EMAIL, Folder, PASSWORD, Ran, on_both_engines};

const ISSUER: (&str, &str) = ("COUNTERSIGN_ISSUER", "https://auth.example");

on_both_engines! {
    an_explanation_leaves_the_database_as_it_was;
    whoever_explains_is_no_instance;
    what_a_start_would_make_is_not_made;
}

/// Every row of every table, as the database writes it.
fn dump(folder: &Folder) -> BTreeMap<String, Vec<String>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        match folder.sqlite_file() {
            Some(file) => dump_sqlite(&file).await,
            None => dump_postgres(folder.database().unwrap()).await,
        }
    })
}

async fn dump_sqlite(file: &Path) -> BTreeMap<String, Vec<String>> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut connection).await.unwrap();
    let mut all = BTreeMap::new();
    for table in tables {
        let columns =
            format!("SELECT group_concat('quote(' || name || ')', '||') FROM pragma_table_info('{table}')");
        let columns: String =
            sqlx::query_scalar(AssertSqlSafe(columns)).fetch_one(&mut connection).await.unwrap();
        let rows = format!("SELECT {columns} FROM {table} ORDER BY 1");
        let rows = sqlx::query_scalar(AssertSqlSafe(rows)).fetch_all(&mut connection).await.unwrap();
        all.insert(table, rows);
    }
    all
}

async fn dump_postgres(url: &str) -> BTreeMap<String, Vec<String>> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut connection).await.unwrap();
    let mut all = BTreeMap::new();
    for table in tables {
        let rows = format!("SELECT row_to_json(t)::text FROM {table} t ORDER BY 1");
        let rows = sqlx::query_scalar(AssertSqlSafe(rows)).fetch_all(&mut connection).await.unwrap();
        all.insert(table, rows);
    }
    all
}

fn explain(folder: &Folder, route: &str, token: &str, variables: &[(&str, &str)]) -> Ran {
    folder.run_with(["token", "explain", "--route", route], token, &[&[ISSUER], variables].concat())
}

/// A token of the service's issuer by a key that nobody has published.
fn unheard_of(folder: &Folder) -> String {
    folder.write("other.jwk", &folder.run(["key", "generate", "--format", "jwk"], "").ok());
    let flags = ["--key", "other.jwk", "--iss", ISSUER.1, "--aud", "countersign", "--typ", "at+jwt"];
    folder.run(["token", "sign"].iter().chain(&flags), "").ok()
}

/// The names of all that lies in the data folder, if there is one.
fn files(folder: &Folder) -> Vec<String> {
    let Ok(entries) = folder.path().join("countersign-data").read_dir() else { return Vec::new() };
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn an_explanation_leaves_the_database_as_it_was(folder: &Folder) {
    let service = folder.serve_with(&[ISSUER]);
    service.register(EMAIL, PASSWORD);
    let good = service.token(EMAIL, PASSWORD);
    service.stop();
    let unheard_of = unheard_of(folder);

    let (rows, names) = (dump(folder), files(folder));
    assert!(
        rows["signing_keys"].len() == 1 && rows["users"].len() == 1 && rows["sessions"].len() == 1,
        "{rows:?}"
    );
    // A service that starts with these has to note that its key is needed for longer, and announces the next one.
    let due = [("JWT_EXPIRES_IN", "12h"), ("COUNTERSIGN_KEYS_ROTATE_EVERY", "1d")];
    for (route, token, said) in [
        ("GET /profile", good.as_str(), "admitted, recognised by jwt"),
        ("GET /profile", &unheard_of, "refused: 401 key_unknown"),
        ("GET /profile", "x.y.z", "refused: 401 token_malformed"),
        ("GET /profile", "", "refused: 401 credentials_missing"),
        ("POST /auth/login", "", "admitted without an identity"),
        ("GET /nothing", &good, "admitted without an identity"),
    ] {
        let ran = explain(folder, route, token, &due);
        assert!(ran.out.contains(said), "{route}: {ran:?}");
        assert_eq!(ran.err, "", "{route}");
    }
    assert_eq!(dump(folder), rows);
    assert_eq!(files(folder), names);
}

fn whoever_explains_is_no_instance(folder: &Folder) {
    let service = folder.serve_with(&[ISSUER]);
    service.register(EMAIL, PASSWORD);
    let good = service.token(EMAIL, PASSWORD);
    let unheard_of = unheard_of(folder);
    let instances = || -> Vec<Value> {
        let listed = folder.run(["revocation", "status", "--json"], "").ok();
        listed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone()).collect()
    };
    crate::revocation::until(&1, || instances().len());
    let before = instances();
    for token in [&good, &unheard_of] {
        assert!(explain(folder, "GET /profile", token, &[]).code.is_some());
    }
    assert_eq!(instances(), before);
    assert_eq!(service.profile(&good).status, 200);
}

fn what_a_start_would_make_is_not_made(folder: &Folder) {
    // There are tables, and no key yet.
    folder.run(["user", "add", EMAIL], PASSWORD).ok();
    let (rows, names) = (dump(folder), files(folder));
    let master_key = [("COUNTERSIGN_MASTER_KEY", "07".repeat(32))];
    let given = master_key.each_ref().map(|(name, value)| (*name, value.as_str()));
    let said = "error: no stored key signs; `countersign key generate --store` makes one\n";
    for variables in [&[][..], &given] {
        let ran = explain(folder, "GET /profile", "x.y.z", variables);
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(1), "", said));
    }
    assert_eq!(dump(folder), rows);
    assert_eq!(files(folder), names);
}
