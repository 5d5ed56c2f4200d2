//! Which requests may use a cookie: those that a page of ours has sent.
//!
//! A browser adds the cookies of a host to whatever request is sent there, by whichever page. A token in a header needs none
//! of this, because a page of a stranger does not have it. `SameSite` on the cookie keeps other *sites* out, in
//! browsers that know it; other hosts of the same site (`blog.example.com` beside `app.example.com`) only a policy does.
//!
//! ```
//! use countersign::csrf::{CsrfError, CsrfPolicy, check};
//! use http::Request;
//!
//! let policy = CsrfPolicy::SameOrigin(vec!["https://app.example".parse()?]);
//! let request = |origin| Request::post("/auth/refresh").header("origin", origin).body(());
//!
//! let (ours, ()) = request("https://app.example")?.into_parts();
//! assert_eq!(check(&ours, &policy), Ok(()));
//! let (theirs, ()) = request("https://evil.example")?.into_parts();
//! assert_eq!(check(&theirs, &policy), Err(CsrfError::OriginRefused));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::rand;
use countersign_jwt::base64url;
use http::header::{ORIGIN, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::session::RandomnessUnavailable;
use crate::session::cookie::{CookieError, single};

/// How it is known that a page of ours has sent a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CsrfPolicy {
    /// The request says so: its `Origin` (RFC 6454 §7) is one of these. Browsers write this header themselves, on every
    /// request that may change something, and pages cannot change it. The one to choose.
    SameOrigin(Vec<Origin>),
    /// The page shows that it can read a cookie of ours: it repeats the value in a header. For pages that are served from
    /// where their origin is not known.
    DoubleSubmit(DoubleSubmit),
    /// It does not matter, for a reason that is to be written down here: nothing is recognised by a cookie, say.
    NotNeeded {
        /// The reason.
        because: &'static str,
    },
}

/// Checks the head of a request that uses a cookie.
///
/// Safe methods (RFC 9110 §9.2.1) pass: their routes must change nothing. Requests to change the protocol do not count as
/// safe, since a browser sends them to any host and lets the page talk: a WebSocket is checked like a `POST`.
///
/// # Errors
/// [`CsrfError`]: answer 403.
pub fn check(head: &Parts, policy: &CsrfPolicy) -> Result<(), CsrfError> {
    if is_safe(head) {
        return Ok(());
    }
    match policy {
        CsrfPolicy::SameOrigin(origins) => check_origin(&head.headers, origins),
        CsrfPolicy::DoubleSubmit(double) => double.check(&head.headers),
        CsrfPolicy::NotNeeded { .. } => Ok(()),
    }
}

fn is_safe(head: &Parts) -> bool {
    let method_is_safe = matches!(head.method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE);
    method_is_safe && !head.headers.contains_key(UPGRADE)
}

fn check_origin(headers: &HeaderMap, origins: &[Origin]) -> Result<(), CsrfError> {
    let mut presented = headers.get_all(ORIGIN).iter();
    let origin = presented.next().ok_or(CsrfError::OriginMissing)?;
    let known = origins.iter().any(|ours| ours.0.as_bytes() == origin.as_bytes());
    if presented.next().is_some() || !known {
        return Err(CsrfError::OriginRefused);
    }
    Ok(())
}

/// An origin in its one written form (RFC 6454 §6.2): `https://app.example` or `http://localhost:3000`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin(String);

impl FromStr for Origin {
    type Err = InvalidOrigin;

