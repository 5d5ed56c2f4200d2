//! The text of a token: its length, its encoding, and that its payload is one strict object (RFC 7519 §7.2).

use countersign_jwt::{Unverified, Verifier, base64url};
use serde_json::{Value, json};

use super::verdict;
use crate::support::{NOW, claims, keys, outcome, secret, signed, verifier, verify, with, with_text};

fn check(payload: impl AsRef<[u8]>) -> String {
    verdict(verify(&verifier(), payload))
}

#[test]
fn a_payload_is_one_object() {
    for payload in [
        "",
        " ",
        "null",
        "true",
        "1",
        "\"{}\"",
        "[]",
        r#"["iss","https://issuer.example"]"#,
        r#"[{"iss":"https://issuer.example","aud":"api","exp":1700000900}]"#,
        "{",
        "}",
        "iss=https://issuer.example&aud=api&exp=1700000900",
        "\u{feff}{\"iss\":\"https://issuer.example\",\"aud\":\"api\",\"exp\":1700000900}",
    ] {
        assert_eq!(check(payload), "payload_invalid", "{payload}");
    }
}

#[test]
fn nothing_may_follow_the_object() {
    let good = claims().to_string();
    for behind in ["x", "}", ",", "{}", "\0", "//", "null", "\u{feff}", "\u{a0}", "\u{b}"] {
        assert_eq!(check(format!("{good}{behind}")), "payload_invalid", "{behind:?}");
        assert_eq!(check(format!("{behind}{good}")), "payload_invalid", "{behind:?}");
    }
    for around in [" ", "\t", "\n", "\r\n", " \t\r\n "] {
        assert_eq!(check(format!("{around}{good}{around}")), "ok", "{around:?}");
    }
}

#[test]
fn no_member_stands_twice_in_any_object() {
    for members in [
        r#""x":1,"x":1"#,
        r#""x":1,"\u0078":2"#,
        r#""\u0078":1,"x":2"#,
        r#""\u0078":1,"\u0078":2"#,
        r#""sub":"a","sub":"b""#,
        r#""sub":"a","\u0073ub":"b""#,
        r#""\u0073ub":"a","sub":"b""#,
        r#""iss":"https://issuer.example""#,
        r#""\u0069ss":"https://issuer.example""#,
        r#""exp":1"#,
        r#""e\u0078p":1"#,
        r#""aud":["api"]"#,
        r#""x":{"y":1,"y":2}"#,
        r#""x":{"y":1,"\u0079":2}"#,
        r#""x":[{"y":{"z":1,"z":1}}]"#,
        r#""":1,"":1"#,
    ] {
        assert_ne!(check(with_text(members)), "ok", "{members}");
        // Also where the application asks for none of it.
        let token = signed(with_text(members));
        assert_ne!(outcome(verifier().verify::<()>(&token, &keys(secret()), NOW)), "ok", "{members}");
        assert!(Unverified::decode(&token).unwrap().claims::<Value>().is_err(), "{members}");
    }
    for members in [r#""x":{"sub":1},"y":{"sub":1}"#, r#""x":1,"X":1"#, r#""x":"x","y":"x""#] {
        assert_eq!(check(with_text(members)), "ok", "{members}");
    }
}

