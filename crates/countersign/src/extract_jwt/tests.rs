use http::request::Parts;
use http::{HeaderName, HeaderValue, Request};

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
    let cases: [(&[u8], ExtractError); 20] = [
        (b"", NoScheme),
        (b" ", NoScheme),
        (b" Bearer a", NoScheme),
        (b"=", NoScheme),
        (b"Bearer \xe9", NoScheme),
        ("Bearer \u{e9}".as_bytes(), NoScheme),
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

/// The head of a request for this URI, with these headers.
fn head(uri: &str, headers: &[(&'static str, &str)]) -> Parts {
    let mut request = Request::new(());
    *request.uri_mut() = uri.parse().unwrap();
    for (name, value) in headers {
        request.headers_mut().append(*name, HeaderValue::from_str(value).unwrap());
    }
    request.into_parts().0
}

#[test]
fn a_header_of_its_own_holds_the_token_and_nothing_else() {
    let extract = ExtractJwt::header(HeaderName::from_static("x-token"));
    let read = |headers: &[(&'static str, &str)]| {
        extract.extract(&head("/", headers)).map(|token| token.map(str::to_owned))
    };
    assert_eq!(read(&[]), Ok(None));
    assert_eq!(read(&[("x-token", "a.b.c")]), Ok(Some("a.b.c".to_owned())));
    for bad in ["", "Bearer a", "a b", "a,b", " a", "=", "a=b", "a%2e"] {
        assert_eq!(read(&[("x-token", bad)]), Err(ExtractError::Malformed), "{bad:?}");
    }
    assert_eq!(read(&[("x-token", "a"), ("x-token", "a")]), Err(ExtractError::PlaceRepeated));
    assert_eq!(read(&[("authorization", "Bearer a")]), Ok(None));
}

#[test]
fn a_query_holds_the_token_once_and_as_it_is() {
    let extract = ExtractJwt::query("access_token");
    let read = |uri: &str| extract.extract(&head(uri, &[])).map(|token| token.map(str::to_owned));
    for none in ["/", "/?", "/?a=b", "/?access_tokens=a", "/?Access_token=a", "/?x=access_token=a", "/?%zz=a"]
    {
        assert_eq!(read(none), Ok(None), "{none}");
    }
    for uri in [
        "/?access_token=a.b.c",
        "/?page=2&access_token=a.b.c&x",
        "/?access%5Ftoken=a.b.c",
        "/?access%5ftoken=a.b.c",
    ] {
        assert_eq!(read(uri), Ok(Some("a.b.c".to_owned())), "{uri}");
    }
    for uri in [
        "/?access_token",
        "/?access_token=",
        "/?access_token=a%2Eb",
        "/?access_token=a=b",
        "/?access_token=a;b",
    ] {
        assert_eq!(read(uri), Err(ExtractError::Malformed), "{uri}");
    }
    for uri in [
        "/?access_token=a&access_token=a",
        "/?access_token=a&access_token",
        "/?access_token&access_token=a",
        "/?access_token=a&access%5Ftoken=b",
        "/?%61ccess_token=a&access_token=b",
    ] {
        assert_eq!(read(uri), Err(ExtractError::PlaceRepeated), "{uri}");
    }
}

#[test]
fn the_query_is_read_only_by_who_was_told_to() {
    let head = head("/?access_token=a.b.c", &[]);
    assert_eq!(ExtractJwt::bearer().extract(&head), Ok(None));
}

#[test]
fn a_redacted_uri_holds_no_token() {
    let extract =
        ExtractJwt::first_of([ExtractJwt::bearer(), ExtractJwt::query("t"), ExtractJwt::query("u")]);
    for (uri, redacted) in [
        ("/", "/"),
        ("/?a=b", "/?a=b"),
        ("/p?t=secret", "/p?t=REDACTED"),
        ("/p?a=b&t=secret&t=secret&c", "/p?a=b&t=REDACTED&t=REDACTED&c"),
        ("/p?%74=secret", "/p?%74=REDACTED"),
        ("/p?u=secret=secret", "/p?u=REDACTED"),
        ("https://a.example/p?t=secret", "https://a.example/p?t=REDACTED"),
    ] {
        assert_eq!(extract.redact(&uri.parse().unwrap()), redacted);
    }
    assert_eq!(ExtractJwt::bearer().redact(&"/?t=1".parse().unwrap()), "/?t=1");
}

#[test]
fn a_web_socket_offers_the_token_after_its_marker() {
    let extract = ExtractJwt::ws_subprotocol("access_token");
    let read = |offers: &[&str]| {
        let headers: Vec<_> = offers.iter().map(|offer| ("sec-websocket-protocol", *offer)).collect();
        extract.extract(&head("/", &headers)).map(|token| token.map(str::to_owned))
    };
    for none in [&[][..], &["chat"], &["chat, a.b.c"], &["ACCESS_TOKEN, a"]] {
        assert_eq!(read(none), Ok(None), "{none:?}");
    }
    for offers in [&["access_token,a.b.c"][..], &["chat, access_token, a.b.c, x"], &["access_token", "a.b.c"]]
    {
        assert_eq!(read(offers), Ok(Some("a.b.c".to_owned())), "{offers:?}");
    }
    for offers in [&["access_token"][..], &["access_token,"], &["access_token, , a"], &["access_token, a b"]]
    {
        assert_eq!(read(offers), Err(ExtractError::Malformed), "{offers:?}");
    }
    for offers in [&["access_token, a, access_token, b"][..], &["access_token, a", "access_token, a"]] {
        assert_eq!(read(offers), Err(ExtractError::PlaceRepeated), "{offers:?}");
    }
}

#[test]
fn what_a_function_finds_must_be_one_token() {
    let extract = ExtractJwt::from_fn(|head| Ok(head.uri.path().strip_prefix("/t/")));
    assert_eq!(extract.extract(&head("/", &[])), Ok(None));
    assert_eq!(extract.extract(&head("/t/a.b.c", &[])), Ok(Some("a.b.c")));
    for bad in ["/t/", "/t/a%20b", "/t/a,b"] {
        assert_eq!(extract.extract(&head(bad, &[])), Err(ExtractError::Malformed), "{bad}");
    }
}

#[test]
fn of_several_places_only_one_may_hold_a_token() {
    let extract = ExtractJwt::first_of([
        ExtractJwt::bearer(),
        ExtractJwt::header(HeaderName::from_static("x-token")),
        ExtractJwt::query("t"),
    ]);
    assert_eq!(extract.extract(&head("/", &[])), Ok(None));
    for one in [
        head("/", &[("authorization", "Bearer a")]),
        head("/", &[("x-token", "a")]),
        head("/?t=a", &[("authorization", "Basic YTpi")]),
    ] {
        assert_eq!(extract.extract(&one), Ok(Some("a")));
    }
    for two in [
        head("/?t=a", &[("authorization", "Bearer a")]),
        head("/?t=b", &[("x-token", "a")]),
        head("/", &[("authorization", "Bearer a"), ("x-token", "b")]),
    ] {
        assert_eq!(extract.extract(&two), Err(ExtractError::SeveralPlaces));
    }
    let half_good = head("/?t=", &[("authorization", "Bearer a")]);
    assert_eq!(extract.extract(&half_good), Err(ExtractError::Malformed));
}
