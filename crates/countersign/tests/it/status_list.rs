//! Token Status Lists: the examples of the draft, and what somebody might try who would rather not be found on one.

use std::time::Duration;

use countersign::jwt::jws;
use countersign::jwt::{
    AccessTokenClaims, Algorithm, Claims, KeySet, NumericDate, Signer, SigningKey, Verifier, VerifyError,
    base64url,
};
use countersign::revocation::status_list::{
    Bits, STATUS_LIST_TYPE, Status, StatusClaim, StatusList, StatusListError, StatusListToken,
    StatusListVerifier, StatusReference, VerifyStatusListError,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: NumericDate = NumericDate::from_secs(1_700_000_000);
const URI: &str = "https://login.example/auth/status-lists/0";
const MANY: usize = 1 << 20;
const BITS: [Bits; 4] = [Bits::One, Bits::Two, Bits::Four, Bits::Eight];

/// Appendix C.1 of the draft: 2^20 statuses of one bit.
const ONE_BIT: &str = "eNrt3AENwCAMAEGogklACtKQPg9LugC9k_ACvreiogEAAKkeCQAAAAAAAAAAAAAAAAAAAIBylgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
AAAAAAAAAAAAAAAAAAAAAAAAXG9IAAAAAAAAAPwsJAAAAAAAAAAAAAAAvhsSAAAAAAAAAAAA7KpLAAAAAAAAAAAAAAAAAAAAAJsLCQAA\
AAAAAAAAADjelAAAAAAAAAAAKjDMAQAAAACAZC8L2AEb";
/// Appendix C.2: 2^20 statuses of two bits.
const TWO_BITS: &str = "eNrt2zENACEQAEEuoaBABP5VIO01fCjIHTMStt9ovGVIAAAAAABAbiEBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEB5WwIA\
AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
AID0ugQAAAAAAAAAAAAAAAAAQG12SgAAAAAAAAAAAAAAAAAAAAAAAAAAAOCSIQEAAAAAAAAAAAAAAAAAAAAAAAD8ExIAAAAAAAAAAAAA\
AAAAAAAAAAAAAAAAAAAAAAAAAAAAwJEuAQAAAAAAAAAAAAAAAAAAAAAAAMB9SwIAAAAAAAAAAAAAAAAAAACoYUoAAAAAAAAAAAAAAEBq\
H81gAQw";

fn list_of(bits: Bits, statuses: &[u8]) -> StatusList {
    let mut list = StatusList::new(bits, statuses.len());
    for (index, status) in (0..).zip(statuses) {
        list.set(index, Status::from_value(*status)).expect("within the list");
    }
    list
}

fn statuses(list: &StatusList) -> Vec<u8> {
    (0..list.room()).map(|index| list.status(index).expect("within the list").value()).collect()
}

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).expect("a key can be made")
}

fn token() -> StatusListToken {
    let list = list_of(Bits::Two, &[0, 1, 2, 3]);
    StatusListToken::new(URI, list, NOW).expires_after(Duration::from_secs(300)).ttl(Duration::from_secs(15))
}

fn verify(token: &str, key: &SigningKey, now: NumericDate) -> Result<StatusListToken, VerifyStatusListError> {
    StatusListVerifier::new().verify(token, URI, &KeySet::from(key.verifying_key()), now)
}

/// What the verifier says of these claims under a good signature.
fn verify_claims(claims: &Value) -> Result<StatusListToken, VerifyStatusListError> {
    let key = key();
    let token = jws::sign(&key, Some(STATUS_LIST_TYPE), claims.to_string().as_bytes()).expect("it signs");
    verify(&token, &key, NOW)
}

#[test]
fn the_examples_of_the_draft_are_written_and_read_to_the_letter() {
    let one = [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1];
    let two = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3];
    for (bits, expected, lst) in
        [(Bits::One, one.as_slice(), "eNrbuRgAAhcBXQ"), (Bits::Two, two.as_slice(), "eNo76fITAAPfAgc")]
    {
        assert_eq!(list_of(bits, expected).to_lst(), lst);
        let list = StatusList::from_lst(bits, lst, 3).expect("a list");
        assert_eq!(statuses(&list), expected);
    }
}