    /// Takes what a browser would send, and nothing else: in lower case, without the default port, path, or a slash.
    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let (scheme, authority) = text.split_once("://").ok_or(InvalidOrigin::NoScheme)?;
        let scheme_byte =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte);
        if !scheme.starts_with(|first: char| first.is_ascii_lowercase()) || !scheme.bytes().all(scheme_byte) {
            return Err(InvalidOrigin::NoScheme);
        }
        let (host, port) = match authority.rsplit_once(':') {
            // The colons of an IPv6 address stand before its bracket.
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let host_byte =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._~[:]".contains(&byte);
        if host.is_empty() || !host.bytes().all(host_byte) || (host.contains(':') && !host.starts_with('[')) {
            return Err(InvalidOrigin::Host);
        }
        let default_port = match scheme {
            "http" => Some("80"),
            "https" => Some("443"),
            _ => None,
        };
        let canonical = |port: &str| port.parse().is_ok_and(|number: u16| number.to_string() == port);
        if port.is_some_and(|port| !canonical(port) || Some(port) == default_port) {
            return Err(InvalidOrigin::Port);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not an origin as browsers write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidOrigin {
    /// It does not begin with a scheme in lower case and `://`.
    #[error("an origin begins with a scheme in lower case, like https://")]
    NoScheme,
    /// The host is empty, or holds something that is not in lower case or does not belong to a host: a path, a wildcard.
    #[error("an origin ends with a host in lower case, without a path, a slash or a wildcard")]
    Host,
    /// The port is none, or the default one, which browsers leave out.
    #[error("an origin has a port only if it is not the default one of its scheme")]
    Port,
}

/// A cookie that pages can read, and the header in which they repeat it.
///
/// Only a page of this very host can read the cookie, and with the prefix `__Host-` only this host can have set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoubleSubmit {
    cookie: &'static str,
    header: HeaderName,
}

impl Default for DoubleSubmit {
    fn default() -> Self {
        Self::new()
    }
}

impl DoubleSubmit {
    /// The cookie `__Host-csrf_token` and the header `X-CSRF-Token`.
    #[must_use]
    pub fn new() -> Self {
        Self { cookie: "__Host-csrf_token", header: HeaderName::from_static("x-csrf-token") }
    }

    /// The `Set-Cookie` with a new random value, to be sent with the answer to a login. It lasts as long as the browser.
    ///
    /// # Errors
    /// [`RandomnessUnavailable`] when the system's random generator fails.
    pub fn issue(&self) -> Result<HeaderValue, RandomnessUnavailable> {
        let mut bytes = [0; 16];
        rand::fill(&mut bytes).map_err(|_| RandomnessUnavailable)?;
        let text = format!("{}={}; Path=/; Secure; SameSite=Strict", self.cookie, base64url::encode(bytes));
        HeaderValue::from_str(&text).map_err(|_| RandomnessUnavailable)
    }

    fn check(&self, headers: &HeaderMap) -> Result<(), CsrfError> {
        let cookie = match single(headers, self.cookie) {
            Ok(Some(cookie)) if !cookie.is_empty() => cookie,
            Ok(_) => return Err(CsrfError::TokenMissing),
            Err(CookieError::Repeated | CookieError::Malformed) => return Err(CsrfError::TokenRefused),
        };
        let mut repeated = headers.get_all(&self.header).iter();
        let header = repeated.next().ok_or(CsrfError::TokenMissing)?;
        let equal = verify_slices_are_equal(cookie.as_bytes(), header.as_bytes()).is_ok();
        if repeated.next().is_some() || !equal {
            return Err(CsrfError::TokenRefused);
        }
        Ok(())
    }
}

/// Why a request may not use a cookie. Nothing of it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CsrfError {
    /// It does not say where it comes from.
    #[error("the request has no Origin header")]
    OriginMissing,
    /// It comes from elsewhere.
    #[error("the request comes from an origin that is not allowed")]
    OriginRefused,
    /// The cookie of the double submit, or the header that repeats it, is not there.
    #[error("the request does not repeat the CSRF cookie in its header")]
    TokenMissing,
    /// The two are not the same, or there is more than one of either.
    #[error("the CSRF header is not the same as the CSRF cookie")]
    TokenRefused,
}

impl CsrfError {
    /// The stable code: `csrf_origin_missing`, `csrf_origin_refused`, `csrf_token_missing` or `csrf_token_refused`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::OriginMissing => "csrf_origin_missing",
            Self::OriginRefused => "csrf_origin_refused",
            Self::TokenMissing => "csrf_token_missing",
            Self::TokenRefused => "csrf_token_refused",
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn head(method: &str, headers: &[(&str, &str)]) -> Parts {
        let request = headers
            .iter()
            .fold(Request::builder().method(method), |request, (name, value)| request.header(*name, *value));
        request.body(()).unwrap().into_parts().0
    }

    fn ours() -> CsrfPolicy {
        CsrfPolicy::SameOrigin(vec![
            "https://app.example".parse().unwrap(),
            "http://localhost:3000".parse().unwrap(),
        ])
    }

    #[test]
    fn a_request_of_our_own_origins_passes() {
        for origin in ["https://app.example", "http://localhost:3000"] {
            assert_eq!(check(&head("POST", &[("origin", origin)]), &ours()), Ok(()));
        }
    }

    #[test]
    fn a_request_of_another_origin_is_refused() {
        for origin in [
            "null",
            "",
            "http://app.example",
            "https://app.example:8443",
            "https://app.example/",
            "https://app.example.evil.example",
            "https://evil.app.example",
            "https://APP.example",
            "https://app.example, https://evil.example",
            "http://localhost",
        ] {
            let outcome = check(&head("POST", &[("origin", origin)]), &ours());
            assert_eq!(outcome, Err(CsrfError::OriginRefused), "{origin:?}");
        }
    }

