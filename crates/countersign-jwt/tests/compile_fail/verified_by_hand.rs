//! Only a verification makes a `Verified`.

use countersign_jwt::Verified;

#[derive(Default)]
struct Profile {}

fn main() {
    let _ = Verified { claims: Profile {} };
    let _ = Verified::<Profile>::new;
    let _ = Verified::<Profile>::default();
}
