//! Where in a request the token stands.
//!
//! | place | built by |
//! |---|---|
//! | `Authorization: Bearer <token>` | [`ExtractJwt::bearer`], what strategies read if not told otherwise |
//! | `Authorization: <scheme> <token>` | [`ExtractJwt::scheme`] |
//! | a header of its own | [`ExtractJwt::header`] |
//! | a cookie, and a policy against other sites | [`ExtractJwt::cookie`] |
//! | a parameter of the query | [`ExtractJwt::query`] |
//! | the subprotocols that a WebSocket offers | [`ExtractJwt::ws_subprotocol`] |
//! | wherever a function of yours looks | [`ExtractJwt::from_fn`] |
//! | one of several | [`ExtractJwt::first_of`] |
//! | a field of a form | [`ExtractJwt::form`], for a [`BodyGuard`](crate::BodyGuard) |
//!
//! Otherwise the body is no place for it: a [`Guard`](crate::Guard) decides before anything of the body is read.

mod error;
mod place;

pub use error::ExtractError;
pub(crate) use place::authorization as credentials_after;

use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderName, Uri};

use crate::challenge::Scheme;
use crate::csrf::{self, CsrfPolicy};
use crate::session::cookie::{self, CookieError};
use crate::strategy::{Credential, FormToken, Strategy};

/// Where in a request the token stands, read by the letter of the grammar.
///
/// One place, one token: what is repeated, cut short or followed by something else is refused, never guessed at.
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

