//! Keys and a moment each, read without a lock and changed by copying a small part.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use foldhash::fast::RandomState;

/// The later of two moments for a key counts. Moments are milliseconds.
///
/// A part is a sorted list: as compact as can be, found in by halving, and whole at every moment because it is replaced and
/// never changed.
pub(super) struct Table<K> {
    parts: Box<[ArcSwap<Vec<Row<K>>>]>,
    hash: RandomState,
    rows: AtomicUsize,
}

#[derive(Clone)]
struct Row<K> {
    key: K,
    at: i64,
}

impl<K: Ord + Hash + Clone> Table<K> {
    /// `parts` bounds what a change copies: a part of the whole.
    pub(super) fn new(parts: usize) -> Self {
        Self {
            parts: (0..parts.max(1)).map(|_| ArcSwap::default()).collect(),
            hash: RandomState::default(),
            rows: AtomicUsize::new(0),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.load(Ordering::Acquire)
    }

    /// What it holds on the heap, rows alone: what the keys point to is not counted.
    pub(super) fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.load().capacity() * size_of::<Row<K>>()).sum()
    }

    pub(super) fn find<Q>(&self, key: &Q) -> Option<i64>
    where
        K: Borrow<Q>,
        Q: Ord + Hash + ?Sized,
    {
        if self.len() == 0 {
            return None;
        }
        let part = self.parts[self.part_of(key)].load();
        let place = part.binary_search_by(|row| row.key.borrow().cmp(key)).ok()?;
        Some(part[place].at)
    }

    /// Puts these in, and forgets what is before `from` in the parts that it touches. Gives those that were news, in their
    /// order. Only one may call it, or [`forget`](Self::forget), at a time.
    pub(super) fn merge(&self, rows: Vec<(K, i64)>, from: i64) -> Vec<(K, i64)> {
        let mut by_part: Vec<Vec<(K, i64)>> = (0..self.parts.len()).map(|_| Vec::new()).collect();
        let mut news = Vec::new();
        for (key, at) in rows {
            let part = &mut by_part[self.part_of(&key)];
            let known = self.find(&key).max(part.iter().rfind(|(put, _)| *put == key).map(|(_, at)| *at));
            if at >= from && known.is_none_or(|known| known < at) {
                part.push((key.clone(), at));
                news.push((key, at));
            }
        }
        for (part, mut added) in self.parts.iter().zip(by_part) {
            if !added.is_empty() {
                // The last of those with the same key is the latest: see above.
                added.reverse();
                added.sort_by(|(one, _), (other, _)| one.cmp(other));
                added.dedup_by(|later, earlier| later.0 == earlier.0);
                self.replace(part, |old| join(old, added, from));
            }
        }
        news
    }

    /// Forgets what is before `from`.
    pub(super) fn forget(&self, from: i64) {
        for part in &self.parts {
            if part.load().iter().any(|row| row.at < from) {
                self.replace(part, |old| old.iter().filter(|row| row.at >= from).cloned().collect());
            }
        }
    }

    /// All of it, part by part.
    pub(super) fn rows(&self) -> Vec<(K, i64)> {
        let parts = self.parts.iter().map(ArcSwap::load);
        parts.flat_map(|part| part.iter().map(|row| (row.key.clone(), row.at)).collect::<Vec<_>>()).collect()
    }

    fn replace(&self, part: &ArcSwap<Vec<Row<K>>>, change: impl FnOnce(&[Row<K>]) -> Vec<Row<K>>) {
        let old = part.load_full();
        let mut new = change(&old);
        new.shrink_to_fit();
        let rows = self.len() + new.len() - old.len();
        part.store(Arc::new(new));
        self.rows.store(rows, Ordering::Release);
    }

    fn part_of<Q: Hash + ?Sized>(&self, key: &Q) -> usize {
        // The remainder is less than the number of parts.
        (self.hash.hash_one(key) % self.parts.len() as u64) as usize
    }
}

/// One sorted list of two; where both know a key, the added one is the later.
fn join<K: Ord + Clone>(old: &[Row<K>], added: Vec<(K, i64)>, from: i64) -> Vec<Row<K>> {
    let mut joined = Vec::with_capacity(old.len() + added.len());
    let mut old = old.iter().filter(|row| row.at >= from).peekable();
    for (key, at) in added {
        while let Some(row) = old.next_if(|row| row.key < key) {
            joined.push(row.clone());
        }
        old.next_if(|row| row.key == key);
        joined.push(Row { key, at });
    }
    joined.extend(old.cloned());
    joined
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// What a table is, with nothing clever about it.
    fn put(model: &mut BTreeMap<u8, i64>, key: u8, at: i64, from: i64) -> bool {
        let news = at >= from && model.get(&key).is_none_or(|known| *known < at);
        if news {
            model.insert(key, at);
        }
        news
    }

    proptest! {
        #[test]
        fn a_table_holds_the_latest_moment_of_each_key_however_they_come(
            batches in prop::collection::vec(
                (prop::collection::vec((any::<u8>(), 0_i64..50), 0..40), 0_i64..40), 0..12),
            parts in 1_usize..9,
        ) {
            let (table, mut model) = (Table::new(parts), BTreeMap::new());
            let mut from = 0;
            for (rows, step) in batches {
                from = from.max(step);
                let expected: Vec<_> =
                    rows.iter().copied().filter(|(key, at)| put(&mut model, *key, *at, from)).collect();
                prop_assert_eq!(table.merge(rows, from), expected);
                table.forget(from);
                model.retain(|_, at| *at >= from);
                let held: BTreeMap<_, _> = table.rows().into_iter().collect();
                prop_assert_eq!(&held, &model);
                prop_assert_eq!(table.len(), model.len());
                for key in 0..=u8::MAX {
                    prop_assert_eq!(table.find(&key), model.get(&key).copied());
                }
            }
        }
    }
}
