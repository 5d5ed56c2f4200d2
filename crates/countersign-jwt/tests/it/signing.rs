//! From claims to a token: what is filled in, what overrides what, what is refused.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use countersign_jwt::{
    AccessTokenClaims, Algorithm, Audience, Claims, NumericDate, RegisteredClaim, SignError, Signer,
    Unverified, Verifier,
};
use serde::ser::{Error as _, SerializeMap, SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{AUDIENCE, ISSUER, NOW, key, keys, outcome, secret, verifier};

const LIFETIME: Duration = Duration::from_secs(900);

fn signer() -> Signer {
    Signer::new(secret().clone(), ISSUER, AUDIENCE, LIFETIME)
}

/// The payload of a token with these claims, as it is written.
fn payload<C: Serialize>(claims: &Claims<'_, C>) -> Result<String, SignError> {
    let token = signer().sign(claims, NOW)?;
    Ok(Unverified::decode(&token).unwrap().payload().to_owned())
}

fn refused<C: Serialize>(private: C) -> SignError {
    payload(&Claims::new(private)).unwrap_err()
}

fn header(signer: &Signer) -> String {
    let token = signer.sign(&Claims::new(()), NOW).unwrap();
    Unverified::decode(&token).unwrap().header().to_owned()
}

#[derive(Clone, Serialize, Deserialize, Debug, PartialEq)]
struct Profile {
    email: String,
    roles: Vec<String>,
}

fn ada() -> Profile {
    Profile { email: "ada@example.com".to_owned(), roles: vec!["admin".to_owned()] }
}

#[test]
fn what_is_set_for_one_token_wins_over_what_the_signer_says() {
    let written = |claims: Claims<'_, ()>| payload(&claims.token_id("t")).unwrap();
    let default =
        r#"{"iss":"https://issuer.example","aud":"api","exp":1700000900,"iat":1700000000,"jti":"t"}"#;
    assert_eq!(written(Claims::new(())), default);
    for (claims, from, to) in [
        (Claims::new(()).issuer("me"), r#""https://issuer.example""#, r#""me""#),
        (Claims::new(()).audience("you"), r#""aud":"api""#, r#""aud":"you""#),
        (Claims::new(()).audience(["a", "b"]), r#""aud":"api""#, r#""aud":["a","b"]"#),
        (Claims::new(()).audience(["a"]), r#""aud":"api""#, r#""aud":"a""#),
        (Claims::new(()).lifetime(Duration::from_secs(1)), "1700000900", "1700000001"),
        (Claims::new(()).lifetime(Duration::ZERO), "1700000900", "1700000000"),
        (Claims::new(()).subject("user-1"), r#","aud""#, r#","sub":"user-1","aud""#),
        (Claims::new(()).not_before(NOW), r#","iat""#, r#","nbf":1700000000,"iat""#),
    ] {
        assert_eq!(written(claims), default.replace(from, to));
    }
    let moved = written(Claims::new(()).issued_at(NumericDate::from_secs(100)));
    assert!(moved.contains(r#""exp":1000,"iat":100"#), "exp counts from iat: {moved}");
    assert_eq!(signer().lifetime(), LIFETIME);
}

#[test]
fn equal_claims_give_equal_bytes() {
    let claims = Claims::new(ada()).subject("user-1").token_id("t-1").not_before(NOW);
    let token = signer().sign(&claims, NOW).unwrap();
    for _ in 0..10 {
        assert_eq!(signer().sign(&claims.clone(), NOW).unwrap(), token);
    }
    assert_eq!(
        Unverified::decode(&token).unwrap().payload(),
        r#"{"iss":"https://issuer.example","sub":"user-1","aud":"api","exp":1700000900,"nbf":1700000000,"iat":1700000000,"jti":"t-1","email":"ada@example.com","roles":["admin"]}"#
    );
}

#[test]
fn every_token_has_an_id_of_its_own() {
    let token_id = || {
        let token = signer().sign(&Claims::new(()), NOW).unwrap();
        let verified = verifier().verify::<()>(&token, &keys(secret()), NOW).unwrap();
        verified.token_id().unwrap().to_owned()
    };
    let ids: BTreeSet<String> = (0..1_000).map(|_| token_id()).collect();
    assert_eq!(ids.len(), 1_000);
    assert!(ids.iter().all(|id| id.len() == 22), "16 random bytes");
}

#[test]
fn a_registered_claim_cannot_come_from_the_applications_own() {
    for (name, claim) in [
        ("iss", RegisteredClaim::Issuer),
        ("sub", RegisteredClaim::Subject),
        ("aud", RegisteredClaim::Audience),
        ("exp", RegisteredClaim::Expiration),
        ("nbf", RegisteredClaim::NotBefore),
        ("iat", RegisteredClaim::IssuedAt),
        ("jti", RegisteredClaim::TokenId),
    ] {
        assert_eq!(claim.name(), name);
        assert_eq!(refused(json!({ name: 1 })), SignError::ReservedClaim(claim));
        assert_eq!(refused(BTreeMap::from([(name, "x")])), SignError::ReservedClaim(claim));
        assert!(payload(&Claims::new(json!({ name.to_uppercase(): 1, "x": { name: 1 } }))).is_ok());
    }
    #[derive(Serialize)]
    struct Struct {
        sub: &'static str,
    }
    #[derive(Serialize)]
    struct Flat {
        #[serde(flatten)]
        inner: Struct,
    }
    assert_eq!(refused(Struct { sub: "x" }), SignError::ReservedClaim(RegisteredClaim::Subject));
    assert_eq!(
        refused(Flat { inner: Struct { sub: "x" } }),
        SignError::ReservedClaim(RegisteredClaim::Subject)
    );
    assert!(refused(Struct { sub: "x" }).to_string().contains("`sub`"));
}

#[test]
fn a_member_that_would_stand_twice_is_refused() {
    #[derive(Serialize)]
    struct Flat {
        email: &'static str,
        #[serde(flatten)]
        profile: Profile,
    }
    #[derive(Serialize)]
    struct Renamed {
        #[serde(rename = "email")]
        one: &'static str,
        #[serde(rename = "email")]
        other: &'static str,
    }
    assert_eq!(refused(Flat { email: "x", profile: ada() }), SignError::DuplicateClaim);
    assert_eq!(refused(Renamed { one: "x", other: "y" }), SignError::DuplicateClaim);
    // More fields than are compared in place.
    let many = |last| Fields((0..20).map(|n| NAMES[n]).chain([last]).collect());
    for n in [0, 15, 16, 19] {
        assert_eq!(refused(many(NAMES[n])), SignError::DuplicateClaim, "{n}");
    }
    assert!(payload(&Claims::new(many("z"))).is_ok());
    assert_eq!(refused(Twice("email")), SignError::DuplicateClaim);
    assert_eq!(refused(Twice("")), SignError::DuplicateClaim);
}

const NAMES: [&str; 20] =
    ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t"];

/// A struct with fields of these names.
struct Fields(Vec<&'static str>);

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Fields", self.0.len())?;
        for name in &self.0 {
            fields.serialize_field(name, "x")?;
        }
        fields.end()
    }
}

/// A map that has a key twice.
struct Twice(&'static str);

impl Serialize for Twice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry(self.0, "x")?;
        map.serialize_entry(self.0, "y")?;
        map.end()
    }
}

#[test]
fn claims_that_are_no_object_are_refused() {
    #[derive(Serialize)]
    struct Tuple(u8, u8);
    #[derive(Serialize)]
    enum Kind {
        Unit,
        New(u8),
        Tuple(u8, u8),
        Struct { a: u8 },
    }
    assert_eq!(refused("text"), SignError::NotAnObject);
    assert_eq!(refused('c'), SignError::NotAnObject);
    assert_eq!(refused(7), SignError::NotAnObject);
    assert_eq!(refused(1.5), SignError::NotAnObject);
    assert_eq!(refused(true), SignError::NotAnObject);
    assert_eq!(refused([1, 2]), SignError::NotAnObject);
    assert_eq!(refused((1, 2)), SignError::NotAnObject);
    assert_eq!(refused(vec![ada()]), SignError::NotAnObject);
    assert_eq!(refused(json!([])), SignError::NotAnObject);
    assert_eq!(refused(json!("x")), SignError::NotAnObject);
    assert_eq!(refused(Tuple(1, 2)), SignError::NotAnObject);
    for kind in [Kind::Unit, Kind::New(1), Kind::Tuple(1, 2), Kind::Struct { a: 1 }] {
        assert_eq!(refused(kind), SignError::NotAnObject);
    }
    assert_eq!(refused(HashMap::from([(vec![1], 2)])), SignError::NotAnObject);
}

#[test]
fn no_claims_of_ones_own_are_none() {
    #[derive(Serialize)]
    struct Empty;
    let written =
        |payload: Result<String, SignError>| payload.unwrap().split(r#","jti""#).next().unwrap().to_owned();
    let none = written(payload(&Claims::new(())));
    assert_eq!(written(payload(&Claims::new(Empty))), none);
    assert_eq!(written(payload(&Claims::new(None::<Profile>))), none);
    assert_eq!(written(payload(&Claims::new(json!(null)))), none);
    assert_eq!(written(payload(&Claims::new(json!({})))), none);
    assert!(none.ends_with(r#""iat":1700000000"#));
}

#[test]
fn structs_and_maps_of_every_kind_come_back_as_they_were() {
    #[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
    struct Flat {
        #[serde(flatten)]
        profile: Profile,
        #[serde(rename = "tenant-id", skip_serializing_if = "Option::is_none")]
        tenant: Option<u64>,
        nested: BTreeMap<String, Value>,
    }
    #[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
    struct Wrapped(Flat);

    let nested = BTreeMap::from([("ключ \"\\/".to_owned(), json!([null, 1.5, {"sub": "nested"}]))]);
    let flat = Flat { profile: ada(), tenant: Some(u64::MAX), nested };
    comes_back(&flat);
    comes_back(&Wrapped(Flat { tenant: None, ..flat }));
    comes_back(&Some(ada()));
    comes_back(&BTreeMap::from([("a".to_owned(), 1), ("".to_owned(), 2), ("isss".to_owned(), 3)]));
    // A map without an order of its own: the order in the token is any, the claims are the same.
    comes_back(&(0..100).map(|n| (format!("claim-{n}"), n)).collect::<HashMap<_, _>>());
}

fn comes_back<C: Serialize + for<'de> Deserialize<'de> + PartialEq + std::fmt::Debug>(private: &C) {
    let token = signer().sign(&Claims::new(private), NOW).unwrap();
    let verified = verifier().verify::<C>(&token, &keys(secret()), NOW).unwrap();
    assert_eq!(verified.claims(), private);
}

#[test]
fn a_type_that_cannot_be_written_is_refused() {
    struct Broken;
    impl Serialize for Broken {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("hunter2"))
        }
    }
    let error = refused(Broken);
    assert_eq!(error, SignError::Unwritable);
    assert_eq!(refused(BTreeMap::from([("x", Broken)])), SignError::Unwritable);
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[test]
fn the_header_says_what_the_token_is_and_which_key_signed_it() {
    assert_eq!(header(&signer()), r#"{"alg":"HS256","typ":"JWT"}"#);
    assert_eq!(header(&signer().token_type("at+jwt")), r#"{"alg":"HS256","typ":"at+jwt"}"#);
    let named = Signer::new(secret().clone().with_key_id("k \"1\""), ISSUER, AUDIENCE, LIFETIME);
    assert_eq!(header(&named), r#"{"alg":"HS256","typ":"JWT","kid":"k \"1\""}"#);
    for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric()) {
        let signer = Signer::new(key(algorithm).clone(), ISSUER, AUDIENCE, LIFETIME);
        let expected = json!({"alg": algorithm.name(), "typ": "JWT", "kid": key(algorithm).key_id()});
        assert_eq!(serde_json::from_str::<Value>(&header(&signer)).unwrap(), expected);
    }
}

#[test]
fn a_lifetime_beyond_all_dates_ends_at_the_last_one() {
    let signer = Signer::new(secret().clone(), ISSUER, AUDIENCE, Duration::MAX);
    let token = signer.sign(&Claims::new(()), NumericDate::MAX).unwrap();
    let verified = verifier().verify::<()>(&token, &keys(secret()), NOW).unwrap();
    assert_eq!(verified.expires_at(), NumericDate::MAX);
    let token = signer.sign(&Claims::new(()).lifetime(Duration::ZERO), NumericDate::MIN).unwrap();
    assert_eq!(outcome(verifier().verify::<()>(&token, &keys(secret()), NOW)), "token_expired");
}

#[test]
fn an_audience_is_written_as_one_name_or_several() {
    let written = |audience: Audience| serde_json::to_string(&audience).unwrap();
    assert_eq!(written("a".into()), r#""a""#);
    assert_eq!(written("a".to_owned().into()), r#""a""#);
    assert_eq!(written(vec!["a"].into()), r#""a""#);
    assert_eq!(written(["a", "b"].into()), r#"["a","b"]"#);
    assert_eq!(written(Vec::<String>::new().into()), "[]");
    assert_eq!(Audience::from(["a", "b"]).iter().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(Audience::from("a").iter().collect::<Vec<_>>(), ["a"]);
}

fn access_token(claims: &Claims<'_, AccessTokenClaims>) -> String {
    let signer = Signer::access_tokens(key(Algorithm::Es256).clone(), ISSUER, AUDIENCE, LIFETIME);
    signer.sign(claims, NOW).unwrap()
}

#[test]
fn an_access_token_has_what_its_profile_demands() {
    let mut claims = AccessTokenClaims::new("client-1");
    claims.scope = Some("read  write".to_owned());
    claims.auth_time = Some(NumericDate::from_secs(1_699_999_000));
    claims.amr = Some(vec!["pwd".to_owned()]);
    let token = access_token(&Claims::new(claims.clone()).subject("user-1"));
    let unverified = Unverified::decode(&token).unwrap();
    assert!(unverified.header().contains(r#""typ":"at+jwt""#));
    let payload: Value = unverified.claims().unwrap();
    for required in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        assert!(payload.get(required).is_some(), "{required}");
    }
    for absent in ["acr", "sid"] {
        assert!(payload.get(absent).is_none(), "{absent}");
    }
    let keys = keys(key(Algorithm::Es256));
    let verified =
        Verifier::access_tokens(ISSUER, AUDIENCE).verify::<AccessTokenClaims>(&token, &keys, NOW).unwrap();
    assert_eq!(verified.claims(), &claims);
    assert_eq!(verified.scopes().collect::<Vec<_>>(), ["read", "write"]);
    assert_eq!(AccessTokenClaims::new("c").scopes().count(), 0);
}

#[test]
fn another_kind_of_token_is_no_access_token_nor_the_reverse() {
    let keys = keys(key(Algorithm::Es256));
    let access = access_token(&Claims::new(AccessTokenClaims::new("client-1")).subject("user-1"));
    assert_eq!(outcome(verifier().verify::<Value>(&access, &keys, NOW)), "typ_mismatch");
    let other = Signer::new(key(Algorithm::Es256).clone(), ISSUER, AUDIENCE, LIFETIME);
    let other = other.sign(&Claims::new(AccessTokenClaims::new("client-1")).subject("user-1"), NOW).unwrap();
    let verifier = Verifier::access_tokens(ISSUER, AUDIENCE);
    assert_eq!(outcome(verifier.verify::<AccessTokenClaims>(&other, &keys, NOW)), "typ_mismatch");
}

#[test]
fn an_access_token_lacks_none_of_the_claims_of_its_profile() {
    let complete = json!({
        "iss": ISSUER, "exp": NOW.as_secs() + 60, "aud": AUDIENCE, "sub": "user-1", "client_id": "client-1",
        "iat": NOW.as_secs(), "jti": "token-1",
    });
    let verify = |claims: &Value, token_type: &str| {
        let header = format!(r#"{{"alg":"ES256","typ":"{token_type}"}}"#);
        let token = crate::support::token(key(Algorithm::Es256), &header, claims.to_string());
        let keys = keys(key(Algorithm::Es256));
        outcome(Verifier::access_tokens(ISSUER, AUDIENCE).verify::<AccessTokenClaims>(&token, &keys, NOW))
    };
    assert_eq!(verify(&complete, "at+jwt"), "ok");
    assert_eq!(verify(&complete, "application/at+jwt"), "ok");
    assert_eq!(verify(&complete, "JWT"), "typ_mismatch");
    for required in complete.as_object().unwrap().keys() {
        let mut claims = complete.clone();
        claims.as_object_mut().unwrap().remove(required);
        assert_eq!(verify(&claims, "at+jwt"), "claim_missing", "{required}");
    }
    for (claim, value, refused) in [
        ("iss", json!("other"), "iss_mismatch"),
        ("aud", json!("other"), "aud_mismatch"),
        ("exp", json!(1), "token_expired"),
        ("client_id", json!(1), "claim_invalid"),
        ("scope", json!(["read"]), "claim_invalid"),
        ("auth_time", json!("yesterday"), "claim_invalid"),
    ] {
        let mut claims = complete.clone();
        claims[claim] = value;
        assert_eq!(verify(&claims, "at+jwt"), refused, "{claim}");
    }
}
