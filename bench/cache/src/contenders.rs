//! Ways to find out that a token is good which was good before.

use std::sync::Arc;
use std::time::Duration;

use bench_harness::Failure;
use countersign::cache::{CachedVerifier, TokenCache};
use countersign::jwt::{
    Algorithm, Claims, Clock, KeySet, NumericDate, Signer, SigningKey, SystemClock, Verified, Verifier,
};
use serde::{Deserialize, Serialize};

/// Room for the tokens in use and as many again.
const CAPACITY: usize = 1024;

/// The way that is promised to be quick.
pub(crate) const HIT: &str = "a hit, the claims looked at";

/// The claims of the application.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Profile {
    email: String,
}

/// Tokens in use, and what verifies them.
#[derive(Clone)]
pub(crate) struct Tokens {
    tokens: Arc<[String]>,
    keys: Arc<KeySet>,
    now: NumericDate,
}

/// One way.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// Meets the token of this number: how long its subject is.
    pub(crate) meet: Box<dyn Fn(usize) -> usize + Sync>,
}

impl Tokens {
    pub(crate) fn new(count: usize) -> Result<Self, Failure> {
        let key = SigningKey::generate(Algorithm::Es256)?;
        let keys = Arc::new(KeySet::from(key.verifying_key()));
        let now = SystemClock.now();
        let signer =
            Signer::new(key, "https://login.example", "https://api.example", Duration::from_secs(900));
        let token = |number: usize| {
            let profile = Profile { email: format!("visitor{number}@example.com") };
            signer.sign(&Claims::new(profile).subject(format!("visitor-{number}")), now)
        };
        Ok(Self { tokens: (0..count).map(token).collect::<Result<_, _>>()?, keys, now })
    }

    pub(crate) fn len(&self) -> usize {
        self.tokens.len()
    }

    fn verifier() -> Verifier {
        Verifier::new("https://login.example", "https://api.example")
    }

    fn cached(&self, capacity: usize) -> Result<CachedVerifier<Profile>, Failure> {
        let verifier = CachedVerifier::new(Self::verifier(), TokenCache::new(capacity));
        for token in &*self.tokens {
            verifier.verify(token, &*self.keys, self.now)?;
        }
        Ok(verifier)
    }
}

/// Everyone, warm.
pub(crate) fn all(tokens: &Tokens) -> Result<Vec<Contender>, Failure> {
    let read = |verified: &Verified<Profile>| verified.subject().map_or(0, str::len);
    let meet = |name, meet: Box<dyn Fn(usize) -> usize + Sync>| Contender { name, meet };

    let (hit, all) = (tokens.cached(CAPACITY)?, tokens.clone());
    let hit = move |number: usize| {
        hit.verify_with(&all.tokens[number], &*all.keys, all.now, read).unwrap_or_default()
    };
    let (copy, all) = (tokens.cached(CAPACITY)?, tokens.clone());
    let copy = move |number: usize| {
        copy.verify(&all.tokens[number], &*all.keys, all.now).map_or(0, |token| read(&token))
    };
    let (verifier, all) = (Tokens::verifier(), tokens.clone());
    let full = move |number: usize| {
        let verified = verifier.verify::<Profile>(&all.tokens[number], &*all.keys, all.now);
        verified.map_or(0, |token| read(&token))
    };
    let (shared, all) = (moka::sync::Cache::new(CAPACITY as u64), tokens.clone());
    for token in &*all.tokens {
        let verified = Tokens::verifier().verify::<Profile>(token, &*all.keys, all.now)?;
        shared.insert(token.clone(), Arc::new(verified));
    }
    let shared = move |number: usize| {
        shared.get(all.tokens[number].as_str()).map_or(0, |token: Arc<Verified<Profile>>| read(&token))
    };
    Ok(vec![
        meet(HIT, Box::new(hit)),
        meet("a hit, the claims copied, as a guard does", Box::new(copy)),
        meet("moka 0.12, an `Arc` of the claims, nothing checked", Box::new(shared)),
        meet("verified in full (ES256)", Box::new(full)),
    ])
}

/// What a cache may take: the tokens, the bytes, and the length of the longest token.
pub(crate) fn bytes() -> Result<(usize, usize, usize), Failure> {
    let longest = Tokens::new(1)?.tokens.iter().map(String::len).max().unwrap_or_default();
    let cache = TokenCache::<Profile>::new(10_000).max_token_length(longest);
    Ok((cache.capacity(), cache.max_bytes(), longest))
}