#[test]
fn the_long_lists_of_the_draft_say_what_it_says_they_do() {
    let places = [0, 1993, 25460, 159_495, 495_669, 554_353, 645_645, 723_232, 854_545, 934_534, 1_000_345];
    let vectors = [(Bits::One, ONE_BIT, [1; 11]), (Bits::Two, TWO_BITS, [1, 2, 1, 3, 1, 1, 2, 1, 1, 2, 3])];
    for (bits, lst, values) in vectors {
        let list = StatusList::from_lst(bits, lst, MANY).expect("a list");
        let mut expected = vec![0; MANY];
        for (place, value) in places.into_iter().zip(values) {
            expected[place] = value;
        }
        assert!(statuses(&list) == expected, "{bits:?}");
        // Another compressor, the same list.
        assert_eq!(StatusList::from_lst(bits, &list.to_lst(), MANY), Ok(list));
    }
}

#[test]
fn a_place_behind_the_end_is_an_error_and_never_a_status() {
    for bits in BITS {
        let mut list = StatusList::new(bits, 16);
        for index in [16, 17, u64::from(u32::MAX) + 1, u64::MAX] {
            assert_eq!(list.status(index), Err(StatusListError::OutOfRange), "{bits:?} {index}");
            assert_eq!(list.set(index, Status::INVALID), Err(StatusListError::OutOfRange));
        }
        assert_eq!(StatusList::new(bits, 0).status(0), Err(StatusListError::OutOfRange));
    }
}

#[test]
fn a_status_that_does_not_fit_is_not_cut_to_another() {
    for (bits, value) in [(Bits::One, 2), (Bits::Two, 4), (Bits::Four, 16)] {
        let mut list = StatusList::new(bits, 8);
        assert_eq!(list.set(0, Status::from_value(value)), Err(StatusListError::TooWide));
        assert_eq!(list.status(0), Ok(Status::VALID));
    }
}

#[test]
fn only_valid_is_valid() {
    let valid: Vec<u8> = (0..=u8::MAX).filter(|value| Status::from_value(*value).is_valid()).collect();
    assert_eq!(valid, [0]);
    let own: Vec<u8> =
        (0..=u8::MAX).filter(|value| Status::from_value(*value).is_application_specific()).collect();
    assert_eq!(own, [3, 12, 13, 14, 15]);
}

#[test]
fn a_list_that_inflates_to_more_than_is_accepted_is_refused_before_it_is_inflated() {
    // 32 MiB in some tens of kB.
    let bomb = StatusList::new(Bits::Eight, 1 << 25).to_lst();
    assert!(bomb.len() < 60_000, "{}", bomb.len());
    assert_eq!(StatusList::from_lst(Bits::Eight, &bomb, MANY), Err(StatusListError::TooLarge));
    // To the byte.
    let lst = StatusList::new(Bits::Eight, 1000).to_lst();
    assert!(StatusList::from_lst(Bits::Eight, &lst, 1000).is_ok());
    assert_eq!(StatusList::from_lst(Bits::Eight, &lst, 999), Err(StatusListError::TooLarge));
}

#[test]
fn a_list_that_is_cut_off_changed_or_followed_by_something_is_refused() {
    let whole = base64url::decode(ONE_BIT).expect("base64url");
    let refused = |bytes: &[u8]| {
        StatusList::from_lst(Bits::One, &base64url::encode(bytes), MANY) == Err(StatusListError::Malformed)
    };
    for length in 0..whole.len() {
        assert!(refused(&whole[..length]), "cut to {length}");
    }
    assert!(refused(&[whole.as_slice(), &[0]].concat()), "followed by a byte");
    assert!(refused(&[whole.as_slice(), whole.as_slice()].concat()), "followed by itself");
    let mut changed = whole;
    if let Some(checksum) = changed.last_mut() {
        *checksum ^= 1;
    }
    assert!(refused(&changed), "another checksum");
    for text in ["", "=", "eNrbuRgAAhcBXQ==", "eNrbuRgAAhcBX Q", "bm90IHpsaWI"] {
        assert_eq!(StatusList::from_lst(Bits::One, text, 9), Err(StatusListError::Malformed), "{text}");
    }
}

