//! Only a verification makes a `Verified`.

use countersign_jwt::Verified;

#[derive(Clone, Default, serde::Deserialize)]
struct Profile {}

fn main() {
    let _ = Verified { claims: Profile {} };
    let _ = Verified::<Profile>::new("{}".to_owned(), 2, todo!(), todo!(), Profile {});
    let _ = Verified::<Profile>::default();
    let _ = Verified::<Profile>::from(Profile {});
}
