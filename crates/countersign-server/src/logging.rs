//! The log: structured, on standard error.

use std::io::{self, IsTerminal as _};

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