#[test]
fn a_signed_list_is_read_as_it_was_made_until_it_expires() {
    let key = key();
    let signed = token().sign(&key).expect("it signs");
    let read = verify(&signed, &key, NOW).expect("a good list");
    assert_eq!(read, token());
    let place = |index| StatusReference::new(index, URI);
    assert_eq!(read.status_of(&place(0)), Ok(Status::VALID));
    assert_eq!(read.status_of(&place(1)), Ok(Status::INVALID));
    assert_eq!(read.status_of(&place(2)), Ok(Status::SUSPENDED));
    assert_eq!(read.status_of(&place(4)), Err(StatusListError::OutOfRange.into()));
    let elsewhere = StatusReference::new(0, "https://login.example/auth/status-lists/1");
    assert_eq!(read.status_of(&elsewhere), Err(VerifyStatusListError::AnotherList));

    let within_leeway = NOW + Duration::from_secs(359);
    assert!(verify(&signed, &key, within_leeway).is_ok());
    let late = verify(&signed, &key, NOW + Duration::from_secs(360));
    assert_eq!(late, Err(VerifyError::Expired.into()));
    let early = verify(&signed, &key, NOW - Duration::from_secs(61));
    assert_eq!(early, Err(VerifyError::NotYetValid.into()));
}

#[test]
fn the_members_of_a_signed_list_are_those_of_the_draft() {
    let list = StatusList::from_lst(Bits::One, "eNrbuRgAAhcBXQ", 2).expect("a list");
    let made = NumericDate::from_secs(1_686_920_170);
    let token = StatusListToken::new("https://example.com/statuslists/1", list, made)
        .expires_after(Duration::from_secs(604_800_000))
        .ttl(Duration::from_secs(43_200));
    let signed = token.sign(&key().with_key_id("12")).expect("it signs");
    let parts: Vec<Value> = signed
        .split('.')
        .take(2)
        .map(|part| serde_json::from_slice(&base64url::decode(part).expect("base64url")).expect("JSON"))
        .collect();
    assert_eq!(parts[0], json!({ "alg": "ES256", "kid": "12", "typ": "statuslist+jwt" }));
    let payload = json!({
        "exp": 2_291_720_170_u32,
        "iat": 1_686_920_170,
        "status_list": { "bits": 1, "lst": "eNrbuRgAAhcBXQ" },
        "sub": "https://example.com/statuslists/1",
        "ttl": 43200,
    });
    assert_eq!(parts[1], payload);
}

#[test]
fn the_list_of_another_address_or_of_another_signer_is_refused() {
    let key = key();
    let signed = token().sign(&key).expect("it signs");
    let keys = KeySet::from(key.verifying_key());
    let other = "https://login.example/auth/status-lists/1";
    let outcome = StatusListVerifier::new().verify(&signed, other, &keys, NOW);
    assert_eq!(outcome, Err(VerifyStatusListError::AnotherList));

    assert_eq!(verify(&signed, &self::key(), NOW), Err(VerifyError::UnknownKey.into()));
    let signed = token().sign(&key.with_key_id("same name")).expect("it signs");
    let namesake = self::key().with_key_id("same name");
    assert_eq!(verify(&signed, &namesake, NOW), Err(VerifyError::InvalidSignature.into()));
}

#[test]
fn an_access_token_is_no_list_and_a_list_no_access_token() {
    let key = key();
    let signer = Signer::access_tokens(key.clone(), "https://login.example", "api", Duration::from_secs(900));
    let claims = Claims::new(AccessTokenClaims::new("client")).subject(URI);
    let access = signer.sign(&claims, NOW).expect("it signs");
    assert_eq!(verify(&access, &key, NOW), Err(VerifyError::TypeMismatch.into()));

    let signed = token().sign(&key).expect("it signs");
    let verifier = Verifier::access_tokens("https://login.example", "api");
    let keys = KeySet::from(key.verifying_key());
    let outcome = verifier.verify::<AccessTokenClaims>(&signed, &keys, NOW);
    assert_eq!(outcome.err(), Some(VerifyError::TypeMismatch));
}

