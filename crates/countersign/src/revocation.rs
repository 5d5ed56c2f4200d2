//! Revocation without a look-up: what was revoked lately is in the memory of every verifier.
//!
//! An access token is good until it expires, whoever logs out meanwhile, unless the guard knows of it. A [`Revocations`] is
//! what it knows: the sessions, users and single tokens that were revoked within the lifetime of an access token. What was
//! revoked before cannot be presented any more, so memory is bounded by how much is revoked in that time.
//!
//! ```
//! use std::time::Duration;
//!
//! use countersign::jwt::{AccessTokenClaims, KeySource, NumericDate, Verifier};
//! use countersign::revocation::{Entry, Revocations, Staleness};
//! use countersign::session::SessionId;
//! use countersign::{Guard, JwtStrategy};
//!
//! # fn example(keys: impl KeySource + 'static, session_id: SessionId, now: NumericDate) {
//! // Access tokens live for 15 minutes, and clocks may differ by one.
//! let revocations = Revocations::in_process(Duration::from_secs(16 * 60));
//!
//! let verifier = Verifier::access_tokens("https://login.example", "https://api.example");
//! let strategy = JwtStrategy::<AccessTokenClaims, _>::new(verifier, keys)
//!     .revocation(&revocations, Staleness::fail_closed());
//! let guard = Guard::required(strategy);
//!
//! // From now on no access token of this session passes.
//! revocations.merge([Entry::session(session_id, now)], now);
//! # let _ = guard;
//! # }
//! ```
//!
//! A request whose token was revoked is answered 401 `invalid_token` with the code `token_revoked`; one for which the view is
//! too old, by the [`Staleness`] that its guard declares, 503 `revocation_unknown`. A check takes no lock and asks nobody.
//!
//! # What merging means
//!
//! An [`Entry`] says that the tokens of a [`Target`] are revoked as of a moment. Of two entries for one target the later
//! counts, and entries are never taken back. So it makes no difference in which order they come, or how often: whoever is not
//! sure whether it has missed some is told all of them again.

//!
//! # Elsewhere
//!
//! A [`Feed`] tells what is merged into a view to verifiers in other processes, which read it with a [`RemoteRevocations`] over
//! HTTP: server-sent events from a place on, and a signed [`Snapshot`] for those who have missed something. Its view is as
//! old as the last heartbeat that came without a gap before it.

mod check;
mod connect;
mod entry;
mod feed;
mod follower;
mod remote;
#[cfg(feature = "revocation-reqwest")]
mod reqwest;
mod sse;
mod staleness;
#[cfg(feature = "status-list")]
pub mod status_list;
mod table;
mod view;
mod wire;

pub(crate) use check::Check;
pub use check::SessionClaim;
pub use connect::{Chunks, Connect};
pub use entry::{Entry, Target};
pub use feed::{Feed, Reader};
pub use remote::{FeedError, FeedStatus, RemoteRevocations, RemoteRevocationsBuilder};
#[cfg(feature = "revocation-reqwest")]
pub use reqwest::{ReqwestBody, ReqwestConnect};
pub use staleness::Staleness;
pub use view::{Revocations, TokenNames};
pub use wire::{Cursor, Event, Malformed, Message, SNAPSHOT_TYPE, Snapshot};

/// The snippets of the guide.
#[cfg(all(doctest, feature = "revocation-reqwest"))]
#[doc = include_str!("../../../docs/guide/revocation.md")]
struct Guide;
