//! From an answer over HTTP to keys and their freshness.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AGE, CACHE_CONTROL};
use http::{HeaderMap, Response, StatusCode};
use serde::Deserialize;
use tracing::{debug, warn};

use super::RefreshError;
use super::location::{HttpUrl, Issuer};
use crate::jwt::{Algorithm, KeySet, json};

/// The text of an answer that has what was asked for.
pub(super) fn text(response: &Response<Bytes>, limit: usize) -> Result<&str, RefreshError> {
    match response.status() {
        StatusCode::OK => {}
        status if status.is_redirection() => return Err(RefreshError::Redirect(status)),
        status => return Err(RefreshError::Status(status)),
    }
    if response.body().len() > limit {
        return Err(RefreshError::TooLarge { limit });
    }
    std::str::from_utf8(response.body()).map_err(|_| RefreshError::NotText)
}

/// The keys of a set that anybody can read: those of secrets are not among them, since who can read a secret can sign.
pub(super) fn keys(text: &str, unbound: &[Algorithm]) -> Result<KeySet, RefreshError> {
    let published = KeySet::from_json_for(text, unbound)?;
    let mut skipped = published.skipped().len();
    for key in published.skipped() {
        debug!(index = key.index, reason = %key.reason, "a key of the set is not used");
    }
    let usable = published.iter().filter(|key| {
        let public = !key.algorithm().is_symmetric();
        if !public {
            skipped += 1;
            warn!(algorithm = %key.algorithm(), "a secret stands in a key set; it is not used");
        }
        public
    });
    let keys: KeySet = usable.cloned().collect();
    if keys.is_empty() { Err(RefreshError::NoUsableKey { skipped }) } else { Ok(keys) }
}

/// How long an answer is fresh still (RFC 9111 §4.2): its `max-age` less its `Age`; `None` if it does not say.
///
/// What forbids to store it at all says that it is fresh for no time.
pub(super) fn freshness(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut max_age = None;
    for directive in values.flat_map(|value| value.split(',')) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-cache" | "no-store" => return Some(Duration::ZERO),
            "max-age" => max_age = max_age.or_else(|| seconds(value)),
            _ => {}
        }
    }
    let age = headers.get(AGE).and_then(|age| age.to_str().ok()).and_then(seconds).unwrap_or_default();
    max_age.map(|max_age| max_age.saturating_sub(age))
}

fn seconds(text: &str) -> Option<Duration> {
    text.trim().trim_matches('"').parse().ok().map(Duration::from_secs)
}

/// What is needed of an issuer's metadata (OpenID Connect Discovery §3, RFC 8414 §2).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

/// Where the metadata says that the key set is, if it is that of this issuer, to the letter (RFC 8414 §3.3).
pub(super) fn key_set_url(text: &str, issuer: &Issuer) -> Result<HttpUrl, RefreshError> {
    let metadata: Metadata = json::from_str(text).map_err(RefreshError::Metadata)?;
    if metadata.issuer != issuer.name {
        return Err(RefreshError::OtherIssuer);
    }
    let url = HttpUrl::parse(&metadata.jwks_uri).map_err(RefreshError::KeySetUrl)?;
    if issuer.oauth.is_secure() && !url.is_secure() {
        return Err(RefreshError::KeySetUrl(super::LocationError::Insecure));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn fresh(cache_control: &'static str, age: &'static str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control));
        if !age.is_empty() {
            headers.insert(AGE, HeaderValue::from_static(age));
        }
        freshness(&headers).map(|fresh| fresh.as_secs())
    }

    #[test]
    fn freshness_is_what_is_left_of_max_age() {
        let cases = [
            ("public, max-age=300", "", Some(300)),
            ("Max-Age = 300, must-revalidate", "", Some(300)),
            ("max-age=\"300\"", "", Some(300)),
            ("max-age=300", "100", Some(200)),
            ("max-age=300", "400", Some(0)),
            ("max-age=300, no-store", "", Some(0)),
            ("no-cache", "", Some(0)),
            ("public", "", None),
            ("max-age=-1", "", None),
            ("max-age=soon", "", None),
            ("max-age=99999999999999999999999", "", None),
            ("s-maxage=300", "", None),
            ("x-max-age=300", "", None),
        ];
        for (cache_control, age, expected) in cases {
            assert_eq!(fresh(cache_control, age), expected, "{cache_control}; age {age}");
        }
        assert_eq!(freshness(&HeaderMap::new()), None);
    }

    #[test]
    fn the_first_of_two_ages_counts() {
        let mut headers = HeaderMap::new();
        headers.append(CACHE_CONTROL, HeaderValue::from_static("max-age=60"));
        headers.append(CACHE_CONTROL, HeaderValue::from_static("max-age=600"));
        assert_eq!(freshness(&headers), Some(Duration::from_secs(60)));
    }
}
