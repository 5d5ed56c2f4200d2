//! The issuer as an address: where whatever the service publishes is found by somebody who knows nothing but the `iss`.

use axum::http::Uri;

/// An issuer that is an http or https URL with a host and no user, query or fragment (RFC 8414 §2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IssuerUrl {
    /// Without slashes at its end.
    base: String,
    path: String,
}

impl IssuerUrl {
    /// `None` for an issuer that is only a name.
    pub(crate) fn parse(issuer: &str) -> Option<Self> {
        if issuer.contains(['?', '#', '@']) {
            return None;
        }
        let uri: Uri = issuer.parse().ok()?;
        if !matches!(uri.scheme_str()?, "https" | "http") || uri.host()?.is_empty() {
            return None;
        }
        let path = uri.path().trim_end_matches('/').to_owned();
        Some(Self { base: issuer.trim_end_matches('/').to_owned(), path })
    }

    /// The address of a path of the service, which begins with a slash.
    pub(crate) fn of(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// What stands behind the host, without slashes at its end: `/realms/one`, and mostly nothing.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_publishes_stands_behind_its_issuer() {
        for (issuer, address, path) in [
            ("https://a.example", "https://a.example/x", ""),
            ("https://a.example/", "https://a.example/x", ""),
            ("http://localhost:3000", "http://localhost:3000/x", ""),
            ("http://[::1]:3000/", "http://[::1]:3000/x", ""),
            ("https://a.example/realms/one", "https://a.example/realms/one/x", "/realms/one"),
            ("https://a.example/one//", "https://a.example/one/x", "/one"),
        ] {
            let url = IssuerUrl::parse(issuer).unwrap();
            assert_eq!((url.of("/x").as_str(), url.path()), (address, path), "{issuer}");
        }
    }

    #[test]
    fn a_name_is_no_address_and_neither_is_what_has_a_user_a_query_or_a_fragment() {
        for issuer in [
            "my-app",
            "a.example",
            "a.example:443",
            "urn:example:issuer",
            "ftp://a.example",
            "https://",
            "https:///one",
            "/one",
            "",
            "https://a.example?tenant=1",
            "https://a.example/#one",
            "https://ada@a.example",
        ] {
            assert_eq!(IssuerUrl::parse(issuer), None, "{issuer}");
        }
    }
}
