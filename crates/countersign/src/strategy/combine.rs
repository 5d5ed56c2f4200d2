//! One of several strategies, all of them, or one with another identity.

use std::fmt;
use std::future::Future;

use http::request::Parts;

use super::{AuthError, Authentication, Denial, Outline, Strategy};
use crate::challenge::Scheme;
use crate::decision::Step;

/// Recognises whom the first of these strategies recognises that finds credentials it reads.
///
/// They are asked in order, up to sixteen of them. The next one is asked only if one says that nothing was presented to it
/// ([`AuthError::NoCredentials`]): whatever was presented and is not good is refused, and never tried as something else or
/// taken for a visitor without credentials. A 401 offers the schemes of all. All give the same kind of identity; bring
/// others to it with [`Strategy::map`].
///
/// ```
/// use countersign::jwt::{KeySet, Verified, Verifier};
/// use countersign::{BasicStrategy, Credentials, Guard, JwtStrategy, Strategy, any_of};
/// use http::request::Parts;
///
/// enum Caller {
///     User(String),
///     Machine(String),
/// }
///
/// fn guard(verifier: Verifier, keys: KeySet) -> Guard<impl Strategy<Identity = Caller>> {
///     let users = JwtStrategy::new(verifier, keys)
///         .validate(async |token: Verified<()>, _: &Parts| token.subject().map(str::to_owned));
///     let machines = BasicStrategy::new("machines", async |credentials: Credentials, _: &Parts| {
///         // Look the machine up and verify its password here.
///         (credentials.username() == "printer").then(|| credentials.username().to_owned())
///     });
///     Guard::required(any_of((users.map(Caller::User), machines.map(Caller::Machine))))
/// }
/// ```
pub fn any_of<T: Alternatives>(strategies: T) -> AnyOf<T> {
    let schemes = strategies.schemes();
    AnyOf { strategies, schemes }
}

/// One of several strategies: see [`any_of`].
pub struct AnyOf<T> {
    strategies: T,
    schemes: Vec<Scheme>,
}

impl<T: Alternatives> Strategy for AnyOf<T> {
    type Identity = T::Identity;

    fn name(&self) -> &'static str {
        "any_of"
    }

    fn schemes(&self) -> &[Scheme] {
        &self.schemes
    }

    fn members(&self) -> Vec<(&'static str, Vec<Scheme>)> {
        self.strategies.members()
    }

    fn outline(&self) -> Outline {
        Outline::AnyOf(self.strategies.outlines())
    }

    fn authenticate(
        &self,
        head: &Parts,
    ) -> impl Future<Output = Result<Authentication<T::Identity>, AuthError>> + Send {
        self.strategies.any(head)
    }

    fn authenticate_now(&self, head: &Parts) -> Option<Result<Authentication<T::Identity>, AuthError>> {
        self.strategies.any_now(head)
    }
}

impl<T> fmt::Debug for AnyOf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyOf").field("schemes", &self.schemes).finish_non_exhaustive()
    }
}

/// Recognises a request that all of these strategies recognise: a user and the gateway that sent them, say.
///
/// The identity is the tuple of theirs; how it was recognised is told of the first, with the earliest expiry of all. A
/// request without any of the credentials has none; one with some of them is refused (401 `credentials_incomplete`), also
/// by an optional guard.
///
/// ```
/// use countersign::{Guard, Strategy, all_of};
///
/// fn guard(
///     user: impl Strategy<Identity = String>,
///     gateway: impl Strategy<Identity = u32>,
/// ) -> Guard<impl Strategy<Identity = (String, u32)>> {
///     Guard::required(all_of((user, gateway)))
/// }
/// ```
pub fn all_of<T: Together>(strategies: T) -> AllOf<T> {
    let schemes = strategies.schemes();
    AllOf { strategies, schemes }
}

/// Several strategies at once: see [`all_of`].
pub struct AllOf<T> {
    strategies: T,
    schemes: Vec<Scheme>,
}

impl<T: Together> Strategy for AllOf<T> {
    type Identity = T::Identity;

