//! What a guard leaves in a request for the handler behind it.

use std::sync::Arc;

use http::Extensions;

use crate::decision::{Explaining, Step};
use crate::guard::Refusal;
use crate::strategy::{Admission, Authentication};

/// Proof that a guard was passed. Only guards make one, so an extension cannot be forged into it.
#[derive(Clone)]
pub(crate) enum Passage {
    /// With an identity, through a guard that would have refused like this.
    Admitted { admission: Arc<dyn Admission>, refusal: Arc<Refusal> },
    /// Without one, through an optional guard that refuses like this.
    Anonymous(Arc<Refusal>),
}

impl Passage {
    pub(crate) fn admitted<I>(authentication: Authentication<I>, refusal: Arc<Refusal>) -> Self
    where
        I: Send + Sync + 'static,
    {
        Self::Admitted { admission: authentication.share(), refusal }
    }

    /// The strategy that recognised somebody.
    #[cfg(feature = "axum")]
    pub(crate) fn strategy(&self) -> Option<&'static str> {
        match self {
            Self::Admitted { admission, .. } => Some(admission.details().strategy()),
            Self::Anonymous(_) => None,
        }
    }

    /// How the guard answers who is refused.
    pub(crate) fn refusal(&self) -> &Refusal {
        match self {
            Self::Admitted { refusal, .. } | Self::Anonymous(refusal) => refusal,
        }
    }

    /// Leaves it for the handler, and notes it where somebody wants to know how it came. The innermost guard that recognises somebody has the word; one that recognises nobody
    /// takes nothing away from those before it.
    pub(crate) fn leave_in(self, extensions: &mut Extensions) {
        if let Some(explaining) = extensions.get_mut::<Explaining>() {
            match &self {
                Self::Admitted { admission, .. } => {
                    explaining.steps.push(Step::recognised(admission.details()));
                }
                Self::Anonymous(refusal) => explaining.steps.extend(refusal.absent()),
            }
        }
        match self {
            Self::Admitted { .. } => {
                extensions.insert(self);
            }
            Self::Anonymous(_) => {
                extensions.get_or_insert(self);
            }
        }
    }
}
