//! The Countersign authentication service: a router to mount, and the binary `countersign`.
//!
//! | module | what lives there |
//! |---|---|
//! | [`config`] | what was configured, parsed once and checked |
//! | [`app`] | the composition root: a configuration becomes a [`Service`] |
//! | [`http`] | HTTP in, HTTP out: the route table |
//! | [`flow`] | the use cases: register, log in, refresh, log out, change the password |
//! | [`key_ring`], [`seal`], [`data_folder`] | signing keys, sealed at rest under the master key, exchanged while the service runs |
//! | [`logging`] | what is logged, and what never |
//! | [`cli`] | the commands of the binary, one file each |
//!
//! The binary does no more than this, and serves what it gets:
//!
//! ```
//! use std::sync::Arc;
//!
//! use axum::Router;
//! use countersign::jwt::SystemClock;
//! use countersign_server::{
//!     Service,
//!     config::{Config, Flags, Surroundings},
//!     router,
//! };
//!
//! async fn application() -> Result<Router, Box<dyn std::error::Error>> {
//!     let config = Config::load(&Flags::default(), &Surroundings::of_this_process()?)?;
//!     let service = Service::start(&config, "https://accounts.example", Arc::new(SystemClock)).await?;
//!     Ok(Router::new().nest("/accounts", router(Arc::new(service))))
//! }
//! ```

pub mod app;
pub mod cli;
pub mod config;
pub mod data_folder;
mod fan_out;
pub mod flow;
pub mod http;
mod issuer_url;
pub mod key_ring;
pub mod logging;
mod metadata;
mod presence;
mod purge;
mod readers;
mod rotation;
pub mod seal;
mod status_lists;

pub use app::Service;
pub use http::router;
