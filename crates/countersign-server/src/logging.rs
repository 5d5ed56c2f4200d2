//! The log: structured, on standard error.

use std::{
    io::{self, IsTerminal as _},
    panic::{self, PanicHookInfo},
};

use tracing::Level;
use tracing_subscriber::{
    Layer as _, filter::Targets, fmt, layer::SubscriberExt as _, registry, util::SubscriberInitExt as _,
};

use crate::config::{LogConfig, LogFormat};

/// The crates whose logs are ours: they are written to hold no token, password or secret.
const OURS: &str = "countersign";

/// What other crates may say. What they tell at finer levels, nobody here has checked for secrets.
const OTHERS: Level = Level::WARN;

/// Starts logging in this process. Where logging has been started already, that stays.
pub fn start(config: &LogConfig) {
    let levels = Targets::new().with_default(OTHERS.min(config.level)).with_target(OURS, config.level);
    let layer = match config.format {
        LogFormat::Text => fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal()).boxed(),
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_writer(io::stderr).boxed(),
    };
    let _ = registry().with(layer.with_filter(levels)).try_init();
}

/// Logs panics of this process like everything else: where they happened, and not with what words, since those may hold
/// anything.
pub fn log_panics() {
    panic::set_hook(Box::new(log_panic));
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string);
    tracing::error!(location, "a mistake in this program: it panicked");
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, Mutex},
        thread,
    };

    use super::*;

    /// A log in memory.
    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_one_line_that_says_where_and_not_with_what() {
        const THREAD: &str = "the thread that panics";
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| match thread::current().name() {
            Some(THREAD) => log_panic(info),
            _ => before(info),
        }));
        let log = Memory::default();
        let writer = log.clone();
        let panics = thread::Builder::new().name(THREAD.to_owned()).spawn(move || {
            let subscriber = fmt::Subscriber::builder().with_writer(move || writer.clone()).with_ansi(false);
            tracing::subscriber::with_default(subscriber.finish(), || panic!("hunter2"));
        });
        assert!(panics.unwrap().join().is_err());
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert_eq!(log.lines().count(), 1, "{log}");
        assert!(log.contains("src/logging.rs:") && !log.contains("hunter2"), "{log}");
    }
}
