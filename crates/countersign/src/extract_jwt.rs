//! Where in a request the token stands.

use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::challenge::is_token_byte;

/// Where in a request the token stands, read by the letter of the grammar.
///
/// One place, one token: what is repeated, cut short or followed by something else is refused, never guessed at. The
/// query of a URI is never read (RFC 6750 §5.3: it ends up in logs).
///
/// ```
/// use countersign::ExtractJwt;
/// use http::Request;
///
/// let (head, ()) = Request::get("/").header("authorization", "bearer eyJ.eyJ.sig").body(())?.into_parts();
/// assert_eq!(ExtractJwt::bearer().extract(&head), Ok(Some("eyJ.eyJ.sig")));
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ExtractJwt {
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    /// `Authorization: <scheme> <token>`.
    Authorization { scheme: &'static str },
}

impl ExtractJwt {
    /// `Authorization: Bearer <token>` (RFC 6750 §2.1).
    ///
    /// The scheme is compared without regard to case (RFC 9110 §11.1) and followed by one space or more (§11.4). A
    /// header of another scheme is for somebody else. More than one `Authorization` header is refused, whatever they
    /// say: who would know which of them the proxy in front has read?
    #[must_use]
    pub fn bearer() -> Self {
        Self { place: Place::Authorization { scheme: "Bearer" } }
    }

    /// The token, if there is one.
    ///
    /// # Errors
    /// [`ExtractError`] when something stands in the place that is meant to be a token and is not one.
    pub fn extract<'h>(&self, head: &'h Parts) -> Result<Option<&'h str>, ExtractError> {
        match self.place {
            Place::Authorization { scheme } => authorization(head, scheme),
        }
    }
}

/// Why what was presented is not a token. No variant holds any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// More than one `Authorization` header.
    #[error("more than one Authorization header")]
    Repeated,
    /// The header does not begin with the name of a scheme, or is not ASCII.
    #[error("the Authorization header is not a scheme and its credentials")]
    NoScheme,
    /// Nothing follows the scheme.
    #[error("no token follows the scheme")]
    Empty,
    /// What follows the scheme is not one token (`b64token`, RFC 6750 §2.1).
    #[error("what follows the scheme is not exactly one token")]
    NotOneToken,
}

impl ExtractError {
    /// The stable code: `credentials_repeated` or `credentials_malformed`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Repeated => "credentials_repeated",
            Self::NoScheme | Self::Empty | Self::NotOneToken => "credentials_malformed",
        }
    }
}

/// `credentials = auth-scheme 1*SP token68` (RFC 9110 §11.4) for the scheme that is asked for.
fn authorization<'h>(head: &'h Parts, scheme: &str) -> Result<Option<&'h str>, ExtractError> {
    let mut headers = head.headers.get_all(AUTHORIZATION).iter();
    let Some(header) = headers.next() else { return Ok(None) };
    if headers.next().is_some() {
        return Err(ExtractError::Repeated);
    }
    let header = header.to_str().map_err(|_| ExtractError::NoScheme)?;
    let end = header.bytes().position(|byte| !is_token_byte(byte)).unwrap_or(header.len());
    let (presented, rest) = header.split_at(end);
    if presented.is_empty() {
        return Err(ExtractError::NoScheme);
    }
    if !presented.eq_ignore_ascii_case(scheme) {
        return Ok(None);
    }
    let token = rest.trim_start_matches(' ');
    if token.is_empty() {
        return Err(ExtractError::Empty);
    }
    if token.len() == rest.len() || !is_b64token(token) {
        return Err(ExtractError::NotOneToken);
    }
    Ok(Some(token))
}

/// `b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="` (RFC 6750 §2.1).
fn is_b64token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty()
        && body.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
        })
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Request};

    use super::{ExtractError, ExtractJwt};

    fn bearer(headers: &[&[u8]]) -> Result<Option<String>, ExtractError> {
        let mut request = Request::new(());
        for header in headers {
            let value = HeaderValue::from_bytes(header).unwrap();
            request.headers_mut().append("authorization", value);
        }
        let (head, ()) = request.into_parts();
        ExtractJwt::bearer().extract(&head).map(|token| token.map(str::to_owned))
    }

    #[test]
    fn one_token_after_the_scheme_is_found() {
        for (header, token) in [
            ("Bearer a.b.c", "a.b.c"),
            ("bearer a", "a"),
            ("BEARER a", "a"),
            ("Bearer    a", "a"),
            ("Bearer aZ09-._~+/==", "aZ09-._~+/=="),
            ("Bearer Bearer", "Bearer"),
        ] {
            assert_eq!(bearer(&[header.as_bytes()]), Ok(Some(token.to_owned())), "{header}");
        }
    }

    #[test]
    fn no_header_and_another_scheme_are_nothing_for_us() {
        assert_eq!(bearer(&[]), Ok(None));
        for header in ["Basic YTpi", "Bearerish a", "Bearer2 a", "DPoP a", "Basic", "a.b.c"] {
            assert_eq!(bearer(&[header.as_bytes()]), Ok(None), "{header}");
        }
    }

    #[test]
    fn what_is_not_exactly_one_token_is_refused() {
        use ExtractError::{Empty, NoScheme, NotOneToken};
        let cases: [(&[u8], ExtractError); 19] = [
            (b"", NoScheme),
            (b" ", NoScheme),
            (b" Bearer a", NoScheme),
            (b"=", NoScheme),
            (b"Bearer \xe9", NoScheme),
            (b"\xff", NoScheme),
            (b"Bearer", Empty),
            (b"Bearer ", Empty),
            (b"Bearer    ", Empty),
            (b"Bearer a b", NotOneToken),
            (b"Bearer a ", NotOneToken),
            (b"Bearer a, Bearer b", NotOneToken),
            (b"Bearer a,b", NotOneToken),
            (b"Bearer,a", NotOneToken),
            (b"Bearer\ta", NotOneToken),
            (b"Bearer/a", NotOneToken),
            (b"Bearer =", NotOneToken),
            (b"Bearer a=b", NotOneToken),
            (b"Bearer \"a\"", NotOneToken),
        ];
        for (header, error) in cases {
            assert_eq!(bearer(&[header]), Err(error), "{}", header.escape_ascii());
        }
    }

    #[test]
    fn a_second_header_is_refused_whatever_both_say() {
        for second in ["Bearer a", "Bearer b", "Basic YTpi", ""] {
            assert_eq!(bearer(&[b"Bearer a", second.as_bytes()]), Err(ExtractError::Repeated));
            assert_eq!(bearer(&[second.as_bytes(), b"Bearer a"]), Err(ExtractError::Repeated));
        }
        assert_eq!(bearer(&[b"Basic YTpi", b"Basic YTpi"]), Err(ExtractError::Repeated));
    }
}
