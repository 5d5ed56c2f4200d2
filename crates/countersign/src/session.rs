//! Sessions: what a login starts, refresh tokens carry on and a logout ends.
//!
//! An access token is short-lived so that it can be verified without asking anybody. A refresh token gets the next one
//! (RFC 6749 §6), and is replaced each time it is used, so that a stolen one shows (RFC 9700 §4.14.2).
//!
//! ```
//! use countersign::jwt::NumericDate;
//! use countersign::session::{MemoryStore, NewSession, RefreshTokenKeys, SessionId, SessionPolicy, Sessions};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (master_secret, now) = ([7; 32], NumericDate::from_secs(1_700_000_000));
//! let keys = RefreshTokenKeys::new(&master_secret)?;
//! let sessions = Sessions::new(MemoryStore::new(), keys, SessionPolicy::default());
//!
//! // Login, once the password is verified:
//! let login = NewSession::new(SessionId::generate()?, "user-1").user_agent("Firefox on Linux");
//! let started = sessions.start(login, now).await?;
//!
//! // Refresh: the old token for a new one, and an access token beside it for the user of the session.
//! let refreshed = sessions.refresh(started.token.as_str(), None, now).await?;
//! assert_eq!(refreshed.session.user_id, "user-1");
//!
//! // Logout:
//! sessions.log_out(refreshed.token.as_str(), now).await?;
//! let refused = sessions.refresh(refreshed.token.as_str(), None, now).await.unwrap_err();
//! assert_eq!(refused.code(), "session_revoked");
//! # Ok(())
//! # }
//! ```
//!
//! # What holds
//!
//! - **One row a session**, whatever the number of its refreshes. A refresh token is the id of the session, a counter and
//!   a MAC; nothing is stored that could be presented. A forged or damaged one is refused without the store.
//! - **One rotation a token.** A refresh is one compare-and-set on the counter, on any number of instances. Who loses the
//!   race, or lost the answer and asks again, gets the *same* successor, as long as the grace window is open.
//! - **The window is absolute**, from the moment of the rotation. A replay does not move it.
//! - **Reuse after it is theft** ([`rotation::decide`]): that session ends, and no other.
//! - **A logout is a logout**: within the window, too.
//! - **An outage is no refusal**: [`SessionStoreError::Unavailable`] is 503, and the client still has its token.
//!
//! The store is a trait, [`SessionStore`]: [`MemoryStore`] here, SQLite and PostgreSQL in `countersign-store`, or yours,
//! proven by the `conformance` suite (a feature). [`cookie`] keeps the token where scripts of a page do not reach it;
//! [`csrf`](crate::csrf) says which requests may use it.

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod cookie;
mod id;
mod memory;
mod policy;
pub mod rotation;
mod sessions;
mod state;
mod store;
mod token;

pub use id::{InvalidSessionId, RandomnessUnavailable, SessionId};
pub use memory::MemoryStore;
pub use policy::SessionPolicy;
pub use rotation::{Refusal, Rotation};
pub use sessions::{Grant, LogOutError, Occasion, RefreshError, Revoker, Sessions, StartError};
pub use state::{NewSession, Revocation, RevocationReason, Revoked, Session};
pub use store::{SessionStore, SessionStoreError};
pub use token::{InvalidRefreshToken, RefreshToken, RefreshTokenKeys, WeakMasterSecret};
