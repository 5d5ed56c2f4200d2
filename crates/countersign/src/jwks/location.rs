//! Where a key set is found: by its URL, or by the name of its issuer.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use http::uri::Scheme;

use super::VerifierName;

/// A URL, or the name of an issuer, that is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LocationError {
    /// Not an absolute URL with the scheme `https` or `http`.
    #[error("not an absolute https URL")]
    NotAUrl,
    /// `http` to another machine: whoever is on the way could put their own key into the answer.
    #[error("http is accepted on loopback only; use https")]
    Insecure,
    /// A user name or a password in front of the host; it would end up in logs.
    #[error("a URL with a user name or a password is not accepted")]
    UserInformation,
    /// A fragment, or in the name of an issuer a query (RFC 8414 §2).
    #[error("a URL with a fragment, or an issuer with a query, is not accepted")]
    QueryOrFragment,
}

/// Where a key set is found.
#[derive(Clone, Debug)]
pub(super) enum Location {
    /// At this URL.
    KeySet(HttpUrl),
    /// Where the metadata of this issuer says.
    Issuer(Issuer),
}

/// A URL that may be fetched: `https`, or `http` on loopback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HttpUrl(Uri);

/// An issuer and the two places where it may publish its metadata.
#[derive(Clone, Debug)]
pub(super) struct Issuer {
    /// As it stands in the metadata and in `iss`, to the letter.
    pub(super) name: String,
    /// RFC 8414 §3.1: between host and path.
    pub(super) oauth: HttpUrl,
    /// OpenID Connect Discovery §4: behind the path.
    pub(super) openid: HttpUrl,
}

impl Location {
    pub(super) fn key_set(url: &str) -> Result<Self, LocationError> {
        HttpUrl::parse(url).map(Self::KeySet)
    }

    pub(super) fn issuer(name: &str) -> Result<Self, LocationError> {
        Issuer::parse(name).map(Self::Issuer)
    }

    /// Whether the first thing to be fetched comes by plain `http`.
    #[cfg(feature = "jwks-reqwest")]
    pub(super) fn is_plain(&self) -> bool {
        match self {
            Self::KeySet(url) => !url.is_secure(),
            Self::Issuer(issuer) => !issuer.oauth.is_secure(),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeySet(url) => write!(f, "key set {}", url.0),
            Self::Issuer(issuer) => write!(f, "issuer {}", issuer.name),
        }
    }
}

impl HttpUrl {
    pub(crate) fn parse(text: &str) -> Result<Self, LocationError> {
        if text.contains('#') {
            return Err(LocationError::QueryOrFragment);
        }
        let uri: Uri = text.parse().map_err(|_| LocationError::NotAUrl)?;
        let authority = uri.authority().ok_or(LocationError::NotAUrl)?;
        if authority.as_str().contains('@') {
            return Err(LocationError::UserInformation);
        }
        match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => Ok(Self(uri)),
            Some(scheme) if *scheme == Scheme::HTTP && is_loopback(authority.host()) => Ok(Self(uri)),
            Some(scheme) if *scheme == Scheme::HTTP => Err(LocationError::Insecure),
            _ => Err(LocationError::NotAUrl),
        }
    }

    pub(super) fn is_secure(&self) -> bool {
        self.0.scheme() == Some(&Scheme::HTTPS)
    }

    pub(crate) fn as_uri(&self) -> &Uri {
        &self.0
    }

    /// The same place, asked by this verifier. Only a URL of nearly 64 KiB does not take a name, and is asked without.
    pub(crate) fn asked_by(&self, verifier: Option<&VerifierName>) -> Self {
        let Some(verifier) = verifier else { return self.clone() };
        let separator = if self.0.query().is_some() { '&' } else { '?' };
        let named = format!("{}{separator}verifier={verifier}", self.0).parse();
        named.map_or_else(|_| self.clone(), Self)
    }
}

