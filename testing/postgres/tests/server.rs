//! The server is there, holds what it was told across a stop, and is gone when its process is.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use throwaway_postgres::{Server, shared};

fn ask(url: &str, question: &str) -> Result<String, String> {
    let output = Command::new("psql")
        .args(["--no-psqlrc", "--tuples-only", "--no-align", "--command", question, url])
        .output()
        .map_err(|error| error.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

#[test]
fn each_database_is_new_and_empty_and_what_is_acknowledged_is_synchronised() {
    let (one, other) = (shared().database(), shared().database());
    assert_ne!(one, other);
    assert_eq!(ask(&one, "CREATE TABLE kept (value TEXT)"), Ok("CREATE TABLE".to_owned()));
    assert!(ask(&other, "SELECT value FROM kept").is_err());
    assert_eq!(ask(&one, "SHOW fsync"), Ok("on".to_owned()));
    assert_eq!(ask(&one, "SHOW synchronous_commit"), Ok("on".to_owned()));
}

#[test]
fn a_stopped_server_is_not_there_and_knows_everything_when_it_is_back() {
    let server = Server::start();
    let url = server.database();
    ask(&url, "CREATE TABLE kept AS SELECT 'it' AS value").unwrap();
    server.stop();
    assert!(ask(&url, "SELECT value FROM kept").is_err());
    server.start_again();
    assert_eq!(ask(&url, "SELECT value FROM kept"), Ok("it".to_owned()));
}

#[test]
fn a_server_is_gone_with_its_files_when_its_process_was_killed() {
    let mut holder = Command::new(env!("CARGO_BIN_EXE_throwaway-postgres"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let url = url.trim_end();
    assert_eq!(ask(url, "SELECT 1"), Ok("1".to_owned()));

    holder.kill().unwrap();
    holder.wait().unwrap();
    // It ends when the last that writes to it has: the server's keeper.
    holder.stderr.take().unwrap().read_to_end(&mut Vec::new()).unwrap();
    assert!(ask(url, "SELECT 1").is_err());
    assert!(!Path::new(url.split_once("?host=").unwrap().1).exists());
}
