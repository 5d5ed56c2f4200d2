//! A table of fixed size that is read without a lock and without a write.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwapOption;

/// How many places a bucket has.
const WAYS: usize = 8;

/// Buckets of a few places each. A hash leads to one bucket and to a tag; what is found under the tag is compared in full.
pub(crate) struct Table<E> {
    buckets: Box<[Bucket<E>]>,
}

/// Places, and the tag of what each holds. A tag only saves the look at a place: it may be that of something else, for the
/// two are not written at once.
struct Bucket<E> {
    tags: [AtomicU64; WAYS],
    places: [ArcSwapOption<E>; WAYS],
    /// Which place is taken next where all are in use. Moved by those who put in, never by those who find.
    turn: AtomicUsize,
}

impl<E> Table<E> {
    /// A table with this many places or a few more: whole buckets, at least one.
    pub(crate) fn new(capacity: usize) -> Self {
        let buckets = capacity.div_ceil(WAYS).max(1);
        Self { buckets: (0..buckets).map(|_| Bucket::new()).collect() }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.buckets.len() * WAYS
    }

    /// The bytes of one place, without what it holds.
    pub(super) const fn place_bytes() -> usize {
        size_of::<Bucket<E>>().div_ceil(WAYS)
    }

    /// What `read` gives of the entry that `is_it`. It is borrowed only as long as that takes.
    pub(crate) fn find<R>(
        &self,
        hash: u64,
        is_it: impl Fn(&E) -> bool,
        read: impl FnOnce(&E) -> R,
    ) -> Option<R> {
        let (bucket, tag) = self.bucket(hash);
        let tagged = bucket.tags.iter().zip(&bucket.places);
        for (_, place) in tagged.filter(|(found, _)| found.load(Ordering::Relaxed) == tag) {
            let held = place.load();
            if let Some(entry) = held.as_deref().filter(|entry| is_it(entry)) {
                return Some(read(entry));
            }
        }
        None
    }

    /// Puts in an entry: in the place of one with the same tag, else in an empty one, else in one that is `over`, else in
    /// that which was filled longest ago.
    pub(crate) fn put(&self, hash: u64, entry: E, over: impl Fn(&E) -> bool) {
        let (bucket, tag) = self.bucket(hash);
        let has = |wanted: u64| bucket.tags.iter().position(|found| found.load(Ordering::Relaxed) == wanted);
        let is_over = |place: &ArcSwapOption<E>| place.load().as_deref().is_some_and(&over);
        let index = has(tag).or_else(|| has(EMPTY)).or_else(|| bucket.places.iter().position(is_over));
        let index = index.unwrap_or_else(|| bucket.turn.fetch_add(1, Ordering::Relaxed) % WAYS);
        bucket.places[index].store(Some(Arc::new(entry)));
        bucket.tags[index].store(tag, Ordering::Relaxed);
    }

    /// The bucket by the upper bits of the hash, the tag by all but the lowest.
    fn bucket(&self, hash: u64) -> (&Bucket<E>, u64) {
        let index = (u128::from(hash) * self.buckets.len() as u128) >> u64::BITS;
        (&self.buckets[index as usize], hash | FILLED)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let places = self.buckets.iter().flat_map(|bucket| &bucket.places);
        places.filter(|place| place.load().is_some()).count()
    }
}

/// The tag of a place that holds nothing.
const EMPTY: u64 = 0;
/// The bit that every other tag has.
const FILLED: u64 = 1;

impl<E> Bucket<E> {
    fn new() -> Self {
        Self {
            tags: Default::default(),
            places: std::array::from_fn(|_| ArcSwapOption::empty()),
            turn: AtomicUsize::new(0),
        }
    }
}

impl<E> fmt::Debug for Table<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(table: &Table<(&'static str, i32)>, hash: u64, name: &str) -> Option<i32> {
        table.find(hash, |entry| entry.0 == name, |entry| entry.1)
    }

    #[test]
    fn of_two_names_with_one_hash_neither_is_taken_for_the_other() {
        let table = Table::new(64);
        table.put(7, ("ada", 1), |_| false);
        assert_eq!((found(&table, 7, "ada"), found(&table, 7, "eve")), (Some(1), None));
        table.put(7, ("eve", 2), |_| false);
        assert_eq!((found(&table, 7, "ada"), found(&table, 7, "eve")), (None, Some(2)));
    }

    #[test]
    fn every_hash_has_a_bucket_and_a_tag_that_is_not_that_of_an_empty_place() {
        for capacity in [0, 1, 8, 9, 1000] {
            let table = Table::new(capacity);
            assert!(table.capacity() >= capacity.max(1) && table.capacity() < capacity + 8 + 1);
            for hash in [0, 2, u64::MAX / 2, u64::MAX] {
                assert_eq!(found(&table, hash, "ada"), None);
                table.put(hash, ("ada", 1), |_| false);
                assert_eq!(found(&table, hash, "ada"), Some(1));
            }
        }
    }

    #[test]
    fn a_full_table_takes_what_is_over_first_and_then_the_oldest_and_never_grows() {
        let table = Table::new(8);
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        for (age, name) in (0..).zip(names) {
            table.put(age << 8, (name, age as i32), |_| false);
        }
        table.put(100 << 8, ("i", 100), |entry| entry.0 == "e");
        assert_eq!((found(&table, 4 << 8, "e"), found(&table, 100 << 8, "i")), (None, Some(100)));

        table.put(101 << 8, ("j", 101), |_| false);
        assert_eq!((found(&table, 0, "a"), found(&table, 101 << 8, "j")), (None, Some(101)));
        for more in 0..10_000 {
            table.put(more << 20, ("more", 0), |_| false);
            assert_eq!(table.len(), 8);
        }
    }
}
