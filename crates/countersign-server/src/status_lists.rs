//! The status lists of the service: which place a session gets, and what the lists say (draft-ietf-oauth-status-list).
//!
//! A place is drawn at random, and the database refuses one that is taken: so no row is one that all logins wait for, and
//! from two places nobody learns which login came first.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::rand;
use countersign::{
    jwt::{NumericDate, SignError},
    revocation::status_list::{
        Bits, SignStatusListError, Status, StatusClaim, StatusList, StatusListToken, StatusReference,
    },
};
use countersign_store::{Store, StoreError};
use tokio::sync::Mutex;

use crate::{flow::Failure, issuer_url::IssuerUrl, key_ring::KeyRing};

/// How many places a list has: 16 KiB before it is deflated.
const ROOM: u64 = 1 << 17;

/// How many lists there are at most, and so places for 137 thousand million sessions.
const MOST_LISTS: u64 = 1 << 20;

/// How long a list is given out before it is made anew.
const REMADE_AFTER: Duration = Duration::from_secs(5);

/// How often in a row a place may be taken before there is one more list to draw from: rarely, while most places are free.
const UNLUCKY: usize = 4;

/// How many more lists are given out than are known here: another instance may just have begun one.
const BEGUN_ELSEWHERE: u64 = 16;

/// The public lists in which every session has its place.
pub(crate) struct StatusLists {
    store: Store,
    keys: Arc<KeyRing>,
    /// The address of the list 0, without the number.
    address: String,
    /// For how long a session that was revoked is listed as such.
    remembered: Duration,
    /// How many lists places are drawn from.
    lists: AtomicU64,
    /// Held while the database is asked, so that it is asked once, however many want a list. No guarded request does.
    made: Mutex<Option<Made>>,
}

/// What the database said, and what was signed of it.
struct Made {
    at: NumericDate,
    lists: u64,
    revoked: HashMap<u64, Vec<u64>>,
    signed: HashMap<u64, String>,
}

impl StatusLists {
    /// For how long a verifier may keep a list.
    pub(crate) const TTL: Duration = Duration::from_secs(15);
    /// For how long a list counts: as long as verifiers can do without the database.
    pub(crate) const LIFETIME: Duration = Duration::from_secs(300);

    /// The lists of this issuer, on which the sessions in the store stand.
    pub(crate) async fn open(
        store: Store,
        keys: Arc<KeyRing>,
        issuer: &IssuerUrl,
        remembered: Duration,
    ) -> Result<Self, StoreError> {
        let lists = AtomicU64::new(begun(&store).await?);
        let address = issuer.of("/auth/status-lists/");
        Ok(Self { store, keys, address, remembered, lists, made: Mutex::new(None) })
    }

    /// A place at random, which another session may have: then it is drawn again. `taken` is how many were.
    pub(crate) fn draw(&self, taken: usize) -> Result<u64, Failure> {
        if taken >= UNLUCKY {
            let more = |lists: u64| (lists < MOST_LISTS).then_some(lists + 1);
            let _full = self.lists.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        }
        let mut random = [0; 8];
        rand::fill(&mut random).map_err(|_| Failure::Randomness)?;
        Ok(u64::from_ne_bytes(random) % (self.lists.load(Ordering::Relaxed) * ROOM))
    }

    /// What a token says of the place of its session.
    pub(crate) fn claim(&self, index: u64) -> StatusClaim {
        StatusReference::new(index % ROOM, self.uri(index / ROOM)).into()
    }

    fn uri(&self, number: u64) -> String {
        format!("{}{number}", self.address)
    }

