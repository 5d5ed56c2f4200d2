//! Writing to whoever called. A reader that has had enough (`| head`) is no error: what it does not read is not missed.

use std::{
    fmt::Display,
    io::{self, StdoutLock, Write},
};

use super::Failure;

/// Writes what was asked for, and a newline, to standard output.
pub(super) fn answer(text: impl Display) -> Result<(), Failure> {
    write(|out| writeln!(out, "{text}"))
}

/// Writes what was asked for to standard output as it is.
pub(super) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    write(|out| out.write_all(bytes))
}

fn write(what: impl FnOnce(&mut StdoutLock<'_>) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match what(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::failed(format_args!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a line beside the answer to standard error. If that cannot be written to, there is nobody to tell.
pub(super) fn note(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
