//! A `Verified` is not read from anywhere, nor changed afterwards.

use countersign_jwt::Verified;

#[derive(serde::Deserialize)]
struct Profile {
    admin: bool,
}

fn promote(mut token: Verified<Profile>) {
    token.admin = true;
}

fn main() {
    let token: Verified<Profile> = serde_json::from_str("{}").unwrap();
    promote(token);
}
