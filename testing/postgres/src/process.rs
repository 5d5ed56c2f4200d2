//! A running server, held by a pipe: when this process is gone, however it went, so is the server.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::installation::Installation;

/// Runs the server until the pipe says so. A line is a request to stop in order; the end of the pipe means that whoever
/// held it is gone, and nobody needs the files any more.
const KEEPER: &str = r#"
folder=$1; shift
"$@" 2>&1 &
server=$!
if read -r _; then
    kill -INT "$server"; wait "$server"
else
    kill -QUIT "$server"; wait "$server"; rm -rf "$folder"
fi
"#;

/// Small, since many run side by side; on no port; and as careful with its files as by default.
const SETTINGS: [&str; 8] = [
    "listen_addresses=",
    "max_connections=200",
    "shared_buffers=32MB",
    "dynamic_shared_memory_type=mmap",
    "log_min_messages=warning",
    "log_checkpoints=off",
    "max_wal_size=256MB",
    "timezone=UTC",
];

/// More than a line needs from the server to here.
const PATIENCE: Duration = Duration::from_secs(30);

/// The server and its keeper.
#[derive(Debug)]
pub(crate) struct Process {
    keeper: Child,
    log: Arc<Log>,
}

/// What a server has said since it was ready.
#[derive(Debug, Default)]
struct Log {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

impl Process {
    /// Starts the server and waits until it says that it is ready.
    pub(crate) fn start(installation: &Installation, data: &Path, folder: &Path) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "postgres-keeper"]).arg(folder).arg(installation.server());
        command.arg("-D").arg(data).arg("-k").arg(folder);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        installation.unprivileged(&mut command);
        let mut keeper = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("the server did not start: {error}"));
        let mut said = String::new();
        let mut lines = BufReader::new(keeper.stdout.take().expect("it is piped"));
        while !said.contains("ready to accept connections") {
            let read = lines.read_line(&mut said).unwrap_or_default();
            assert!(read > 0, "the server did not start: {said}");
        }
        let log = Arc::<Log>::default();
        let listening = Arc::clone(&log);
        // Whoever does not listen makes the server wait.
        thread::spawn(move || listening.listen(lines));
        Self { keeper, log }
    }

    /// Everything the server has said up to the first line with these words.
    pub(crate) fn said_up_to(&self, words: &str) -> Vec<String> {
        let place = |lines: &[String]| lines.iter().position(|line| line.contains(words));
        let lines = self.log.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.log.more.wait_timeout_while(lines, PATIENCE, |lines| place(lines).is_none());
        let (lines, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let last = place(&lines).unwrap_or_else(|| panic!("the server did not say {words:?}: {lines:?}"));
        lines[..=last].to_vec()
    }

    /// Asks for an orderly end and waits for it.
    pub(crate) fn stop(mut self) {
        let mut pipe = self.keeper.stdin.take().expect("it is piped");
        pipe.write_all(b"stop\n").expect("its keeper listens");
        self.keeper.wait().expect("a process that was started ends");
    }
}

impl Log {
    fn listen(&self, lines: BufReader<ChildStdout>) {
        for line in lines.split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            self.more.notify_all();
        }
    }
}
