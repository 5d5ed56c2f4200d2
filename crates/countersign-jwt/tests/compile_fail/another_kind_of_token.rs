//! A token of one kind does not serve where another kind is asked for.

use countersign_jwt::{AccessTokenClaims, KeySet, NumericDate, Verified, Verifier};
use serde::Deserialize;

#[derive(Deserialize)]
struct IdToken {
    email: String,
}

fn charge(_: &Verified<AccessTokenClaims>) {}

fn main() {
    let verifier = Verifier::access_tokens("issuer", "audience");
    let (keys, now) = (KeySet::default(), NumericDate::from_secs(0));
    let login = verifier.verify::<IdToken>("a.b.c", &keys, now).unwrap();
    let _ = &login.email;
    charge(&login);
    charge(login.claims());
}
