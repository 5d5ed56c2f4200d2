//! The refresh token in a cookie, for clients that are pages in a browser.
//!
//! Scripts do not reach it (`HttpOnly`), it travels over TLS only (`Secure`), other sites do not make the browser send it
//! (`SameSite`), and no other host can set it (the prefix `__Host-`, RFC 6265bis §4.1.3.2). What `SameSite` does not keep
//! out, other hosts of the same site, a [`csrf`](crate::csrf) policy does.
//!
//! Set the cookie with every answer that carries a token: the login, each refresh, and a refresh that got the same
//! successor again. The browser that lost an answer lost the cookie, too.
//!
//! ```
//! use countersign::session::cookie::RefreshCookie;
//! use countersign::session::{RefreshTokenKeys, SessionId};
//! use http::HeaderMap;
//! use http::header::{COOKIE, SET_COOKIE};
//! use std::time::Duration;
//!
//! let cookie = RefreshCookie::new();
//! let token = RefreshTokenKeys::new(&[7; 32])?.issue(SessionId::from_bytes([1; 16]), 0);
//!
//! let mut answer = HeaderMap::new();
//! answer.append(SET_COOKIE, cookie.set(&token, Duration::from_secs(14 * 24 * 3600)));
//!
//! let mut request = HeaderMap::new();
//! request.insert(COOKIE, format!("theme=dark; __Host-refresh_token={}", token.as_str()).parse()?);
//! assert_eq!(cookie.read(&request), Ok(Some(token.as_str())));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::time::Duration;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use zeroize::Zeroizing;

use super::RefreshToken;

/// The cookie that holds a refresh token.
///
/// It is sent with every request to the host: `__Host-` allows no `Path` but `/`. That is the price of knowing that no
/// other host has set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshCookie {
    name: String,
    same_site: SameSite,
}

/// Which requests that other sites cause carry the cookie (RFC 6265bis §5.6.7). There is no `None` here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// None.
    Strict,
    /// Following a link to the service. Only for a service that answers a refresh with a page.
    Lax,
}

impl Default for RefreshCookie {
    fn default() -> Self {
        Self::new()
    }
}

impl RefreshCookie {
    /// `__Host-refresh_token`, `SameSite=Strict`.
    #[must_use]
    pub fn new() -> Self {
        Self { name: "__Host-refresh_token".to_owned(), same_site: SameSite::Strict }
    }

    /// Names it `__Host-` and then this. Cookies know no ports: two services on one host need two names.
    ///
    /// # Errors
    /// [`InvalidCookieName`] unless it is a token of RFC 9110 §5.6.2.
    pub fn named(self, suffix: &str) -> Result<Self, InvalidCookieName> {
        if suffix.is_empty() || !suffix.bytes().all(crate::challenge::is_token_byte) {
            return Err(InvalidCookieName);
        }
        Ok(Self { name: format!("__Host-{suffix}"), ..self })
    }

    /// Which requests that other sites cause carry it.
    #[must_use]
    pub fn same_site(self, same_site: SameSite) -> Self {
        Self { same_site, ..self }
    }

    /// Its whole name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The `Set-Cookie` that hands a token out, forgotten by the browser after `lifetime`: how long until the session
    /// [ends](super::Session::ends_at), in seconds, rounded up. The value is marked as sensitive.
    #[must_use]
    pub fn set(&self, token: &RefreshToken, lifetime: Duration) -> HeaderValue {
        let seconds = lifetime.as_secs().saturating_add(u64::from(lifetime.subsec_nanos() > 0));
        self.header(token.as_str(), seconds)
    }

    /// The `Set-Cookie` that makes the browser forget it: for a logout, and for a refresh that was refused.
    #[must_use]
    pub fn clear(&self) -> HeaderValue {
        self.header("", 0)
    }

    /// The presented token, not verified; `None` if there is none.
    ///
    /// # Errors
    /// [`CookieError`]: who would know which of two was meant?
    pub fn read<'h>(&self, headers: &'h HeaderMap) -> Result<Option<&'h str>, CookieError> {
        single(headers, &self.name).map(|value| value.filter(|token| !token.is_empty()))
    }

    fn header(&self, value: &str, max_age: u64) -> HeaderValue {
        let Self { name, same_site } = self;
        let same_site = match same_site {
            SameSite::Strict => "Strict",
            SameSite::Lax => "Lax",
        };
        let text = Zeroizing::new(format!(
            "{name}={value}; Path=/; Max-Age={max_age}; Secure; HttpOnly; SameSite={same_site}"
        ));
        // A name of token characters, base64url and digits are always a header value; an empty one sets nothing.
        let mut header = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
        header.set_sensitive(true);
        header
    }
}

/// The value of the one cookie with this name (RFC 6265 §5.4). It may be spread over several `Cookie` headers (RFC 9113
/// §8.2.3), and other cookies in them may be anything.
pub(crate) fn single<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, CookieError> {
    let pairs =
        headers.get_all(COOKIE).iter().flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    let mut values = pairs.filter_map(|pair| {
        let mut halves = pair.trim_ascii().splitn(2, |byte| *byte == b'=');
        halves.next().filter(|its| *its == name.as_bytes())?;
        halves.next()
    });
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(CookieError::Repeated);
    }
    std::str::from_utf8(value).map(Some).map_err(|_| CookieError::Malformed)
}

/// Why a cookie cannot be read. Nothing of it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CookieError {
    /// It is there more than once.
    #[error("the cookie is there more than once")]
    Repeated,
    /// Its value is not text.
    #[error("the cookie is not text")]
    Malformed,
}

impl CookieError {
    /// The stable code: `credentials_repeated` or `credentials_malformed`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Repeated => "credentials_repeated",
            Self::Malformed => "credentials_malformed",
        }
    }
}

/// The text cannot be part of a cookie's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a cookie's name consists of letters, digits and !#$%&'*+-.^_`|~")]
pub struct InvalidCookieName;
