//! Claims that borrow from a buffer are gone before the next token is read into it.

use countersign_jwt::{KeySet, NumericDate, PayloadBuffer, Verifier};

fn main() {
    let (keys, now) = (KeySet::default(), NumericDate::from_secs(0));
    let verifier = Verifier::new("issuer", "audience");
    let mut buffer = PayloadBuffer::new();
    let first = verifier.verify_in::<()>("a.b.c", &keys, now, &mut buffer).unwrap();
    let _second = verifier.verify_in::<()>("d.e.f", &keys, now, &mut buffer).unwrap();
    let _ = first.subject();
}
