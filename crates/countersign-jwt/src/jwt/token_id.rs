//! Random token ids, drawn by the dozen: asking the generator costs as much for one as for many.

use std::cell::RefCell;

use aws_lc_rs::rand;
use base64_simd::{AsOut, URL_SAFE_NO_PAD};

use crate::{KeyError, NumericDate};

/// Random bytes in an id, by which no two tokens share one.
const BYTES: usize = 16;
/// Characters of an id, in base64url.
const CHARACTERS: usize = 22;
/// How many ids are drawn at once.
const DRAWN: usize = 32;

/// Random bytes for the ids to come.
struct Pool {
    bytes: [[u8; BYTES]; DRAWN],
    left: usize,
}

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { bytes: [[0; BYTES]; DRAWN], left: 0 }) };
}

/// A random token id, written in `buffer`, for a token that is signed at `now`.
///
/// A process that is forked, and goes on without `exec`, has the same pool as its parent until it is used up. The moment
/// is therefore mixed in: what is random stays so, and the two draw different ids unless it is in the same nanosecond.
pub(super) fn random(now: NumericDate, buffer: &mut [u8; CHARACTERS]) -> Result<&str, KeyError> {
    let drawn = POOL.with_borrow_mut(Pool::draw)?;
    let mixed = u128::from_ne_bytes(drawn) ^ u128::from(now.as_nanos());
    Ok(URL_SAFE_NO_PAD.encode_as_str(&mixed.to_ne_bytes(), buffer.as_mut_slice().as_out()))
}

/// Room for an id.
pub(super) const fn buffer() -> [u8; CHARACTERS] {
    [0; CHARACTERS]
}

impl Pool {
    fn draw(&mut self) -> Result<[u8; BYTES], KeyError> {
        if self.left == 0 {
            rand::fill(self.bytes.as_flattened_mut()).map_err(|_| KeyError::Backend)?;
            self.left = DRAWN;
        }
        self.left -= 1;
        Ok(self.bytes[self.left])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_22_characters_and_differ_within_a_pool_across_pools_and_between_threads() {
        let now = NumericDate::from_secs(0);
        let draw = || {
            let mut ids = Vec::new();
            for _ in 0..3 * DRAWN {
                ids.push(random(now, &mut buffer()).unwrap().to_owned());
            }
            ids
        };
        let (here, there) = std::thread::scope(|scope| {
            let there = scope.spawn(draw);
            (draw(), there.join().unwrap())
        });
        let ids: HashSet<String> = here.into_iter().chain(there).collect();
        assert_eq!(ids.len(), 6 * DRAWN);
        assert!(ids.iter().all(|id| id.len() == CHARACTERS && crate::base64url::decode(id).is_ok()));
    }

    #[test]
    fn the_same_draw_at_another_moment_is_another_id() {
        let id = |now| {
            POOL.set(Pool { bytes: [[7; BYTES]; DRAWN], left: 1 });
            random(now, &mut buffer()).unwrap().to_owned()
        };
        let (now, next) =
            (NumericDate::from_millis(1_700_000_000_000), NumericDate::from_millis(1_700_000_000_001));
        assert_eq!(id(now), id(now));
        assert_ne!(id(now), id(next));
    }
}
