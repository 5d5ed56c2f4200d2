use std::time::Duration;

use countersign::session::cookie::{CookieError, InvalidCookieName, RefreshCookie, SameSite};
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::common::{id, keys, millis, secs};

fn request(cookies: &[&[u8]]) -> HeaderMap {
    let headers = cookies.iter().map(|value| (COOKIE, HeaderValue::from_bytes(value).unwrap()));
    let mut request = HeaderMap::new();
    for (name, value) in headers {
        request.append(name, value);
    }
    request
}

#[test]
fn the_cookie_is_out_of_reach_of_scripts_other_sites_and_other_hosts() {
    let token = keys().issue(id(1), 0);
    let set = RefreshCookie::new().set(&token, secs(1_209_600));
    let expected = format!(
        "__Host-refresh_token={}; Path=/; Max-Age=1209600; Secure; HttpOnly; SameSite=Strict",
        token.as_str()
    );
    assert_eq!(set, expected);
    assert!(!format!("{set:?}").contains(token.as_str()), "its Debug shows it");
}

#[test]
fn the_cookie_lasts_for_whole_seconds_rounded_up() {
    let token = keys().issue(id(1), 0);
    for (lifetime, max_age) in [
        (millis(1), "Max-Age=1;"),
        (millis(59_001), "Max-Age=60;"),
        (secs(60), "Max-Age=60;"),
        (Duration::ZERO, "Max-Age=0;"),
    ] {
        let set = RefreshCookie::new().set(&token, lifetime);
        assert!(set.to_str().unwrap().contains(max_age), "{lifetime:?}");
    }
}

#[test]
fn a_cleared_cookie_is_empty_and_over() {
    let cookie = RefreshCookie::new().same_site(SameSite::Lax).named("session").unwrap();
    assert_eq!(cookie.name(), "__Host-session");
    assert_eq!(cookie.clear(), "__Host-session=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax");
}

#[test]
fn a_name_that_would_break_the_header_is_refused() {
    for name in ["", "a b", "a;b", "a=b", "a,b", "é", "a\n"] {
        assert_eq!(RefreshCookie::new().named(name), Err(InvalidCookieName), "{name:?}");
    }
}

#[test]
fn the_one_cookie_is_found_among_whatever_else_there_is() {
    let cases: [(&[&[u8]], Option<&str>); 11] = [
        (&[], None),
        (&[b"__Host-refresh_token=abc"], Some("abc")),
        (&[b"a=b; __Host-refresh_token=abc; c=d"], Some("abc")),
        (&[b"a=b", b"__Host-refresh_token=abc"], Some("abc")),
        (&[b"__Host-refresh_token=a=b=c"], Some("a=b=c")),
        (&[b"; ;=;\xff=\xff;a;  __Host-refresh_token=abc ;"], Some("abc")),
        (&[b"__Host-refresh_token="], None),
        (&[b"__Host-refresh_token"], None),
        (&[b"refresh_token=abc"], None),
        (&[b"__host-refresh_token=abc"], None),
        (&[b"x__Host-refresh_token=abc; __Host-refresh_tokenx=abc"], None),
    ];
    for (cookies, expected) in cases {
        assert_eq!(RefreshCookie::new().read(&request(cookies)), Ok(expected), "{cookies:?}");
    }
}

#[test]
fn two_cookies_of_the_name_are_refused_whatever_they_say() {
    let cases: [&[&[u8]]; 3] = [
        &[b"__Host-refresh_token=abc; __Host-refresh_token=abc"],
        &[b"__Host-refresh_token=abc", b"__Host-refresh_token=evil"],
        &[b"__Host-refresh_token=; __Host-refresh_token=abc"],
    ];
    for cookies in cases {
        assert_eq!(RefreshCookie::new().read(&request(cookies)), Err(CookieError::Repeated));
    }
    let not_text: &[&[u8]] = &[b"__Host-refresh_token=\xff"];
    assert_eq!(RefreshCookie::new().read(&request(not_text)), Err(CookieError::Malformed));
}
