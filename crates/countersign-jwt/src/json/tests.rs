use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::{MAX_DEPTH, from_slice, from_str};

fn refused(text: &str) -> String {
    let typed = from_str::<Value>(text).expect_err(text).to_string();
    let ignored = from_str::<IgnoredAny>(text).expect_err(text).to_string();
    assert_eq!(typed, ignored, "a value that is skipped is read as strictly as one that is used");
    typed
}

#[test]
fn a_member_may_not_stand_twice_in_any_object() {
    assert_eq!(refused(r#"{"a":1,"a":1}"#), "a member stands twice (at byte 10)");
    refused(r#"{"a":1,"\u0061":1}"#);
    refused(r#"{"\u0061":1,"\u0061":1}"#);
    refused(r#"{"\u0061":1,"a":1}"#);
    refused(r#"{"b":{"a":1,"a":1}}"#);
    refused(r#"[{"a":[{"x":0,"x":0}]}]"#);
    let many: Vec<String> = (0..100).map(|n| format!(r#""m{n}":0"#)).collect();
    from_str::<Value>(&format!("{{{}}}", many.join(","))).unwrap();
    for again in ["m0", "m15", "m16", "m99"] {
        refused(&format!(r#"{{{},"{again}":0}}"#, many.join(",")));
    }
}

#[test]
fn only_one_value_and_only_json() {
    for text in [
        "",
        " ",
        "{} {}",
        "{}x",
        "1 2",
        "{,}",
        "{\"a\":1,}",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\" 1}",
        "{a:1}",
        "'a'",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "+1",
        "0x1",
        "NaN",
        "Infinity",
        "-Infinity",
        "1e400",
        "-1e400",
        "tru",
        "nul",
        "nullx",
        "\"",
        "\"\\",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "\"a\nb\"",
        "\"\u{1f}\"",
        "{",
        "[",
        "{\"a\"",
        "{\"a\":",
        "[1",
        "/*c*/1",
        "\u{feff}{}",
        "1}",
        "{1:2}",
        "[}",
        "{]",
        "\"abcdefg\u{7}hij\"",
    ] {
        refused(text);
    }
    assert!(from_slice::<Value>(b"\"\xff\"").is_err());
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: u8| "[".repeat(depth.into()) + &"]".repeat(depth.into());
    from_str::<IgnoredAny>(&nested(MAX_DEPTH)).unwrap();
    assert!(refused(&nested(MAX_DEPTH + 1)).starts_with("nested too deep"));
    refused(&"{\"a\":".repeat(100_000));
    // Siblings do not add up.
    from_str::<Value>(&format!("[{}]", vec!["[[]]"; 100].join(","))).unwrap();
}

#[test]
fn numbers_keep_what_they_say() {
    assert_eq!(from_str::<u64>("18446744073709551615"), Ok(u64::MAX));
    assert_eq!(from_str::<i64>("-9223372036854775808"), Ok(i64::MIN));
    assert_eq!(from_str::<f64>("18446744073709551616"), Ok(18_446_744_073_709_551_616.0));
    assert_eq!(from_str::<f64>("-9223372036854775809"), Ok(-9_223_372_036_854_775_809.0));
    assert_eq!(from_str::<f64>("1e2"), Ok(100.0));
    assert_eq!(from_str::<i64>("-0"), Ok(0));
    assert!(from_str::<u8>("256").is_err());
    assert!(from_str::<u64>("1.0").is_err());
}

#[test]
fn strings_are_borrowed_when_they_can_be_and_unescaped_when_they_must() {
    assert_eq!(from_str::<&str>(r#""plain é""#), Ok("plain é"));
    assert_eq!(from_str::<String>(r#""\ud83d\ude00\"\\\/\b\f\n\r\tA""#).unwrap(), "😀\"\\/\u{8}\u{c}\n\r\tA");
    assert!(from_str::<&str>(r#""\n""#).is_err(), "cannot be borrowed");
}

#[test]
fn types_of_all_shapes_are_read() {
    #[derive(Debug, PartialEq, Deserialize)]
    enum Shape {
        Unit,
        New(u8),
        Tuple(u8, u8),
        Struct { a: Option<u8> },
    }

    let shapes: Vec<Shape> =
        from_str(r#"["Unit",{"Unit":null},{"New":1},{"Tuple":[1,2]},{"Struct":{"a":null}},{"Struct":{}}]"#)
            .unwrap();
    assert_eq!(
        shapes,
        [
            Shape::Unit,
            Shape::Unit,
            Shape::New(1),
            Shape::Tuple(1, 2),
            Shape::Struct { a: None },
            Shape::Struct { a: None }
        ]
    );
    assert!(from_str::<Shape>(r#"{"New":1,"Unit":null}"#).is_err());
    assert!(from_str::<Shape>("{}").is_err());
    assert!(from_str::<(u8, u8)>("[1,2,3]").is_err());
    assert!(from_str::<(u8, u8)>("[1]").is_err());
    assert_eq!(from_str::<(u8, u8)>("[1,2]"), Ok((1, 2)));
    assert_eq!(from_str::<BTreeMap<String, [bool; 2]>>(r#"{"a":[true,false]}"#).unwrap()["a"], [true, false]);
}

#[test]
fn an_error_never_quotes_a_value() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read from JSON")]
    struct Strict {
        number: u8,
        kind: Kind,
    }
    #[derive(Debug, Deserialize)]
    enum Kind {
        Known,
    }

    for text in [
        r#"{"number":"hunter2"}"#,
        r#"{"number":1,"kind":"hunter2"}"#,
        r#"{"hunter2":1}"#,
        r#"{"number":1,"kind":{"hunter2":1}}"#,
        r#""hunter2""#,
    ] {
        let error = from_str::<Strict>(text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
    let error = from_str::<Strict>(r#"{"kind":"Known"}"#).unwrap_err();
    assert_eq!(error.to_string(), "member `number` is missing (at byte 0)");
    let _ = Kind::Known;
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(|number| json!(number)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..24)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_serde_json_writes_is_read_back_the_same(value in value()) {
        prop_assert_eq!(&from_str::<Value>(&value.to_string()).unwrap(), &value);
        prop_assert_eq!(&from_str::<Value>(&serde_json::to_string_pretty(&value).unwrap()).unwrap(), &value);
    }

    /// Texts close to JSON: what is accepted here is JSON to another reader, too.
    #[test]
    fn nothing_is_accepted_that_serde_json_refuses(text in r#"[\[\]{}:,"\\ a0-9eE.+\-truefalsn]{0,24}"#) {
        if from_str::<Value>(&text).is_ok() {
            prop_assert!(serde_json::from_str::<Value>(&text).is_ok());
        }
    }
}