impl Issuer {
    fn parse(name: &str) -> Result<Self, LocationError> {
        if name.contains(['?', '#']) {
            return Err(LocationError::QueryOrFragment);
        }
        HttpUrl::parse(name)?;
        let base = name.trim_end_matches('/');
        // What parsed has a scheme and a host; the path begins at the first slash after them.
        let host = base.find("://").map_or(0, |at| at + "://".len());
        let path = base[host..].find('/').map_or(base.len(), |at| host + at);
        let (origin, path) = base.split_at(path);
        Ok(Self {
            name: name.to_owned(),
            oauth: HttpUrl::parse(&format!("{origin}/.well-known/oauth-authorization-server{path}"))?,
            openid: HttpUrl::parse(&format!("{base}/.well-known/openid-configuration"))?,
        })
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_is_accepted_anywhere_and_http_on_loopback_only() {
        let accepted = [
            "https://id.example/jwks.json",
            "https://id.example:8443/jwks.json?tenant=1",
            "https://10.0.0.1/jwks.json",
            "http://localhost:8080/jwks.json",
            "http://LOCALHOST/jwks.json",
            "http://127.0.0.1:1/jwks.json",
            "http://127.8.9.1/jwks.json",
            "http://[::1]:8080/jwks.json",
        ];
        for url in accepted {
            assert!(HttpUrl::parse(url).is_ok(), "{url}");
        }
        let refused = [
            "http://id.example/jwks.json",
            "http://10.0.0.1/jwks.json",
            "http://0.0.0.0/jwks.json",
            "http://[::]/jwks.json",
            "http://localhost.id.example/jwks.json",
            "http://127.0.0.1.id.example/jwks.json",
            "http://2130706433/jwks.json",
        ];
        for url in refused {
            assert_eq!(HttpUrl::parse(url), Err(LocationError::Insecure), "{url}");
        }
    }

    #[test]
    fn the_name_of_a_verifier_is_added_to_whatever_a_url_asks_for() {
        let name = "billing".parse().ok();
        for (url, expected) in [
            ("https://id.example/jwks.json", "https://id.example/jwks.json?verifier=billing"),
            (
                "https://id.example/jwks.json?tenant=1",
                "https://id.example/jwks.json?tenant=1&verifier=billing",
            ),
            ("https://id.example", "https://id.example/?verifier=billing"),
        ] {
            let url = HttpUrl::parse(url).expect("a good URL");
            assert_eq!(url.asked_by(name.as_ref()).as_uri().to_string(), expected);
            assert_eq!(url.asked_by(None), url);
        }
    }

    #[test]
    fn what_is_no_absolute_http_url_is_refused() {
        for url in [
            "",
            "jwks.json",
            "/jwks.json",
            "id.example",
            "file:///jwks.json",
            "ftp://id.example/",
            "https://",
        ] {
            assert_eq!(HttpUrl::parse(url), Err(LocationError::NotAUrl), "{url}");
        }
    }

    #[test]
    fn a_url_with_a_password_or_a_fragment_is_refused() {
        assert_eq!(HttpUrl::parse("https://a:b@id.example/"), Err(LocationError::UserInformation));
        assert_eq!(HttpUrl::parse("http://localhost@id.example/"), Err(LocationError::UserInformation));
        assert_eq!(HttpUrl::parse("https://id.example/#a"), Err(LocationError::QueryOrFragment));
    }

    #[test]
    fn the_metadata_of_an_issuer_with_a_path_stands_behind_the_path_or_in_front_of_it() {
        let cases = [
            (
                "https://id.example",
                "https://id.example/.well-known/openid-configuration",
                "https://id.example/.well-known/oauth-authorization-server",
            ),
            (
                "https://id.example/",
                "https://id.example/.well-known/openid-configuration",
                "https://id.example/.well-known/oauth-authorization-server",
            ),
            (
                "https://id.example:8443/realms/one",
                "https://id.example:8443/realms/one/.well-known/openid-configuration",
                "https://id.example:8443/.well-known/oauth-authorization-server/realms/one",
            ),
            (
                "http://[::1]:80/one/",
                "http://[::1]:80/one/.well-known/openid-configuration",
                "http://[::1]:80/.well-known/oauth-authorization-server/one",
            ),
        ];
        for (name, openid, oauth) in cases {
            let issuer = Issuer::parse(name).expect("an issuer");
            assert_eq!(issuer.name, name);
            assert_eq!(issuer.openid.as_uri().to_string(), openid);
            assert_eq!(issuer.oauth.as_uri().to_string(), oauth);
        }
    }

    #[test]
    fn an_issuer_has_neither_query_nor_fragment() {
        for name in ["https://id.example/?a=b", "https://id.example?", "https://id.example/#a"] {
            assert_eq!(Issuer::parse(name).unwrap_err(), LocationError::QueryOrFragment, "{name}");
        }
        assert_eq!(Issuer::parse("http://id.example").unwrap_err(), LocationError::Insecure);
    }
}
