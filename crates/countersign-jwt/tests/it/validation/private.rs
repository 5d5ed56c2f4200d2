//! The application's own claims: any type that serde reads from an object.

use std::collections::{BTreeMap, HashMap};

use countersign_jwt::VerifyError;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};

use super::verdict;
use crate::support::{NOW, claims, keys, secret, signed, verifier, with, with_text, without};

fn read<C: DeserializeOwned>(payload: String) -> Result<C, VerifyError> {
    verifier().verify::<C>(&signed(payload), &keys(secret()), NOW).map(|verified| verified.into_claims())
}

#[derive(Debug, PartialEq, Deserialize)]
struct Profile {
    email: String,
    #[serde(default)]
    level: Option<u8>,
}

#[test]
fn a_struct_gets_the_members_it_asks_for() {
    let ada = |level| Profile { email: "ada@example.com".to_owned(), level };
    assert_eq!(read(claims().to_string()), Ok(ada(None)));
    assert_eq!(read(with("level", 3)), Ok(ada(Some(3))));
    assert_eq!(read(with("level", json!(null))), Ok(ada(None)));
    assert_eq!(read(with("other", json!({"nested": [1, 2]}))), Ok(ada(None)));
    let verified = verifier().verify::<Profile>(&signed(claims().to_string()), &keys(secret()), NOW).unwrap();
    assert_eq!(verified.email, "ada@example.com");
    assert!(!format!("{verified:?}").contains("ada@"), "what is the application's is not shown");
}

#[test]
fn a_member_that_is_missing_or_of_another_type_is_named() {
    assert_eq!(verdict(read::<Profile>(without("email"))), "claim_missing email");
    assert_eq!(verdict(read::<Profile>(with("email", 7))), "claim_invalid email");
    assert_eq!(verdict(read::<Profile>(with("email", json!(null)))), "claim_invalid email");
    for level in [json!(256), json!(-1), json!(1.5), json!("1"), json!([])] {
        assert_eq!(verdict(read::<Profile>(with("level", level))), "claim_invalid level");
    }
}

#[test]
fn a_member_that_is_missing_further_down_makes_its_claim_invalid_not_missing() {
    #[derive(Debug, Deserialize)]
    struct Nested {
        #[expect(dead_code, reason = "only read from claims")]
        profile: Profile,
    }
    assert_eq!(verdict(read::<Nested>(with("x", 1))), "claim_missing profile");
    assert_eq!(verdict(read::<Nested>(with("profile", json!({"level": 1})))), "claim_invalid profile");
    assert_eq!(verdict(read::<Vec<u8>>(with("x", 1))), "payload_invalid");
}

#[test]
fn an_error_says_nothing_of_the_value() {
    for refused in [
        read::<Profile>(with("email", json!(["hunter2"]))).unwrap_err(),
        read::<Profile>(with("level", "hunter2")).unwrap_err(),
        read::<Value>(with("iss", "hunter2")).unwrap_err(),
        read::<Value>(with("aud", "hunter2")).unwrap_err(),
        read::<Value>(with("exp", "hunter2")).unwrap_err(),
        read::<Value>(with("sub", json!({"hunter2": 1}))).unwrap_err(),
    ] {
        assert!(!format!("{refused} {refused:?}").contains("hunter2"), "{refused}");
    }
}

#[test]
fn maps_and_values_get_all_members_but_the_registered_ones() {
    let payload = with("level", json!([1, {"a": null}]));
    let expected = json!({"email": "ada@example.com", "level": [1, {"a": null}]});
    assert_eq!(read::<Value>(payload.clone()), Ok(expected.clone()));
    let map: HashMap<String, Value> = read(payload.clone()).unwrap();
    assert_eq!(serde_json::to_value(map).unwrap(), expected);
    let map: BTreeMap<String, IgnoredAny> = read(payload.clone()).unwrap();
    assert_eq!(map.into_keys().collect::<Vec<_>>(), ["email", "level"]);
    assert_eq!(read::<()>(payload.clone()), Ok(()));
    assert!(read::<IgnoredAny>(payload.clone()).is_ok());
    assert_eq!(read::<Option<Profile>>(claims().to_string()).unwrap().unwrap().email, "ada@example.com");
    assert_eq!(verdict(read::<String>(payload.clone())), "payload_invalid");
    assert_eq!(verdict(read::<u64>(payload)), "payload_invalid");
}

#[test]
fn a_field_with_the_name_of_a_registered_claim_is_never_filled() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Demanding {
        sub: String,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Hopeful {
        sub: Option<String>,
    }
    let payload = with("sub", "user-1");
    assert_eq!(read::<Demanding>(payload.clone()), Err(VerifyError::MissingClaim { claim: "sub".into() }));
    assert_eq!(read(payload), Ok(Hopeful { sub: None }));
}

#[test]
fn types_can_be_made_of_types() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Flat {
        #[serde(flatten)]
        profile: Profile,
        tenant: String,
        #[serde(flatten)]
        rest: BTreeMap<String, Value>,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Wrapped(Profile);
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "kind", rename_all = "lowercase")]
    enum Tagged {
        User { email: String },
        Machine { name: String },
    }
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(untagged)]
    enum Either {
        Numbered { number: u64 },
        Named { email: String },
    }

    let ada = || "ada@example.com".to_owned();
    let flat: Flat = read(with("tenant", "t-1")).unwrap();
    assert_eq!(flat.profile, Profile { email: ada(), level: None });
    assert_eq!((flat.tenant.as_str(), flat.rest), ("t-1", BTreeMap::new()));
    assert_eq!(verdict(read::<Flat>(with("x", 1))), "claim_missing tenant");
    assert_eq!(read(claims().to_string()), Ok(Wrapped(Profile { email: ada(), level: None })));
    assert_eq!(read(with("kind", "user")), Ok(Tagged::User { email: ada() }));
    assert_eq!(read(with_text(r#""name":"m","kind":"machine""#)), Ok(Tagged::Machine { name: "m".into() }));
    assert_ne!(verdict(read::<Tagged>(with("kind", "root"))), "ok");
    assert_eq!(read(claims().to_string()), Ok(Either::Named { email: ada() }));
    assert_eq!(read(with_text(r#""number":7"#)), Ok(Either::Numbered { number: 7 }));
    assert_ne!(verdict(read::<Either>(with_text(r#""x":7"#))), "ok");
}

#[test]
fn a_type_that_knows_all_its_members_refuses_others() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Closed {
        #[expect(dead_code, reason = "only read from claims")]
        email: String,
    }
    assert_eq!(
        verdict(read::<Closed>(claims().to_string())),
        "ok",
        "the registered claims are none of its business"
    );
    assert_ne!(verdict(read::<Closed>(with("extra", 1))), "ok");
}

/// A type that takes nothing from its deserializer.
struct Careless;

impl<'de> Deserialize<'de> for Careless {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Ok(Self)
    }
}

#[test]
fn a_type_that_reads_nothing_does_not_let_a_token_through_unread() {
    assert_ne!(verdict(read::<Careless>(with("exp", 1))), "ok");
    assert_ne!(verdict(read::<Careless>(claims().to_string())), "ok");
}