#[test]
fn a_member_is_found_twice_among_however_many_there_are() {
    let members: Vec<String> = (0..100).map(|n| format!(r#""m{n}":{n}"#)).collect();
    assert_eq!(check(with_text(&members.join(","))), "ok");
    for again in [0, 1, 14, 15, 16, 17, 50, 99] {
        for name in [format!("m{again}"), format!(r"\u006d{again}")] {
            assert_ne!(check(with_text(&format!(r#"{},"{name}":0"#, members.join(",")))), "ok", "{name}");
            assert_ne!(check(with_text(&format!(r#""{name}":0,{}"#, members.join(",")))), "ok", "{name}");
        }
    }
}

#[test]
fn a_member_is_found_twice_whatever_the_length_of_its_name_and_wherever_it_stands() {
    for length in 0..40 {
        let name = "abcdefgh".repeat(5)[..length].to_owned();
        for value in ["1", "\"\"", "{}", "[ ]", "12345678901234567890"] {
            for space in ["", " ", "          "] {
                let member = format!(r#""{name}"{space}:{space}{value}"#);
                assert_eq!(check(with_text(&member)), "ok", "{member}");
                assert_ne!(check(with_text(&format!("{member},{space}{member}"))), "ok", "{member}");
                assert_ne!(
                    check(with_text(&format!(r#"{member},"other":{{"long":"enough"}},{member}"#))),
                    "ok"
                );
            }
        }
        // Names that are alike in the beginning, or but for their length, are not the same.
        let alike = format!(r#""{name}":1,"{name}x":1,"z{name}":1,"{name}y":1,"{name}\u0000":1"#);
        assert_eq!(check(with_text(&alike)), "ok", "{alike}");
    }
}

#[test]
fn nesting_is_bounded_also_in_claims_that_nobody_asked_for() {
    let nested = |depth: usize| with_text(&format!(r#""x":{}{}"#, "[".repeat(depth), "]".repeat(depth)));
    let objects =
        |depth: usize| with_text(&format!(r#""x":{}1{}"#, r#"{"x":"#.repeat(depth), "}".repeat(depth)));
    for (payload, expected) in [(nested(31), "ok"), (objects(31), "ok")] {
        assert_eq!(check(payload), expected);
    }
    for payload in [nested(32), objects(32), nested(3_000), objects(1_500)] {
        assert_eq!(check(&payload), "claim_invalid x");
        assert_ne!(outcome(verifier().verify::<()>(&signed(payload), &keys(secret()), NOW)), "ok");
    }
    assert_ne!(check(with_text(&format!(r#""x":{}"#, "[".repeat(10_000)))), "ok", "not even closed");
    assert_ne!(check(with_text(&format!(r#""aud2":1,"sub":{}"#, "[".repeat(10_000)))), "ok");
}

#[test]
fn a_payload_is_strict_json_down_to_its_letters() {
    for members in [
        r#""x":'y'"#,
        r#"x:1"#,
        r#""x":1,"#,
        r#""x":,"#,
        r#""x"1"#,
        r#""x":undefined"#,
        r#""x":NaN"#,
        r#""x":Infinity"#,
        r#""x":01"#,
        r#""x":1e400"#,
        r#""x":"\x41""#,
        r#""x":"\u12""#,
        r#""x":"\ud800""#,
        r#""x":"\udc00\ud800""#,
        r#""x":[1,]"#,
        r#""x":{,}"#,
        r#""x":TRUE"#,
        r#""x":/**/1"#,
        "\"x\":\"a\nb\"",
        "\"x\":\"\u{0}\"",
        "\"a\tb\":1",
    ] {
        let payload = with_text(members);
        assert_ne!(check(&payload), "ok", "{members}");
        assert_ne!(
            outcome(verifier().verify::<()>(&signed(payload), &keys(secret()), NOW)),
            "ok",
            "{members}"
        );
    }
}

#[test]
fn a_payload_is_utf_8() {
    let (start, end) = (r#"{"iss":"https://issuer.example","aud":"api","exp":1700000900,"x":""#, "\"}");
    for wrong in [
        &b"\xff"[..],
        b"\xc3",
        b"\xc3\x28",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xe2\x82",
        b"\x80",
    ] {
        let payload = [start.as_bytes(), wrong, end.as_bytes()].concat();
        assert_eq!(check(&payload), "token_malformed", "{wrong:x?}");
        assert!(Unverified::decode(&signed(&payload)).is_err());
    }
    // Cut within a character, behind which the verifier keeps things of its own.
    let named = secret().clone().with_key_id("\u{a9}-key");
    let token = crate::support::token(&named, r#"{"alg":"HS256"}"#, b"{\"x\":\"\xc2");
    assert_eq!(outcome(verifier().verify::<()>(&token, &keys(&named), NOW)), "token_malformed");
    assert_eq!(check([start, "é😀", end].concat()), "ok");
}

#[test]
fn a_token_may_have_as_many_characters_as_are_allowed() {
    let token = signed(claims().to_string());
    let limited =
        |limit: usize| outcome(verifier().max_length(limit).verify::<()>(&token, &keys(secret()), NOW));
    assert_eq!(limited(token.len()), "ok");
    assert_eq!(limited(token.len() - 1), "token_too_long");
    assert_eq!(limited(0), "token_too_long");

    let filler = |length: usize| signed(with("x", "x".repeat(length)));
    let verify = |token: &str| outcome(verifier().verify::<()>(token, &keys(secret()), NOW));
    assert!(filler(11_000).len() < 16 * 1024 && filler(13_000).len() > 16 * 1024);
    assert_eq!(verify(&filler(11_000)), "ok", "16 KiB by default");
    assert_eq!(verify(&filler(13_000)), "token_too_long");
    assert_eq!(verify(&".".repeat(1 << 20)), "token_too_long", "before anything is looked at");
    assert_eq!(outcome(Unverified::decode(&filler(13_000))), "token_too_long");
}

/// The token with one of its parts replaced, and a signature over the whole where one is asked for.
fn resigned(header: &str, payload: &str) -> String {
    let signature = secret().sign_bytes(format!("{header}.{payload}").as_bytes()).unwrap();
    format!("{header}.{payload}.{}", base64url::encode(signature))
}

#[test]
fn every_part_is_canonical_base64url_even_if_the_signature_is_good() {
    let (header, payload) =
        (base64url::encode(r#"{"alg":"HS256"}"#), base64url::encode(claims().to_string() + " "));
    let verify = |token: &str| outcome(verifier().verify::<()>(token, &keys(secret()), NOW));
    let good = resigned(&header, &payload);
    assert_eq!(verify(&good), "ok");
    let spoilt = |text: &str| {
        [
            format!("{text}="),
            format!("{text}=="),
            format!("{text}\n"),
            format!(" {text}"),
            text.replacen(&text[4..5], "+", 1),
            text.replacen(&text[4..5], "/", 1),
            text.to_owned() + &"A".repeat(5 - text.len() % 4),
            format!("{text}\0"),
            format!("{}é", &text[..text.len() - 2]),
            format!("{text}%3D"),
        ]
    };
    for bad in spoilt(&header) {
        assert_eq!(verify(&resigned(&bad, &payload)), "token_malformed", "{bad}");
    }
    for bad in spoilt(&payload) {
        assert_eq!(verify(&resigned(&header, &bad)), "token_malformed", "{bad}");
    }
    let (input, signature) = good.rsplit_once('.').unwrap();
    for bad in spoilt(signature) {
        assert_eq!(verify(&format!("{input}.{bad}")), "token_malformed", "{bad}");
    }
}

#[test]
fn left_over_bits_are_zero_in_every_part() {
    // Parts whose last character stands for two or four bits more than there are.
    let (header, payload) =
        (base64url::encode(r#"{"alg":"HS256" }"#), base64url::encode(claims().to_string()));
    let spoilt = |text: &str| {
        let last = text.as_bytes()[text.len() - 1];
        (!text.len().is_multiple_of(4)).then(|| format!("{}{}", &text[..text.len() - 1], (last + 1) as char))
    };
    let verify = |token: &str| outcome(verifier().verify::<()>(token, &keys(secret()), NOW));
    let good = resigned(&header, &payload);
    let (input, signature) = good.rsplit_once('.').unwrap();
    assert_eq!(verify(&good), "ok");
    assert_eq!(verify(&resigned(&spoilt(&header).unwrap(), &payload)), "token_malformed");
    assert_eq!(verify(&format!("{input}.{}", spoilt(signature).unwrap())), "token_malformed");
    let padded: Vec<String> = ["", " ", "  "]
        .iter()
        .filter_map(|spaces| spoilt(&base64url::encode(claims().to_string() + spaces)))
        .collect();
    assert_eq!(padded.len(), 2);
    for payload in padded {
        assert_eq!(verify(&resigned(&header, &payload)), "token_malformed");
    }
}

#[test]
fn a_text_that_is_no_token_is_malformed() {
    for text in
        ["", ".", "..", "...", "a", "a.b", "a.b.c.d", "e30.e30", "Bearer e30.e30.AAAA", "{\"payload\":\"\"}"]
    {
        for verifier in [verifier(), Verifier::new("x", "y").any_token_type()] {
            let refused = outcome(verifier.verify::<()>(text, &keys(secret()), NOW));
            assert!(["token_malformed", "header_invalid"].contains(&refused), "{text}: {refused}");
        }
        assert!(Unverified::decode(text).is_err());
    }
    let good = signed(claims().to_string());
    for text in [
        format!(" {good}"),
        format!("{good} "),
        format!("{good}\n"),
        good.replace('.', " ."),
        good.replace('.', ","),
    ] {
        assert_eq!(
            outcome(verifier().verify::<()>(&text, &keys(secret()), NOW)),
            "token_malformed",
            "{text:?}"
        );
    }
}

#[test]
fn what_a_token_says_of_itself_is_read_as_strictly() {
    let token = signed(claims().to_string());
    let unverified = Unverified::decode(&token).unwrap();
    assert_eq!(unverified.claims::<Value>().unwrap(), claims());
    assert_eq!(unverified.payload(), claims().to_string());
    assert_eq!(unverified.header(), r#"{"alg":"HS256","typ":"JWT"}"#);
    let wrong =
        Unverified::decode(&signed("[1]")).unwrap().claims::<std::collections::BTreeMap<String, Value>>();
    assert_eq!(outcome(wrong), "payload_invalid");
    assert_eq!(json!(Unverified::decode(&signed("not json")).unwrap().payload()), "not json");
}
