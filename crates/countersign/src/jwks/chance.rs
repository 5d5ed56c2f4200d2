//! Chance as an argument.

use std::sync::Arc;

/// Where fractions come from that nobody can foresee.
#[derive(Clone)]
pub(crate) struct Chance(Arc<dyn Fn() -> f64 + Send + Sync>);

impl Chance {
    /// The generator of the operating system.
    pub(crate) fn system() -> Self {
        Self::from(|| {
            let mut bytes = [0; 4];
            // Without randomness fetches are not spread; that is no reason not to fetch.
            match aws_lc_rs::rand::fill(&mut bytes) {
                Ok(()) => f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX),
                Err(_) => 0.5,
            }
        })
    }

    pub(crate) fn from(source: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    pub(crate) fn fraction(&self) -> f64 {
        (self.0)()
    }
}
