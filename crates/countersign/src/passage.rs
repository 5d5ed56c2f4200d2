//! What a guard leaves in a request for the handler behind it.

use std::sync::Arc;

use http::Extensions;

use crate::challenge::Scheme;
use crate::strategy::{Admission, Authentication};

/// Proof that a guard was passed. Only guards make one, so an extension cannot be forged into it.
#[derive(Clone)]
pub(crate) enum Passage {
    /// With an identity, through a guard that would have asked for one of these.
    Admitted { admission: Arc<dyn Admission>, schemes: Arc<[Scheme]> },
    /// Without one, through an optional guard of this strategy, which would have asked for one of these.
    Anonymous { strategy: &'static str, schemes: Arc<[Scheme]> },
}

impl Passage {
    pub(crate) fn admitted<I>(authentication: Authentication<I>, schemes: &Arc<[Scheme]>) -> Self
    where
        I: Send + Sync + 'static,
    {
        Self::Admitted { admission: Arc::new(authentication), schemes: Arc::clone(schemes) }
    }

    /// What the guard asks for.
    pub(crate) fn schemes(&self) -> &[Scheme] {
        match self {
            Self::Admitted { schemes, .. } | Self::Anonymous { schemes, .. } => schemes,
        }
    }

    /// Leaves it for the handler. The innermost guard that recognises somebody has the word; one that recognises nobody
    /// takes nothing away from those before it.
    pub(crate) fn leave_in(self, extensions: &mut Extensions) {
        match self {
            Self::Admitted { .. } => {
                extensions.insert(self);
            }
            Self::Anonymous { .. } => {
                extensions.get_or_insert(self);
            }
        }
    }
}
