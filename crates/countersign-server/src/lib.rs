//! The Countersign authentication service: a router to mount, and the binary `countersign`.
//!
//! Where things live: [`config`] parses what was configured, once; [`cli`] is the commands.

pub mod config;
