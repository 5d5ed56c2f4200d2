//! What cannot be seen from outside.

use std::sync::Arc;

use bytes::Bytes;
use http::{Response, Uri};

use super::{Fetch, FetchError, RemoteJwkSet};
use crate::jwt::{Algorithm, Clock, KeySet, KeySource, SigningKey, SystemClock};

/// Answers this text always.
struct Always(String);

impl Fetch for Always {
    async fn get(&self, _: &Uri, _: usize) -> Result<Response<Bytes>, FetchError> {
        Ok(Response::new(Bytes::from(self.0.clone())))
    }
}

async fn fetched() -> RemoteJwkSet {
    let key = SigningKey::generate(Algorithm::Es256).unwrap().verifying_key();
    let text = serde_json::to_string(&KeySet::from(key).to_jwk_set()).unwrap();
    let keys = RemoteJwkSet::from_url("https://issuer.test/").unwrap().start_with(Always(text)).unwrap();
    keys.refresh().await.unwrap();
    keys
}

#[tokio::test]
async fn verification_takes_no_lock() {
    let keys = fetched().await;
    let _locked = keys.inner.shared.schedule();
    assert_eq!(keys.snapshot(SystemClock.now()).unwrap().len(), 1);
}

#[tokio::test]
async fn a_set_that_has_not_changed_keeps_the_headers_it_has_met() {
    let keys = fetched().await;
    let before = Arc::clone(&keys.inner.shared.held().keys);
    let good_until = keys.inner.shared.held().good_until;
    keys.refresh().await.unwrap();
    assert!(Arc::ptr_eq(&before, &keys.inner.shared.held().keys));
    assert!(keys.inner.shared.held().good_until > good_until);
}