    /// A list as a signed JWT; `None` for one that no session stands on. Without the database it is the last that was made,
    /// until that expires.
    pub(crate) async fn signed(&self, number: u64, now: NumericDate) -> Result<Option<String>, Failure> {
        let mut made = self.made.lock().await;
        let age = |made: &Made| now.since(made.at);
        if made.as_ref().is_none_or(|made| now < made.at || age(made) >= REMADE_AFTER) {
            match self.make(now).await {
                Ok(newer) => *made = Some(newer),
                Err(error) if made.as_ref().is_none_or(|made| age(made) >= Self::LIFETIME) => {
                    return Err(error.into());
                }
                Err(error) => tracing::warn!(%error, "a status list is given out that was made before"),
            }
        }
        let Some(made) = made.as_mut() else { return Ok(None) };
        if number >= made.lists + BEGUN_ELSEWHERE {
            return Ok(None);
        }
        if let Some(signed) = made.signed.get(&number) {
            return Ok(Some(signed.clone()));
        }
        let signed = self.sign(number, made).map_err(|error| match error {
            SignStatusListError::Key(error) => SignError::Key(error),
            _ => SignError::Unwritable,
        })?;
        made.signed.insert(number, signed.clone());
        Ok(Some(signed))
    }

    async fn make(&self, now: NumericDate) -> Result<Made, StoreError> {
        let mut revoked: HashMap<_, Vec<_>> = HashMap::new();
        for index in self.store.status_indexes_revoked_since(now - self.remembered).await? {
            revoked.entry(index / ROOM).or_default().push(index % ROOM);
        }
        let lists = begun(&self.store).await?.max(self.lists.load(Ordering::Relaxed));
        Ok(Made { at: now, lists, revoked, signed: HashMap::new() })
    }

    fn sign(&self, number: u64, made: &Made) -> Result<String, SignStatusListError> {
        let mut list = StatusList::new(Bits::One, ROOM as usize);
        for place in made.revoked.get(&number).into_iter().flatten() {
            // Less than the room, and one bit.
            let _set = list.set(*place, Status::INVALID);
        }
        StatusListToken::new(self.uri(number), list, made.at)
            .expires_after(Self::LIFETIME)
            .ttl(Self::TTL)
            .sign(&self.keys.keys().signing)
    }
}

/// How many lists sessions stand on.
async fn begun(store: &Store) -> Result<u64, StoreError> {
    Ok(store.highest_status_index().await?.map_or(1, |index| index / ROOM + 1))
}

impl fmt::Debug for StatusLists {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("StatusLists").field("address", &self.address).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use countersign::{
        Sessions,
        jwt::{Algorithm, KeySet, SigningKey},
        revocation::status_list::StatusListVerifier,
        session::{NewSession, RefreshTokenKeys, Revoker, SessionId, SessionPolicy, SessionStore as _},
    };

    use super::*;
    use crate::config::Secret;

    const START: NumericDate = NumericDate::from_secs(1_700_000_000);
    const REMEMBERED: Duration = Duration::from_secs(960);
    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    struct Scene {
        _folder: tempfile::TempDir,
        store: Store,
        sessions: Sessions<Store>,
        lists: StatusLists,
    }

    impl Scene {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open_file(&folder.path().join("test.db")).await.unwrap();
            let keys = RefreshTokenKeys::new(&[7; 32]).unwrap();
            let sessions = Sessions::new(store.clone(), keys, SessionPolicy::default());
            let ring = Arc::new(KeyRing::of_secret(&Secret::new(SECRET.to_owned())).unwrap());
            let issuer = IssuerUrl::parse("https://a.example").unwrap();
            let lists = StatusLists::open(store.clone(), ring, &issuer, REMEMBERED).await.unwrap();
            Self { _folder: folder, store, sessions, lists }
        }

        async fn start(&self, index: u64, now: NumericDate) -> Option<SessionId> {
            let id = SessionId::generate().unwrap();
            let started = self.sessions.start(NewSession::new(id, "ada").status_index(index), now).await;
            started.is_ok().then_some(id)
        }

        async fn revoke(&self, id: SessionId, now: NumericDate) {
            assert!(self.sessions.revoke(id, Revoker::Administrator, now).await.unwrap().is_some());
        }

