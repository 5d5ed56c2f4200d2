//! What will be shared and is not yet.

use std::ops::Deref;
use std::sync::Arc;

/// A value that is where it will be shared from, and that nobody shares yet. (The standard library's `UniqueArc` is not
/// stable.)
#[derive(Debug)]
pub(super) struct Sole<T>(Arc<T>);

impl<T> Sole<T> {
    pub(super) fn new(value: T) -> Self {
        Self(Arc::new(value))
    }

    #[expect(clippy::expect_used, reason = "the count is one: nothing in this file counts it up")]
    pub(super) fn get_mut(&mut self) -> &mut T {
        Arc::get_mut(&mut self.0).expect("it is not shared")
    }

    #[expect(clippy::expect_used, reason = "the count is one: nothing in this file counts it up")]
    pub(super) fn into_inner(self) -> T {
        Arc::into_inner(self.0).expect("it is not shared")
    }

    pub(super) fn share(self) -> Arc<T> {
        self.0
    }
}

impl<T> Deref for Sole<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> Clone for Sole<T> {
    /// Another value, not another owner of this one.
    fn clone(&self) -> Self {
        Self::new(T::clone(&self.0))
    }
}
