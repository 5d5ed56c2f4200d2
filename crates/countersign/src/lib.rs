//! Placeholder crate page.

pub mod password;