#[test]
fn claims_that_the_draft_does_not_allow_are_refused() {
    let good = json!({
        "sub": URI,
        "iat": NOW.as_secs(),
        "status_list": { "bits": 1, "lst": "eNrbuRgAAhcBXQ", "aggregation_uri": "https://login.example/lists" },
        "more": "may be there",
    });
    let read = verify_claims(&good).expect("a good list");
    assert_eq!((read.expires_at, read.ttl), (None, None));

    let changes: [(&str, Value); 13] = [
        ("/sub", Value::Null),
        ("/iat", Value::Null),
        ("/iat", json!("now")),
        ("/exp", json!("never")),
        ("/ttl", json!(0)),
        ("/ttl", json!(-1)),
        ("/status_list", Value::Null),
        ("/status_list/bits", json!(0)),
        ("/status_list/bits", json!(3)),
        ("/status_list/bits", json!(16)),
        ("/status_list/bits", json!("1")),
        ("/status_list/lst", Value::Null),
        ("/status_list/lst", json!([185, 163])),
    ];
    for (pointer, value) in changes {
        let mut claims = good.clone();
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        claims.pointer_mut(parent).expect("a parent")[name] = value.clone();
        let outcome = verify_claims(&claims);
        let refused = matches!(outcome, Err(VerifyStatusListError::Token(VerifyError::InvalidPayload(_))));
        assert!(refused, "{pointer} {value}: {outcome:?}");
    }
}

#[test]
fn of_two_lists_in_one_token_neither_counts() {
    let key = key();
    let twice = format!(
        r#"{{"sub":"{URI}","iat":1700000000,"status_list":{{"bits":1,"lst":"eNrbuRgAAhcBXQ"}},"status_list":{{"bits":2,"lst":"eNo76fITAAPfAgc"}}}}"#
    );
    let token = jws::sign(&key, Some(STATUS_LIST_TYPE), twice.as_bytes()).expect("it signs");
    assert!(matches!(
        verify(&token, &key, NOW),
        Err(VerifyStatusListError::Token(VerifyError::InvalidPayload(_)))
    ));
}

#[test]
fn the_claim_of_a_token_is_the_one_of_the_draft() {
    let claim = StatusClaim::from(StatusReference::new(83_341, URI));
    let text = json!({ "status_list": { "idx": 83_341, "uri": URI } });
    assert_eq!(serde_json::to_value(&claim).ok(), Some(text.clone()));
    assert_eq!(serde_json::from_value::<StatusClaim>(text).ok(), Some(claim));
    for idx in [json!(-1), json!(1.5), json!("1"), Value::Null] {
        let text = json!({ "status_list": { "idx": idx, "uri": URI } });
        assert!(serde_json::from_value::<StatusClaim>(text).is_err());
    }
}

/// What the guide says of the size: as the service has them, lists of 131,072 places.
#[test]
fn a_hundred_thousand_revoked_among_a_million_are_130_kilobytes() {
    const ROOM: u64 = 1 << 17;
    let mut lists = vec![StatusList::new(Bits::One, 1 << 17); 8];
    let mut revoked = 0;
    // SplitMix64: places as good as random, the same each time.
    let mut state = 0_u64;
    while revoked < 100_000 {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let place = (mixed ^ (mixed >> 31)) % (8 * ROOM);
        let list = &mut lists[usize::try_from(place / ROOM).expect("one of eight")];
        if list.status(place % ROOM) == Ok(Status::VALID) {
            list.set(place % ROOM, Status::INVALID).expect("within the list");
            revoked += 1;
        }
    }
    let key = key();
    let signed = |list| StatusListToken::new(URI, list, NOW).sign(&key).expect("it signs").len();
    let bytes: usize = lists.into_iter().map(signed).sum();
    assert!((128_000..132_000).contains(&bytes), "{bytes}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_list_comes_back_as_it_was(which in 0_usize..4, values in prop::collection::vec(any::<u8>(), 0..600)) {
        let bits = BITS[which];
        let mask = u8::MAX >> (8 - u8::from(bits));
        let values: Vec<u8> = values.into_iter().map(|value| value & mask).collect();
        let list = list_of(bits, &values);
        let read = StatusList::from_lst(bits, &list.to_lst(), 600).expect("a list");
        prop_assert_eq!(&statuses(&read)[..values.len()], &values[..]);
        prop_assert_eq!(read, list);
    }

    #[test]
    fn whatever_is_written_there_is_a_list_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let inflated = StatusList::from_lst(Bits::One, &base64url::encode(bytes), 1000);
        prop_assert!(inflated.is_err() || inflated.is_ok_and(|list| list.room() <= 8000));
    }
}