#[derive(Clone)]
enum Place {
    /// `Authorization: <scheme> <token>`.
    Authorization { scheme: &'static str },
    /// `<name>: <token>`.
    Header { name: HeaderName },
    /// `Cookie: <name>=<token>`, in a request that the policy lets use it.
    Cookie { name: &'static str, policy: CsrfPolicy },
    /// `?<name>=<token>`.
    Query { name: &'static str },
    /// `Sec-WebSocket-Protocol: .., <marker>, <token>, ..`.
    Subprotocol { marker: &'static str },
    /// Where the function looks.
    Function(Arc<Extract>),
    /// In one of these.
    FirstOf(Arc<[ExtractJwt]>),
}

type Extract = dyn for<'h> Fn(&'h Parts) -> Result<Option<&'h str>, ExtractError> + Send + Sync;

impl ExtractJwt {
    /// `Authorization: Bearer <token>` (RFC 6750 §2.1).
    ///
    /// The scheme is compared without regard to case (RFC 9110 §11.1) and followed by one space or more (§11.4). A
    /// header of another scheme is for somebody else. More than one `Authorization` header is refused, whatever they
    /// say: who would know which of them the proxy in front has read?
    #[must_use]
    pub fn bearer() -> Self {
        Self::scheme(&Scheme::BEARER)
    }

    /// `Authorization: <scheme> <token>`, by the rules of [`bearer`](Self::bearer). A 401 then offers this scheme.
    ///
    /// ```
    /// use countersign::ExtractJwt;
    /// use countersign::challenge::Scheme;
    /// use http::Request;
    ///
    /// const JWT: Scheme = Scheme::new("JWT");
    /// let (head, ()) = Request::get("/").header("authorization", "JWT eyJ.eyJ.sig").body(())?.into_parts();
    /// assert_eq!(ExtractJwt::scheme(&JWT).extract(&head), Ok(Some("eyJ.eyJ.sig")));
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub fn scheme(scheme: &Scheme) -> Self {
        Self { place: Place::Authorization { scheme: scheme.name() } }
    }

    /// A header of its own whose whole value is the token, without a scheme.
    ///
    /// ```
    /// use countersign::ExtractJwt;
    /// use http::{HeaderName, Request};
    ///
    /// let extract = ExtractJwt::header(HeaderName::from_static("x-access-token"));
    /// let (head, ()) = Request::get("/").header("x-access-token", "eyJ.eyJ.sig").body(())?.into_parts();
    /// assert_eq!(extract.extract(&head), Ok(Some("eyJ.eyJ.sig")));
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub fn header(name: HeaderName) -> Self {
        Self { place: Place::Header { name } }
    }

    /// The cookie of this name, in requests that `policy` lets use it (403 otherwise, see [`csrf`]). An empty one is none.
    ///
    /// A browser sends cookies with whatever request any page makes it send, so there is no cookie without a policy that
    /// tells whose page that was. Set it `HttpOnly`, `Secure` and `SameSite`, with a name that begins with `__Host-`.
    ///
    /// ```
    /// use countersign::ExtractJwt;
    /// use countersign::csrf::CsrfPolicy;
    /// use http::Request;
    ///
    /// let policy = CsrfPolicy::SameOrigin(vec!["https://app.example".parse()?]);
    /// let extract = ExtractJwt::cookie("__Host-access_token", policy);
    /// let request = Request::post("/orders").header("cookie", "__Host-access_token=eyJ.eyJ.sig");
    /// let (head, ()) = request.header("origin", "https://app.example").body(())?.into_parts();
    /// assert_eq!(extract.extract(&head), Ok(Some("eyJ.eyJ.sig")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn cookie(name: &'static str, policy: CsrfPolicy) -> Self {
        Self { place: Place::Cookie { name, policy } }
    }

    /// The query's parameter of this name. Only for what cannot send headers, such as a download by link.
    ///
    /// A query ends up in logs, in histories and in the `Referer` of the next page (RFC 6750 §5.3). Countersign writes no
    /// query into its own log and hands the request on as it came; for the log of what stands in front, see
    /// [`redact`](Self::redact). The value must stand there without percent-encoding, which no JWT needs; a parameter that
    /// is repeated is refused, however its name is written.
    ///
    /// ```
    /// use countersign::ExtractJwt;
    /// use http::Request;
    ///
    /// let extract = ExtractJwt::query("access_token");
    /// let (head, ()) = Request::get("/file?access_token=eyJ.eyJ.sig&page=2").body(())?.into_parts();
    /// assert_eq!(extract.extract(&head), Ok(Some("eyJ.eyJ.sig")));
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub fn query(name: &'static str) -> Self {
        Self { place: Place::Query { name } }
    }

    /// The subprotocol after the one named `marker`, among those that a WebSocket offers: the only place for a token that
    /// a page in a browser can fill by itself, as `new WebSocket(url, ["chat", "access_token", token])`.
    ///
    /// Answer with the subprotocol that you speak (`chat`) or with the marker, never with the token.
    ///
    /// ```
    /// use countersign::ExtractJwt;
    /// use http::Request;
    ///
    /// let request = Request::get("/live").header("sec-websocket-protocol", "chat, access_token, eyJ.eyJ.sig");
    /// let (head, ()) = request.body(())?.into_parts();
    /// assert_eq!(ExtractJwt::ws_subprotocol("access_token").extract(&head), Ok(Some("eyJ.eyJ.sig")));
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub fn ws_subprotocol(marker: &'static str) -> Self {
        Self { place: Place::Subprotocol { marker } }
    }

    /// A field of a form (RFC 6750 §2.2), and the strategy that is asked about the token in it, as if it had stood after
    /// `Authorization: Bearer`. For a [`BodyGuard`](crate::BodyGuard), the only guard that reads a body: of a `POST` of the
    /// right kind, no more than it is told to, and not if there is an `Authorization`, too.
    ///
    /// ```
    /// use countersign::{BodyGuard, ExtractJwt, Strategy};
    ///
    /// fn guard<T: Strategy>(jwt: T) -> BodyGuard<impl countersign::BodyStrategy<Identity = T::Identity>> {
    ///     BodyGuard::new(ExtractJwt::form("access_token", jwt))
    /// }
    /// ```
    pub fn form<T: Strategy>(field: &'static str, strategy: T) -> FormToken<T> {
        FormToken::new(field, strategy)
    }

    /// Where `find` looks. What it finds must be one token, as everywhere.
    ///
    /// ```
    /// use countersign::ExtractJwt;
    /// use http::Request;
    ///
    /// let extract = ExtractJwt::from_fn(|head| Ok(head.uri.path().strip_prefix("/calendar/")));
    /// let (head, ()) = Request::get("/calendar/eyJ.eyJ.sig").body(())?.into_parts();
    /// assert_eq!(extract.extract(&head), Ok(Some("eyJ.eyJ.sig")));
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn from_fn<F>(find: F) -> Self
    where
        F: for<'h> Fn(&'h Parts) -> Result<Option<&'h str>, ExtractError> + Send + Sync + 'static,
    {
        Self { place: Place::Function(Arc::new(find)) }
    }

    /// The one of these places that holds a token.
    ///
    /// All are looked at, and tokens in two of them are refused: a client must not use more than one way (RFC 6750 §2), and
    /// of two tokens nobody would know whose request it is. So is whatever is malformed, although another place may hold a
    /// good token. A cookie is looked at only if no other place holds a token, since the browser adds it by itself.
    ///
    /// ```
    /// use countersign::ExtractJwt;
    /// use countersign::extract_jwt::ExtractError;
    /// use http::Request;
    ///
    /// let extract = ExtractJwt::first_of([ExtractJwt::bearer(), ExtractJwt::query("access_token")]);
    /// let (head, ()) = Request::get("/?access_token=a.b.c").body(())?.into_parts();
    /// assert_eq!(extract.extract(&head), Ok(Some("a.b.c")));
    ///
    /// let twice = Request::get("/?access_token=a.b.c").header("authorization", "Bearer a.b.c");
    /// let (head, ()) = twice.body(())?.into_parts();
    /// assert_eq!(extract.extract(&head), Err(ExtractError::SeveralPlaces));
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn first_of(places: impl IntoIterator<Item = Self>) -> Self {
        Self { place: Place::FirstOf(places.into_iter().collect()) }
    }

    /// The token, if there is one.
    ///
    /// # Errors
    /// [`ExtractError`] when something stands in the place that is meant to be a token and is not one.
    pub fn extract<'h>(&self, head: &'h Parts) -> Result<Option<&'h str>, ExtractError> {
        match &self.place {
            Place::Authorization { scheme } => place::authorization(&head.headers, scheme),
            Place::Header { name } => place::header(&head.headers, name),
            Place::Cookie { name, policy } => from_cookie(head, name, policy),
            Place::Query { name } => place::query(&head.uri, name),
            Place::Subprotocol { marker } => place::subprotocol(&head.headers, marker),
            Place::Function(find) => find(head)?.map(place::one_token).transpose(),
            Place::FirstOf(places) => only(places, head),
        }
    }

    /// As [`extract`](Self::extract), for who will decode the token: behind `Authorization` the alphabet is left to that, and
    /// what is not good there has to be extracted again, to be told by the letter what is wrong with it.
    pub(crate) fn extract_unread<'h>(&self, head: &'h Parts) -> Result<Option<&'h str>, ExtractError> {
        match &self.place {
            Place::Authorization { scheme } => place::authorization_unread(&head.headers, scheme),
            _ => self.extract(head),
        }
    }

    /// This URI as a log may hold it: the value of the parameter that holds the token, if one does, is `REDACTED`.
    ///
    /// Give it to the layer that traces requests, which stands in front of the guard and would write the token down.
    ///
    /// ```
    /// use countersign::ExtractJwt;
    ///
    /// let extract = ExtractJwt::query("access_token");
    /// let uri = "/file?access_token=eyJ.eyJ.sig&page=2".parse()?;
    /// assert_eq!(extract.redact(&uri), "/file?access_token=REDACTED&page=2");
    /// # Ok::<(), http::uri::InvalidUri>(())
    /// ```
    #[must_use]
    pub fn redact(&self, uri: &Uri) -> String {
        let mut names = Vec::new();
        self.parameters(&mut names);
        place::redact(uri, &names)
    }

    fn parameters(&self, names: &mut Vec<&'static str>) {
        match &self.place {
            Place::Query { name } => names.push(name),
            Place::FirstOf(places) => places.iter().for_each(|place| place.parameters(names)),
            _ => {}
        }
    }

    /// The places in which it looks.
    pub(crate) fn credentials(&self) -> Vec<Credential> {
        match &self.place {
            Place::Authorization { scheme } => vec![Credential::Authorization(scheme)],
            Place::Header { name } => vec![Credential::Header(name.clone())],
            Place::Cookie { name, .. } => vec![Credential::Cookie(name)],
            Place::Query { name } => vec![Credential::Query(name)],
            Place::Subprotocol { marker } => vec![Credential::WebSocketSubprotocol(marker)],
            Place::Function(_) => vec![Credential::Elsewhere],
            Place::FirstOf(places) => places.iter().flat_map(Self::credentials).collect(),
        }
    }

    /// The place in which something stands, be it a token or not.
    pub(crate) fn where_found(&self, head: &Parts) -> Option<Credential> {
        match &self.place {
            Place::FirstOf(places) => places.iter().find_map(|place| place.where_found(head)),
            _ if matches!(self.extract(head), Ok(None)) => None,
            _ => self.credentials().pop(),
        }
    }

    /// The scheme that a 401 offers to whoever should fill this place, where it has one.
    pub(crate) fn scheme_name(&self) -> Option<&'static str> {
        match &self.place {
            Place::Authorization { scheme } => Some(scheme),
            Place::FirstOf(places) => places.iter().find_map(Self::scheme_name),
            _ => None,
        }
    }
}

