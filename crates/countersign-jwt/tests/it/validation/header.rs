//! The header: `typ`, `crit`, `alg`, and that it is one strict object (RFC 7515 §4, RFC 8725 §3.11).

use countersign_jwt::jws::{self, JwsVerifier};
use countersign_jwt::{Unverified, Verifier};

use crate::support::{NOW, claims, keys, outcome, secret, token, verifier};

/// What `verifier` says of a token with this header and a good signature.
fn with_header(verifier: &Verifier, header: &str) -> &'static str {
    let token = token(secret(), header, claims().to_string());
    outcome(verifier.verify::<()>(&token, &keys(secret()), NOW))
}

fn with_type(verifier: &Verifier, token_type: &str) -> &'static str {
    with_header(verifier, &format!(r#"{{"alg":"HS256","typ":"{token_type}"}}"#))
}

#[test]
fn by_default_a_token_is_a_jwt_or_does_not_say() {
    assert_eq!(with_header(&verifier(), r#"{"alg":"HS256"}"#), "ok");
    for token_type in ["JWT", "jwt", "Jwt", "application/jwt", "APPLICATION/JWT", r"\u004aWT"] {
        assert_eq!(with_type(&verifier(), token_type), "ok", "{token_type}");
    }
    for token_type in
        ["at+jwt", "", "JOSE", "dpop+jwt", "JWT ", "x/jwt", "application/", "application/x/jwt", "jwt/jwt"]
    {
        assert_eq!(with_type(&verifier(), token_type), "typ_mismatch", "{token_type}");
    }
}

#[test]
fn a_kind_of_token_that_is_asked_for_must_be_said() {
    for verifier in [verifier().token_type("at+jwt"), verifier().token_type("application/at+jwt")] {
        for token_type in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
            assert_eq!(with_type(&verifier, token_type), "ok", "{token_type}");
        }
        for token_type in ["JWT", "", "at+jwt2", "at jwt", "application/application/at+jwt"] {
            assert_eq!(with_type(&verifier, token_type), "typ_mismatch", "{token_type}");
        }
        assert_eq!(with_header(&verifier, r#"{"alg":"HS256"}"#), "typ_mismatch", "silence is no answer");
    }
    assert_eq!(with_header(&verifier().token_type("JWT"), r#"{"alg":"HS256"}"#), "typ_mismatch");
    let other_tree = verifier().token_type("vnd.example/status");
    assert_eq!(with_type(&other_tree, "vnd.example/status"), "ok");
    assert_eq!(
        with_type(&other_tree, "application/vnd.example/status"),
        "typ_mismatch",
        "only where there is no slash"
    );
}

#[test]
fn any_kind_of_token_is_taken_only_where_that_is_said() {
    let any = verifier().any_token_type();
    assert_eq!(with_header(&any, r#"{"alg":"HS256"}"#), "ok");
    for token_type in ["at+jwt", "", "JWT", "anything"] {
        assert_eq!(with_type(&any, token_type), "ok");
    }
    assert_eq!(with_type(&any.token_type("at+jwt"), "JWT"), "typ_mismatch", "the last word counts");
}

#[test]
fn whatever_is_critical_is_refused() {
    for crit in [r#"["exp"]"#, "[]", "null", r#"["b64"]"#, r#"["alg"]"#, r#""exp""#, "{}", "1", r#"["crit"]"#]
    {
        for header in [
            format!(r#"{{"alg":"HS256","crit":{crit},"exp":1,"b64":true}}"#),
            format!(r#"{{"\u0063rit":{crit},"alg":"HS256"}}"#),
        ] {
            assert_eq!(with_header(&verifier(), &header), "crit_unsupported", "{header}");
        }
    }
}

#[test]
fn a_payload_that_is_not_encoded_is_not_taken_for_one() {
    // RFC 7797 without its `crit`: the payload is signed as it stands, which is not what is verified here.
    let header = countersign_jwt::base64url::encode(r#"{"alg":"HS256","b64":false}"#);
    let payload = claims().to_string().replace('.', "");
    let signature = secret().sign_bytes(format!("{header}.{payload}").as_bytes()).unwrap();
    let token = format!("{header}.{payload}.{}", countersign_jwt::base64url::encode(signature));
    assert_ne!(outcome(verifier().verify::<()>(&token, &keys(secret()), NOW)), "ok");
}

#[test]
fn the_algorithm_must_be_named_and_be_known() {
    for (header, expected) in [
        (r#"{"alg":"none"}"#, "algorithm_unsupported"),
        (r#"{"alg":"None"}"#, "algorithm_unsupported"),
        (r#"{"alg":"NONE"}"#, "algorithm_unsupported"),
        (r#"{"alg":"nOnE"}"#, "algorithm_unsupported"),
        (r#"{"alg":""}"#, "algorithm_unsupported"),
        (r#"{"alg":"hs256"}"#, "algorithm_unsupported"),
        (r#"{"alg":"HS256 "}"#, "algorithm_unsupported"),
        (r#"{"alg":"HS256\u0000"}"#, "algorithm_unsupported"),
        (r#"{"alg":"HS1"}"#, "algorithm_unsupported"),
        (r#"{"alg":"A256GCM","enc":"A256GCM"}"#, "algorithm_unsupported"),
        (r#"{"alg":"HS384"}"#, "algorithm_mismatch"),
        (r#"{"alg":"RS256"}"#, "algorithm_mismatch"),
        (r#"{"alg":null}"#, "header_invalid"),
        (r#"{"alg":["HS256"]}"#, "header_invalid"),
        (r#"{"alg":256}"#, "header_invalid"),
        (r#"{"Alg":"HS256"}"#, "header_invalid"),
        (r#"{"typ":"JWT"}"#, "header_invalid"),
        (r#"{"alg":"\u0048S256"}"#, "ok"),
    ] {
        assert_eq!(with_header(&verifier(), header), expected, "{header}");
    }
}

#[test]
fn a_header_is_one_strict_object() {
    for header in [
        "",
        "null",
        "[]",
        r#"["HS256"]"#,
        r#""HS256""#,
        "{",
        r#"{"alg":"HS256"}}"#,
        r#"{"alg":"HS256"},"#,
        r#"{"alg":"HS256"} {}"#,
        r#"{"alg":"HS256",}"#,
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"none","\u0061lg":"HS256"}"#,
        r#"{"\u0061lg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","typ":"JWT","typ":"at+jwt"}"#,
        r#"{"alg":"HS256","x":{"y":1,"y":2}}"#,
        r#"{"alg":"HS256","x":1,"x":1}"#,
        r#"{"alg":"HS256","typ":null}"#,
        r#"{"alg":"HS256","typ":1}"#,
        r#"{"alg":"HS256","typ":["JWT"]}"#,
        r#"{"alg":"HS256","kid":null}"#,
        r#"{"alg":"HS256","kid":1}"#,
        r#"{"alg":"HS256","kid":{"x":1}}"#,
        r#"{alg:"HS256"}"#,
        r#"{'alg':'HS256'}"#,
        r#"{"alg":"HS256"/**/}"#,
        "\u{feff}{\"alg\":\"HS256\"}",
        "{\"alg\":\"HS256\"}\0",
        "{\"alg\":\"HS256\",\"x\":\"\n\"}",
        r#"{"alg":"HS256","x":"\ud800"}"#,
    ] {
        assert_eq!(with_header(&verifier(), header), "header_invalid", "{header:?}");
    }
    let deep = format!(r#"{{"alg":"HS256","x":{}{}}}"#, "[".repeat(32), "]".repeat(32));
    assert_eq!(with_header(&verifier(), &deep), "header_invalid");
    assert_eq!(with_header(&verifier(), " {\t\"alg\" :\r\n\"HS256\" } \n"), "ok", "white space is JSON");
    assert_eq!(with_header(&verifier(), r#"{"alg":"HS256","x":{"y":[1,{"z":null}]},"cty":"JWT"}"#), "ok");
}

#[test]
fn a_header_in_another_encoding_is_malformed() {
    let payload = claims().to_string();
    let utf16: Vec<u8> = r#"{"alg":"HS256"}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for header in
        [vec![0xff, 0xfe], b"{\"alg\":\"HS256\",\"x\":\"\xff\"}".to_vec(), b"{\"alg\":\"\xc0\xc8\"}".to_vec()]
    {
        let token = signed_bytes(&header, payload.as_bytes());
        assert_eq!(outcome(verifier().verify::<()>(&token, &keys(secret()), NOW)), "token_malformed");
    }
    let token = signed_bytes(&utf16, payload.as_bytes());
    assert_eq!(outcome(verifier().verify::<()>(&token, &keys(secret()), NOW)), "header_invalid");
}

fn signed_bytes(header: &[u8], payload: &[u8]) -> String {
    use countersign_jwt::base64url::encode;
    let input = format!("{}.{}", encode(header), encode(payload));
    let signature = secret().sign_bytes(input.as_bytes()).unwrap();
    format!("{input}.{}", encode(signature))
}

#[test]
fn a_jws_with_another_payload_has_its_own_kind() {
    let event = jws::sign(secret(), Some("webhook+jws"), b"event").unwrap();
    let keys = keys(secret());
    assert_eq!(outcome(JwsVerifier::new().verify(&event, &keys, NOW)), "ok");
    assert_eq!(outcome(JwsVerifier::new().token_type("webhook+jws").verify(&event, &keys, NOW)), "ok");
    assert_eq!(
        outcome(JwsVerifier::new().token_type("status+jws").verify(&event, &keys, NOW)),
        "typ_mismatch"
    );
    assert_eq!(outcome(verifier().verify::<()>(&event, &keys, NOW)), "typ_mismatch");
    assert_eq!(Unverified::decode(&event).unwrap().header(), r#"{"alg":"HS256","typ":"webhook+jws"}"#);
    let bare = jws::sign(secret(), None, b"event").unwrap();
    assert_eq!(Unverified::decode(&bare).unwrap().header(), r#"{"alg":"HS256"}"#);
    assert_eq!(
        outcome(JwsVerifier::new().token_type("webhook+jws").verify(&bare, &keys, NOW)),
        "typ_mismatch"
    );
}