    fn name(&self) -> &'static str {
        "all_of"
    }

    fn schemes(&self) -> &[Scheme] {
        &self.schemes
    }

    fn members(&self) -> Vec<(&'static str, Vec<Scheme>)> {
        self.strategies.members()
    }

    fn outline(&self) -> Outline {
        Outline::AllOf(self.strategies.outlines())
    }

    fn authenticate(
        &self,
        head: &Parts,
    ) -> impl Future<Output = Result<Authentication<T::Identity>, AuthError>> + Send {
        self.strategies.all(head)
    }
}

impl<T> fmt::Debug for AllOf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AllOf").field("schemes", &self.schemes).finish_non_exhaustive()
    }
}

/// A strategy whose identity becomes another: see [`Strategy::map`].
#[derive(Clone)]
pub struct Map<T, F> {
    pub(super) strategy: T,
    pub(super) map: F,
}

impl<T, F, I> Strategy for Map<T, F>
where
    T: Strategy,
    F: Fn(T::Identity) -> I + Send + Sync + 'static,
    I: Send + Sync + 'static,
{
    type Identity = I;

    fn name(&self) -> &'static str {
        self.strategy.name()
    }

    fn schemes(&self) -> &[Scheme] {
        self.strategy.schemes()
    }

    fn members(&self) -> Vec<(&'static str, Vec<Scheme>)> {
        self.strategy.members()
    }

    fn outline(&self) -> Outline {
        self.strategy.outline()
    }

    async fn authenticate(&self, head: &Parts) -> Result<Authentication<I>, AuthError> {
        Ok(self.strategy.authenticate(head).await?.map(&self.map))
    }

    fn authenticate_now(&self, head: &Parts) -> Option<Result<Authentication<I>, AuthError>> {
        let outcome = self.strategy.authenticate_now(head)?;
        Some(outcome.map(|authentication| authentication.map(&self.map)))
    }
}

impl<T: fmt::Debug, F> fmt::Debug for Map<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map").field("strategy", &self.strategy).finish_non_exhaustive()
    }
}

/// A tuple of one to sixteen strategies. (For more, put tuples of them together.)
pub trait Several: sealed::Sealed + Send + Sync + 'static {
    /// The schemes of all, each once.
    #[doc(hidden)]
    fn schemes(&self) -> Vec<Scheme>;

    /// The strategies of which they are made.
    #[doc(hidden)]
    fn members(&self) -> Vec<(&'static str, Vec<Scheme>)>;

    /// What each of them is.
    #[doc(hidden)]
    fn outlines(&self) -> Vec<Outline>;
}

/// Strategies of which [`any_of`] asks one after the other: a tuple of them with the same identity.
pub trait Alternatives: Several {
    /// Whom all of them recognise.
    type Identity: Send + Sync + 'static;

    /// The outcome of the first that finds credentials.
    #[doc(hidden)]
    fn any(
        &self,
        head: &Parts,
    ) -> impl Future<Output = Result<Authentication<Self::Identity>, AuthError>> + Send;

    /// The same, where nothing has to be awaited for it.
    #[doc(hidden)]
    fn any_now(&self, head: &Parts) -> Option<Result<Authentication<Self::Identity>, AuthError>>;
}

/// Strategies that [`all_of`] asks together: a tuple of them.
pub trait Together: Several {
    /// The tuple of whom they recognise.
    type Identity: Send + Sync + 'static;

    /// The identities of all.
    #[doc(hidden)]
    fn all(
        &self,
        head: &Parts,
    ) -> impl Future<Output = Result<Authentication<Self::Identity>, AuthError>> + Send;
}

mod sealed {
    pub trait Sealed {}
}

fn add_schemes(all: &mut Vec<Scheme>, schemes: &[Scheme]) {
    for scheme in schemes {
        if !all.contains(scheme) {
            all.push(scheme.clone());
        }
    }
}

/// The longest tuple.
const LONGEST: usize = 16;

/// Which strategies of a tuple have recognised somebody: none so far.
const NOBODY: [bool; LONGEST] = [false; LONGEST];

