//! What was revoked, for verifiers in other processes that hold the key of the feed.

use std::{convert::Infallible, fmt, sync::Arc, time::Duration};

use aws_lc_rs::{constant_time::verify_slices_are_equal, digest};
use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, Uri, header, request::Parts},
    response::{IntoResponse, Response},
};
use countersign::{
    AuthError, Authentication, Denial, ExtractJwt, Guard, Strategy,
    jwks::VerifierName,
    jwt::Clock as _,
    revocation::{Cursor, Feed, Snapshot},
};
use futures_util::{StreamExt as _, stream};

use super::{error::ApiError, server::Stopped, tokens::NO_STORE};
use crate::{app::Service, config::Secret, flow::Failure, key_ring::KeyRing, readers::Readers};

/// How often a feed says that it is alive. A reader gives up one that is silent for 7 seconds.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// What readers are told from, and who is one.
pub(crate) struct Telling {
    feed: Feed,
    readers: Readers,
    keys: Arc<KeyRing>,
    issuer: String,
    key: [u8; 32],
}

impl Telling {
    /// Tells `feed` to `readers`, who are those who present `key`, and signs as `issuer` with whichever key signs at the time.
    pub(crate) fn new(feed: Feed, readers: Readers, keys: Arc<KeyRing>, issuer: &str, key: &Secret) -> Self {
        Self { feed, readers, keys, issuer: issuer.to_owned(), key: hash(key.expose()) }
    }
}

impl fmt::Debug for Telling {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Telling").field("feed", &self.feed).finish_non_exhaustive()
    }
}

/// Lets those pass who present the key of the feed.
pub(super) fn guard(telling: &Telling) -> Guard<impl Strategy<Identity = ()> + use<>> {
    Guard::required(FeedKey { key: telling.key, extract: ExtractJwt::bearer() })
}

struct FeedKey {
    key: [u8; 32],
    extract: ExtractJwt,
}

impl Strategy for FeedKey {
    type Identity = ();

    fn name(&self) -> &'static str {
        "feed-key"
    }

    async fn authenticate(&self, head: &Parts) -> Result<Authentication<()>, AuthError> {
        let presented = self.extract.extract(head)?.ok_or(AuthError::NoCredentials)?;
        match verify_slices_are_equal(&hash(presented), &self.key) {
            Ok(()) => Ok(Authentication::new(self.name(), ())),
            Err(_) => Err(Denial::new("feed_key_wrong", "not the key of the feed").into()),
        }
    }
}

fn hash(key: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, key.as_bytes()).as_ref());
    hash
}

/// `GET /auth/revocations`: all that was revoked within the lifetime of an access token, as a signed JWT.
pub(super) async fn snapshot(State(service): State<Arc<Service>>) -> Result<Response, ApiError> {
    let Some(telling) = &service.telling else { return Ok(super::error::not_found().await.into_response()) };
    let now = service.clock.now();
    let signer = Snapshot::signer(telling.keys.keys().signing.clone(), &telling.issuer);
    let signed = telling.feed.snapshot(now).sign(&signer, now);
    let signed = signed.map_err(|error| ApiError::Failed(Failure::Signing(error)))?;
    Ok(([NO_STORE, (header::CONTENT_TYPE, "application/jwt")], signed).into_response())
}

/// `GET /auth/revocations/feed`: each revocation when it happens, from the place in `Last-Event-ID` on, as server-sent events.
///
/// With `?verifier=NAME` a verifier says who it is, to be seen by operators. That is no reason to refuse one whose name is none.
pub(super) async fn feed(
    State(service): State<Arc<Service>>,
    stopped: Option<Extension<Stopped>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let Some(telling) = &service.telling else { return super::error::not_found().await.into_response() };
    let from = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse::<Cursor>().ok());
    let reader = telling.feed.read(from.as_ref(), HEARTBEAT, Arc::clone(&service.clock));
    let verifier = VerifierName::in_query(uri.query().unwrap_or_default());
    let reading = telling.readers.join(verifier, from.as_ref(), service.clock.now());
    let clock = Arc::clone(&service.clock);
    let events = stream::unfold((reader, reading, clock), async |(mut reader, reading, clock)| {
        let event = reader.next().await;
        reading.wrote(&event, clock.now());
        Some((Ok::<_, Infallible>(event.to_string()), (reader, reading, clock)))
    });
    let over = async move {
        match stopped {
            Some(Extension(stopped)) => stopped.wait().await,
            // Mounted in an application that ends what it has begun by itself.
            None => std::future::pending().await,
        }
    };
    let events = events.take_until(Box::pin(over));
    ([NO_STORE, (header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response()
}
