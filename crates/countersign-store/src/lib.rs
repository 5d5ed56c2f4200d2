//! What the Countersign service remembers: all of its SQL, in one text for SQLite and PostgreSQL.
//!
//! [`Store`] is the whole of it. It opens a database, brings the tables up to date, and has one method for each thing
//! that the service remembers or asks; nobody else in the project knows SQL. For sessions it is a
//! [`SessionStore`](countersign::session::SessionStore).
//!
//! ```
//! use countersign_jwt::NumericDate;
//! use countersign_store::{NewUser, Store};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("countersign.db");
//! let store = Store::open_file(&path).await?; // or Store::open("sqlite:/var/lib/countersign/countersign.db")
//! let now = NumericDate::from_secs(1_700_000_000);
//! store
//!     .insert_user(&NewUser { id: "user-1", email: "ada@example.org", password_hash: "$argon2id$..", created_at: now })
//!     .await?;
//! let ada = store.user_by_email("ada@example.org").await?.ok_or("she is there")?;
//! assert_eq!(ada.id, "user-1");
//! store.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! **Time and chance are arguments.** Ids and moments come from the caller. A moment is kept in a `BIGINT` of whole
//! milliseconds since 1970-01-01T00:00:00Z; anything finer is cut off. A state is a moment that is there or not:
//! `disabled_at` is null for a user who may log in.
//!
//! **What is acknowledged is kept.** When a method has returned, what it wrote survives a crash of the machine: on SQLite
//! every commit is synchronised to the disk (write-ahead log, `synchronous = FULL`). The cheaper `NORMAL` would keep the
//! file sound too, but lose the last registrations of a machine that loses its power.
//!
//! **Several processes may share a database**, one SQLite file included: at their first start, at the same moment, too.
//!
//! **No caller waits for ever.** A database that does not answer counts as [unavailable](StoreError::Unavailable) after ten
//! seconds (PostgreSQL; twenty for a SQLite file, whose writers queue), and is used again as soon as it answers.

mod announcements;
mod copy;
mod engine;
mod instances;
mod migrations;
mod open;
mod revocations;
mod sessions;
mod signing_keys;
mod sqlite_file;
mod statements;
mod store;
mod users;
mod verifiers;

pub use announcements::{Announced, Listener, News};
pub use copy::{Copied, CopyError};
pub use instances::{Instance, InstanceKeys};
pub use migrations::Migrated;
pub use open::OpenError;
pub use revocations::Revoked;
pub use signing_keys::{InstallSigningKeyError, KeyPickup, NewSigningKey, StoredSigningKey};
pub use store::{Store, StoreError};
pub use users::{InsertUserError, NewUser, User};
pub use verifiers::VerifierReport;