/// What the first so many of these did: whether they recognised somebody, or where they found nothing.
fn asked(outlines: &[Outline], recognised: &[bool; LONGEST], so_many: usize) -> Vec<Step> {
    let steps =
        outlines.iter().zip(recognised).take(so_many).flat_map(|(outline, recognised)| match recognised {
            true => vec![Step::new("all_of", format!("{outline} recognised somebody"))],
            false => outline.absent(),
        });
    steps.collect()
}

fn incomplete() -> AuthError {
    Denial::new(
        "credentials_incomplete",
        "only some of the credentials that are needed together were presented",
    )
    .detail("More credentials are needed than were presented.")
    .into()
}

macro_rules! tuple {
    ($($strategy:ident $field:tt $found:ident),+) => {
        impl<$($strategy: Strategy),+> sealed::Sealed for ($($strategy,)+) {}

        impl<$($strategy: Strategy),+> Several for ($($strategy,)+) {
            fn schemes(&self) -> Vec<Scheme> {
                let mut schemes = Vec::new();
                $(add_schemes(&mut schemes, self.$field.schemes());)+
                schemes
            }

            fn members(&self) -> Vec<(&'static str, Vec<Scheme>)> {
                [$(self.$field.members()),+].concat()
            }

            fn outlines(&self) -> Vec<Outline> {
                vec![$(self.$field.outline()),+]
            }
        }

        impl<I: Send + Sync + 'static, $($strategy: Strategy<Identity = I>),+> Alternatives for ($($strategy,)+) {
            type Identity = I;

            async fn any(&self, head: &Parts) -> Result<Authentication<I>, AuthError> {
                $(match self.$field.authenticate(head).await {
                    Err(AuthError::NoCredentials) => {}
                    Err(error) => return Err(error.by(self.$field.name()).after(asked(&self.outlines(), &NOBODY, $field))),
                    authentication => return authentication,
                })+
                Err(AuthError::NoCredentials)
            }

            fn any_now(&self, head: &Parts) -> Option<Result<Authentication<I>, AuthError>> {
                $(match self.$field.authenticate_now(head)? {
                    Err(AuthError::NoCredentials) => {}
                    Err(error) => {
                        return Some(Err(error.by(self.$field.name()).after(asked(&self.outlines(), &NOBODY, $field))));
                    }
                    authentication => return Some(authentication),
                })+
                Some(Err(AuthError::NoCredentials))
            }
        }

        impl<$($strategy: Strategy),+> Together for ($($strategy,)+) {
            type Identity = ($($strategy::Identity,)+);

            async fn all(&self, head: &Parts) -> Result<Authentication<Self::Identity>, AuthError> {
                let mut recognised = NOBODY;
                $(
                    let $found = match self.$field.authenticate(head).await {
                        Ok(authentication) => Some(authentication),
                        Err(AuthError::NoCredentials) => None,
                        Err(error) => {
                            let before = asked(&self.outlines(), &recognised, $field);
                            return Err(error.by(self.$field.name()).after(before));
                        }
                    };
                    recognised[$field] = $found.is_some();
                )+
                let ($(Some($found),)+) = ($($found,)+) else {
                    return Err(match recognised == NOBODY {
                        true => AuthError::NoCredentials,
                        false => incomplete().after(asked(&self.outlines(), &recognised, LONGEST)),
                    });
                };
                let details = [$($found.details().clone()),+];
                let expires_at = details.iter().filter_map(|details| details.expires_at).min();
                let [mut details, ..] = details;
                details.expires_at = expires_at;
                Ok(Authentication::with_details(($($found.into_identity(),)+), details))
            }
        }
    };
}

/// The tuple of these, and of all before each of them.
macro_rules! tuples {
    ([$($done:tt)*]) => {};
    ([$($done:tt)*] $strategy:ident $field:tt $found:ident $(, $($rest:tt)*)?) => {
        tuple!($($done)* $strategy $field $found);
        tuples!([$($done)* $strategy $field $found,] $($($rest)*)?);
    };
}

tuples!(
    [] A 0 a, B 1 b, C 2 c, D 3 d, E 4 e, F 5 f, G 6 g, H 7 h,
    J 8 j, K 9 k, L 10 l, M 11 m, N 12 n, O 13 o, P 14 p, Q 15 q
);
