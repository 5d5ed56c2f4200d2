//! How long one stream may go on.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use http::Extensions;
use tokio::sync::oneshot;

use super::LiveGuard;
use super::open::{Open, Place};
use crate::passage::Passage;
use crate::strategy::Admission;

/// How long what a request opens may go on: until the credentials of the request expire or are revoked.
///
/// A handler behind a [`LiveGuard`] takes one as an axum extractor, or from the extensions of the request
/// ([`from_extensions`](Self::from_extensions)). Dropping it says that nothing is open any more.
///
/// ```
/// use countersign::live::Lease;
/// use tokio::sync::mpsc::Sender;
///
/// /// Tells the time until the token has expired, wherever it is waiting then.
/// async fn tell_time(mut lease: Lease, to: Sender<String>) {
///     let ticking = async { while to.send("tick".to_owned()).await.is_ok() {} };
///     if let Err(end) = lease.run(ticking).await {
///         let _ = to.try_send(format!("no more: {}", end.code()));
///     }
/// }
/// ```
pub struct Lease {
    open: Arc<Open>,
    place: Place,
    receiver: oneshot::Receiver<End>,
    ended: Option<End>,
}

/// Why a stream must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The credentials have expired.
    Expired,
    /// The credentials were revoked.
    Revoked,
}

impl End {
    /// The stable code: `token_expired` or `token_revoked`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Expired => "token_expired",
            Self::Revoked => "token_revoked",
        }
    }

    /// The code of the Close frame that ends a WebSocket (RFC 6455 §7.4.2): 3000, which is registered with IANA as
    /// "Unauthorized", the counterpart of 401.
    #[must_use]
    pub fn close_code(self) -> u16 {
        3000
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "the credentials that opened the stream have expired",
            Self::Revoked => "the credentials that opened the stream were revoked",
        })
    }
}

impl std::error::Error for End {}

/// Why there is no lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoLease {
    /// The application is put together wrongly.
    #[error("no live guard stands in front of this route: add `.layer(LiveGuard::new())` before its guard")]
    NoLiveGuard,
    /// The request passed an optional guard without credentials, so there is nothing that could end.
    #[error("the request passed an optional guard without credentials")]
    Anonymous,
}

impl Lease {
    /// A lease for the request with these extensions, which has passed a [`LiveGuard`].
    ///
    /// # Errors
    /// [`NoLease`].
    pub fn from_extensions(extensions: &Extensions) -> Result<Self, NoLease> {
        match (extensions.get::<Ticket>(), extensions.get::<Passage>()) {
            (Some(ticket), _) => Ok(ticket.take()),
            (None, Some(Passage::Anonymous { .. })) => Err(NoLease::Anonymous),
            (None, _) => Err(NoLease::NoLiveGuard),
        }
    }

    pub(super) fn new(guard: &LiveGuard, who: Arc<dyn Admission>) -> Self {
        let open = Arc::clone(&guard.open);
        let (place, receiver) = open.add(who);
        Self { open, place, receiver, ended: None }
    }

    /// Waits for the end, and gives it again if asked again. Nothing is lost by not waiting to the last.
    pub async fn ended(&mut self) -> End {
        poll_fn(|cx| self.poll_ended(cx)).await
    }

    /// [`ended`](Self::ended), for those who poll.
    pub fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        if let Some(end) = self.ended {
            return Poll::Ready(end);
        }
        // Nobody forgets a lease that is held without a word; were it so, it is over.
        let end = std::task::ready!(Pin::new(&mut self.receiver).poll(cx)).unwrap_or(End::Expired);
        self.ended = Some(end);
        Poll::Ready(end)
    }

    /// Does `work`, but no longer than the lease lasts: it is dropped where it waits.
    ///
    /// # Errors
    /// The [`End`], if that came first.
    pub async fn run<F: Future>(&mut self, work: F) -> Result<F::Output, End> {
        let mut work = pin!(work);
        poll_fn(|cx| match self.poll_ended(cx) {
            Poll::Ready(end) => Poll::Ready(Err(end)),
            Poll::Pending => work.as_mut().poll(cx).map(Ok),
        })
        .await
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.open.remove(self.place);
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("ends_at", &self.place.0).field("ended", &self.ended).finish()
    }
}

/// What a request carries from a [`LiveGuard`] to whoever takes a lease for it.
#[derive(Clone)]
pub(super) struct Ticket {
    guard: LiveGuard,
    who: Arc<dyn Admission>,
    taken: Arc<AtomicBool>,
}

impl Ticket {
    pub(super) fn new(guard: &LiveGuard, who: &Arc<dyn Admission>) -> Self {
        Self { guard: guard.clone(), who: Arc::clone(who), taken: Arc::default() }
    }

    /// A lease, whoever else has one.
    pub(super) fn take(&self) -> Lease {
        self.taken.store(true, Ordering::Relaxed);
        Lease::new(&self.guard, Arc::clone(&self.who))
    }

    pub(super) fn was_taken(&self) -> bool {
        self.taken.load(Ordering::Relaxed)
    }
}