/// The token in the cookie, if the request may use it.
fn from_cookie<'h>(
    head: &'h Parts,
    name: &str,
    policy: &CsrfPolicy,
) -> Result<Option<&'h str>, ExtractError> {
    let value = cookie::single(&head.headers, name).map_err(|error| match error {
        CookieError::Repeated => ExtractError::PlaceRepeated,
        CookieError::Malformed => ExtractError::Malformed,
    })?;
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(None) };
    csrf::check(head, policy).map_err(ExtractError::Csrf)?;
    place::one_token(value).map(Some)
}

/// The token of the only place that holds one; a cookie's only if no other place does.
fn only<'h>(places: &[ExtractJwt], head: &'h Parts) -> Result<Option<&'h str>, ExtractError> {
    let (cookies, others): (Vec<_>, Vec<_>) =
        places.iter().partition(|place| matches!(place.place, Place::Cookie { .. }));
    match the_one(&others, head)? {
        Some(token) => Ok(Some(token)),
        None => the_one(&cookies, head),
    }
}

fn the_one<'h>(places: &[&ExtractJwt], head: &'h Parts) -> Result<Option<&'h str>, ExtractError> {
    let mut found = None;
    for place in places {
        let token = place.extract(head)?;
        if token.is_some() && found.is_some() {
            return Err(ExtractError::SeveralPlaces);
        }
        found = found.or(token);
    }
    Ok(found)
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authorization { scheme } => write!(f, "Authorization({scheme})"),
            Self::Header { name } => write!(f, "Header({name})"),
            Self::Cookie { name, policy } => write!(f, "Cookie({name}, {policy:?})"),
            Self::Query { name } => write!(f, "Query({name})"),
            Self::Subprotocol { marker } => write!(f, "Subprotocol({marker})"),
            Self::Function(_) => f.write_str("Function"),
            Self::FirstOf(places) => f.debug_tuple("FirstOf").field(places).finish(),
        }
    }
}

#[cfg(test)]
mod tests;