    #[test]
    fn a_request_without_an_origin_or_with_two_is_refused() {
        assert_eq!(check(&head("DELETE", &[]), &ours()), Err(CsrfError::OriginMissing));
        let referer = head("POST", &[("referer", "https://app.example/")]);
        assert_eq!(check(&referer, &ours()), Err(CsrfError::OriginMissing));
        let two = head("POST", &[("origin", "https://app.example"), ("origin", "https://app.example")]);
        assert_eq!(check(&two, &ours()), Err(CsrfError::OriginRefused));
    }

    #[test]
    fn safe_methods_pass_and_a_web_socket_is_not_safe() {
        for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
            assert_eq!(check(&head(method, &[]), &ours()), Ok(()), "{method}");
        }
        for method in ["POST", "PUT", "PATCH", "DELETE", "CONNECT", "PROPFIND", "get"] {
            assert_eq!(check(&head(method, &[]), &ours()), Err(CsrfError::OriginMissing), "{method}");
        }
        let theirs = head("GET", &[("upgrade", "websocket"), ("origin", "https://evil.example")]);
        assert_eq!(check(&theirs, &ours()), Err(CsrfError::OriginRefused));
    }

    #[test]
    fn an_origin_is_taken_only_as_browsers_write_it() {
        for good in
            ["https://a", "http://127.0.0.1:8080", "http://[::1]", "http://[::1]:3000", "tauri://localhost"]
        {
            assert_eq!(good.parse::<Origin>().map(|origin| origin.to_string()), Ok(good.to_owned()));
        }
        use InvalidOrigin::{Host, NoScheme, Port};
        for (bad, why) in [
            ("", NoScheme),
            ("null", NoScheme),
            ("*", NoScheme),
            ("app.example", NoScheme),
            ("://app.example", NoScheme),
            ("HTTPS://app.example", NoScheme),
            ("https://", Host),
            ("https://App.example", Host),
            ("https://*.example", Host),
            ("https://app.example/", Host),
            ("https://user@app.example", Host),
            ("https://bücher.example", Host),
            ("https://::1", Host),
            ("https://app.example:", Port),
            ("https://app.example:443", Port),
            ("http://app.example:80", Port),
            ("https://app.example:0443", Port),
            ("https://app.example:65536", Port),
            ("https://app.example:8443/", Port),
        ] {
            assert_eq!(bad.parse::<Origin>(), Err(why), "{bad:?}");
        }
    }

    fn double_submit(headers: &[(&str, &str)]) -> Result<(), CsrfError> {
        check(&head("POST", headers), &CsrfPolicy::DoubleSubmit(DoubleSubmit::new()))
    }

    #[test]
    fn a_page_that_repeats_the_cookie_passes() {
        let set = DoubleSubmit::new().issue().unwrap();
        let (cookie, attributes) = set.to_str().unwrap().split_once("; ").unwrap();
        assert_eq!(attributes, "Path=/; Secure; SameSite=Strict");
        let value = cookie.strip_prefix("__Host-csrf_token=").unwrap();
        assert_eq!(double_submit(&[("cookie", cookie), ("x-csrf-token", value)]), Ok(()));
        assert_ne!(set, DoubleSubmit::new().issue().unwrap());
    }

    #[test]
    fn a_page_that_cannot_repeat_the_cookie_is_refused() {
        use CsrfError::{TokenMissing, TokenRefused};
        let cookie = ("cookie", "__Host-csrf_token=abc");
        for (headers, why) in [
            (&[][..], TokenMissing),
            (&[cookie], TokenMissing),
            (&[("x-csrf-token", "abc")], TokenMissing),
            (&[("cookie", "__Host-csrf_token="), ("x-csrf-token", "")], TokenMissing),
            (&[("cookie", "csrf_token=abc"), ("x-csrf-token", "abc")], TokenMissing),
            (&[cookie, ("x-csrf-token", "abd")], TokenRefused),
            (&[cookie, ("x-csrf-token", "ab")], TokenRefused),
            (&[cookie, ("x-csrf-token", "")], TokenRefused),
            (&[cookie, ("x-csrf-token", "abc"), ("x-csrf-token", "abc")], TokenRefused),
            (&[cookie, ("cookie", "__Host-csrf_token=evil"), ("x-csrf-token", "evil")], TokenRefused),
        ] {
            assert_eq!(double_submit(headers), Err(why), "{headers:?}");
        }
    }

    #[test]
    fn where_no_policy_is_needed_everything_passes() {
        let policy = CsrfPolicy::NotNeeded { because: "tokens come in a header" };
        assert_eq!(check(&head("POST", &[]), &policy), Ok(()));
    }
}
