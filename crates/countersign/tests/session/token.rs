use countersign::jwt::base64url;
use countersign::session::{InvalidRefreshToken, InvalidSessionId, RefreshTokenKeys, SessionId};

use crate::common::{Scene, id, keys};

/// Computed with another implementation of HKDF and HMAC, for the master secret 07 07 .. 07, the session 00 01 .. 0f and
/// the counter 5.
const KNOWN: &str = "AQABAgMEBQYHCAkKCwwNDg8AAAAFN3ad492dQsIadXoo1jtDdA";

#[test]
fn a_token_is_what_its_documentation_says_byte_for_byte() {
    let session_id = SessionId::from_bytes(std::array::from_fn(|index| index as u8));
    assert_eq!(keys().issue(session_id, 5).as_str(), KNOWN);
}

#[test]
fn an_issued_token_reads_back_as_itself() {
    for counter in [0, 1, 0x0102_0304, u32::MAX] {
        let issued = keys().issue(id(9), counter);
        let read = keys().authenticate(issued.as_str()).unwrap();
        assert_eq!((read.session_id(), read.counter()), (id(9), counter));
        assert_eq!(read.as_str(), issued.as_str());
    }
}

#[test]
fn no_bit_of_a_token_can_be_changed() {
    let bytes = base64url::decode(KNOWN).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(keys().authenticate(&base64url::encode(changed)).is_err(), "bit {bit} does not count");
    }
}

#[test]
fn no_character_of_a_token_can_be_left_out_or_added_or_written_otherwise() {
    let malformed = Err(InvalidRefreshToken::Malformed);
    let refused = |text: &str| keys().authenticate(text).map(|token| token.counter());
    for end in 0..KNOWN.len() {
        assert_eq!(refused(&KNOWN[..end]), malformed, "{end} characters are enough");
    }
    for (text, why) in [
        (format!("{KNOWN}A"), "one more"),
        (format!("{KNOWN}=="), "padding"),
        (format!(" {}", &KNOWN[1..]), "white space"),
        (format!("{}+", &KNOWN[1..]), "the standard alphabet"),
        (format!("{}é", &KNOWN[2..]), "not ASCII"),
        ("A".repeat(50), "another version"),
        ("A".repeat(1_000_000), "far too long"),
    ] {
        assert_eq!(refused(&text), malformed, "{why}");
    }
    // 37 bytes leave four bits of the last character unused: they are zero, or the text is another one.
    let last = KNOWN.chars().last().unwrap();
    let others = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars();
    for other in others.filter(|letter| *letter != last) {
        let text = format!("{}{other}", &KNOWN[..KNOWN.len() - 1]);
        assert!(refused(&text).is_err(), "{other} may stand for {last}");
    }
}

#[test]
fn a_token_of_another_master_secret_is_forged() {
    let theirs = RefreshTokenKeys::new(&[8; 32]).unwrap().issue(id(1), 0);
    assert_eq!(keys().authenticate(theirs.as_str()).unwrap_err(), InvalidRefreshToken::Forged);
}

#[test]
fn a_short_master_secret_is_refused() {
    assert_eq!(RefreshTokenKeys::new(&[7; 31]).unwrap_err().minimum, 32);
    assert_eq!(keys().accepting(&[]).unwrap_err().minimum, 32);
    assert!(RefreshTokenKeys::new(&[7; 33]).is_ok());
}

#[tokio::test]
async fn the_master_secret_can_be_changed_without_a_logout() {
    use countersign::session::{MemoryStore, NewSession, SessionPolicy, Sessions};
    let (old, new) = ([1; 32], [2; 32]);
    let store = MemoryStore::new();
    let with = |keys| Sessions::new(store.clone(), keys, SessionPolicy::default());
    let now = crate::common::NOW;

    let before = with(RefreshTokenKeys::new(&old).unwrap());
    let prepared = with(RefreshTokenKeys::new(&old).unwrap().accepting(&new).unwrap());
    let changed = with(RefreshTokenKeys::new(&new).unwrap().accepting(&old).unwrap());
    let after = with(RefreshTokenKeys::new(&new).unwrap());

    let started = before.start(NewSession::new(id(1), "ada"), now).await.unwrap();
    let moved = changed.refresh(started.token.as_str(), None, now).await.unwrap();
    // An instance that is prepared, and not changed yet, takes it.
    let back = prepared.refresh(moved.token.as_str(), None, now).await.unwrap();
    let moved = changed.refresh(back.token.as_str(), None, now).await.unwrap();
    let last = after.refresh(moved.token.as_str(), None, now).await.unwrap();
    assert_eq!(last.session.counter, 4);
    let outcome = after.refresh(started.token.as_str(), None, now).await.unwrap_err();
    assert_eq!(outcome.code(), "refresh_token_forged");
}

#[test]
fn debugging_a_token_or_its_keys_shows_nothing_that_can_be_presented() {
    let token = keys().issue(id(1), 3);
    let shown = format!("{token:?} {:?}", keys());
    assert!(shown.contains("counter: 3"), "{shown}");
    assert!(!shown.contains(token.as_str()) && !shown.contains(&token.as_str()[30..]), "{shown}");
    assert!(!shown.contains("7, 7"), "{shown}");
}

#[tokio::test]
async fn debugging_sessions_shows_no_key_and_no_token() {
    let scene = Scene::new();
    let token = scene.log_in(1, "ada").await;
    let grant = scene.refresh(&token).await.unwrap();
    let shown = format!("{:?} {:?} {grant:?}", scene.sessions, scene.store);
    assert!(!shown.contains(&token[30..]) && !shown.contains(&grant.token.as_str()[30..]), "{shown}");
}

#[test]
fn the_name_of_a_session_has_one_form() {
    let id = SessionId::generate().unwrap();
    assert_eq!(id.to_string().len(), 22);
    assert_eq!(id.to_string().parse(), Ok(id));
    assert_ne!(id, SessionId::generate().unwrap());
    for text in [
        "",
        "AAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAB",
        "AAAAAAAAAAAAAAAAAAAAAA==",
    ] {
        assert_eq!(text.parse::<SessionId>(), Err(InvalidSessionId), "{text}");
    }
}
