//! The programs as they are shipped, each in a process of its own.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use bench_harness::Failure;

/// A program that serves HTTP. It ends with this value.
pub(crate) struct Process {
    child: Child,
    /// Kept, since a program must not find its output closed.
    _output: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts a program that was built beside this one, in `folder`, where its log goes too, and waits until it has said where
    /// it listens.
    pub(crate) fn start(
        program: &str,
        folder: &Path,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let path = std::env::current_exe()?.with_file_name(program);
        let log = tempfile::Builder::new().prefix(program).suffix(".log").tempfile_in(folder)?;
        let (log, log_file) = log.keep()?;
        let mut command = Command::new(&path);
        command.env_clear().envs(variables.iter().copied()).args(arguments).current_dir(folder);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::from(log));
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", path.display()))?;
        let mut output = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        match address(&mut output) {
            Ok(address) => Ok(Self { child, _output: output, address }),
            Err(error) => {
                let _ = child.kill();
                child.wait()?;
                Err(format!("{program} did not start: {error}: {}", std::fs::read_to_string(log_file)?)
                    .into())
            }
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// The first URL that is said.
fn address(output: &mut BufReader<ChildStdout>) -> Result<SocketAddr, Failure> {
    for line in output.lines() {
        if let Some(address) = line?.split_whitespace().find_map(|word| word.strip_prefix("http://")) {
            return Ok(address.parse()?);
        }
    }
    Err("it has ended".into())
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