        /// What the list that is given out at this moment says of a place, and when it was made.
        async fn status(&self, index: u64, now: NumericDate) -> (Status, NumericDate) {
            let place = self.lists.claim(index).status_list;
            let signed = self.lists.signed(index / ROOM, now).await.unwrap().unwrap();
            let key = SigningKey::from_secret(Algorithm::Hs256, SECRET.as_bytes()).unwrap();
            let verifier = StatusListVerifier::new().leeway(Duration::ZERO);
            let keys = KeySet::from(key.verifying_key());
            let list = verifier.verify(&signed, &place.uri, &keys, now).unwrap();
            (list.status_of(&place).unwrap(), list.issued_at)
        }
    }

    fn after(secs: u64) -> NumericDate {
        START + Duration::from_secs(secs)
    }

    #[tokio::test]
    async fn a_list_is_made_anew_after_five_seconds_and_says_what_was_revoked_for_as_long_as_tokens_live() {
        let scene = Scene::new().await;
        let id = scene.start(ROOM + 7, START).await.unwrap();
        assert_eq!(scene.status(ROOM + 7, START).await, (Status::VALID, START));
        scene.revoke(id, after(1)).await;
        assert_eq!(scene.status(ROOM + 7, after(4)).await, (Status::VALID, START));
        assert_eq!(scene.status(ROOM + 7, after(5)).await, (Status::INVALID, after(5)));
        assert_eq!(scene.status(7, after(5)).await.0, Status::VALID, "the place in another list");
        assert_eq!(scene.status(ROOM + 7, after(960)).await.0, Status::INVALID);
        assert_eq!(scene.status(ROOM + 7, after(966)).await.0, Status::VALID);
    }

    #[tokio::test]
    async fn a_place_is_given_again_only_when_the_row_of_its_session_is_gone() {
        let scene = Scene::new().await;
        let id = scene.start(5, START).await.unwrap();
        assert_eq!(scene.start(5, after(1)).await, None);
        scene.revoke(id, after(2)).await;
        assert_eq!(scene.start(5, after(3)).await, None, "a revoked session keeps its place");
        assert_eq!(scene.store.purge(after(2), 10).await.unwrap(), 1);
        assert!(scene.start(5, after(4)).await.is_some());
    }

    #[tokio::test]
    async fn without_the_database_the_last_list_is_given_out_until_it_expires() {
        let scene = Scene::new().await;
        let id = scene.start(5, START).await.unwrap();
        scene.revoke(id, START).await;
        assert_eq!(scene.status(5, START).await, (Status::INVALID, START));
        scene.store.close().await;
        assert_eq!(scene.status(5, after(299)).await, (Status::INVALID, START));
        // One that nobody had asked for is signed from what was known then.
        assert_eq!(scene.status(ROOM + 5, after(299)).await, (Status::VALID, START));
        let outcome = scene.lists.signed(0, after(300)).await;
        assert!(matches!(outcome, Err(Failure::Store(StoreError::Unavailable { .. }))), "{outcome:?}");
    }

    #[tokio::test]
    async fn those_who_ask_within_five_seconds_get_the_same_list() {
        let scene = Scene::new().await;
        let (one, two) = tokio::join!(scene.lists.signed(0, START), scene.lists.signed(0, after(4)));
        assert_eq!(one.unwrap(), two.unwrap());
    }

    #[tokio::test]
    async fn places_are_drawn_from_one_list_until_too_many_are_taken() {
        let scene = Scene::new().await;
        for taken in 0..UNLUCKY {
            assert!(scene.lists.draw(taken).unwrap() < ROOM);
        }
        let highest = (0..200).map(|_| scene.lists.draw(UNLUCKY).unwrap()).max();
        assert!(highest >= Some(ROOM) && highest < Some(201 * ROOM), "{highest:?}");
        assert_eq!(scene.lists.signed(201 + BEGUN_ELSEWHERE, START).await.unwrap(), None);
    }

    #[tokio::test]
    async fn after_a_restart_places_are_drawn_from_as_many_lists_as_before() {
        let scene = Scene::new().await;
        assert_eq!(begun(&scene.store).await.unwrap(), 1);
        scene.start(3 * ROOM - 1, START).await.unwrap();
        assert_eq!(begun(&scene.store).await.unwrap(), 3);
        scene.start(3 * ROOM, START).await.unwrap();
        assert_eq!(begun(&scene.store).await.unwrap(), 4);
    }
}
