//! A `Verified` is not read from anywhere, nor changed afterwards.

use countersign_jwt::Verified;

#[derive(serde::Deserialize)]
struct Profile {
    admin: bool,
}

fn promote(token: &mut Verified<Profile>) {
    token.admin = true;
}

fn main() {
    let mut token: Verified<Profile> = serde_json::from_str("{}").unwrap();
    promote(&mut token);
}
