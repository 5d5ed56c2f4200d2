//! What a token says of itself is not taken for what was verified.

use countersign_jwt::{Unverified, Verified};

struct Profile {
    email: String,
}

fn greet(_: &Verified<Profile>) {}

fn main() {
    let unverified = Unverified::decode("a.b.c").unwrap();
    greet(&unverified);
    let _ = &unverified.email;
    let _ = unverified.subject();
    let _: Verified<Profile> = unverified.into();
}
