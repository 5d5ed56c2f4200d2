//! Keys whose algorithm the compiler knows: [`Only`], and the names of the algorithms as types.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use super::{KeyError, SigningKey, VerifyingKey};
use crate::Algorithm;

/// A key, [`SigningKey`] or [`VerifyingKey`], of the algorithm `A` and no other: for interfaces in which the algorithm is
/// settled by a profile or a contract, so that a key of another one is refused by the compiler.
///
/// The names of algorithms as types are in [`only`](self); the key is had through [`Deref`] or [`Only::into_key`].
///
/// ```
/// use countersign_jwt::only::{Es256, Only};
/// use countersign_jwt::{Algorithm, KeyError, SigningKey, jws};
///
/// /// Our partners verify ES256 and nothing else.
/// fn sign_webhook(key: &Only<Es256, SigningKey>, body: &[u8]) -> Result<String, KeyError> {
///     jws::sign(key, None, body)
/// }
///
/// let key = Only::<Es256, _>::new(SigningKey::generate(Algorithm::Es256)?)?;
/// assert!(sign_webhook(&key, b"paid").is_ok());
/// let other = Only::<Es256, _>::new(SigningKey::generate(Algorithm::EdDsa)?);
/// assert_eq!(other.unwrap_err(), KeyError::WrongType { algorithm: Algorithm::Es256 });
/// # Ok::<(), KeyError>(())
/// ```
pub struct Only<A, K> {
    key: K,
    algorithm: PhantomData<fn() -> A>,
}

impl<A: AlgorithmName, K: Key> Only<A, K> {
    /// The key, if it is one of this algorithm.
    ///
    /// # Errors
    /// [`KeyError::WrongType`] for a key of another algorithm.
    pub fn new(key: K) -> Result<Self, KeyError> {
        if key.bound_to() == A::ALGORITHM {
            Ok(Self { key, algorithm: PhantomData })
        } else {
            Err(KeyError::WrongType { algorithm: A::ALGORITHM })
        }
    }

    /// The key as one of any algorithm.
    #[must_use]
    pub fn into_key(self) -> K {
        self.key
    }
}

impl<A: AlgorithmName> Only<A, SigningKey> {
    /// The public half.
    #[must_use]
    pub fn verifying_key(&self) -> Only<A, VerifyingKey> {
        Only { key: self.key.verifying_key(), algorithm: PhantomData }
    }
}

impl<A, K> Deref for Only<A, K> {
    type Target = K;

    fn deref(&self) -> &K {
        &self.key
    }
}

impl<A, K: Clone> Clone for Only<A, K> {
    fn clone(&self) -> Self {
        Self { key: self.key.clone(), algorithm: PhantomData }
    }
}

impl<A, K: fmt::Debug> fmt::Debug for Only<A, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

/// The kinds of key that are bound to an algorithm. Sealed.
pub trait Key: sealed::Key {}

impl<K: sealed::Key> Key for K {}

/// The name of an algorithm as a type. Sealed: there is one for each [`Algorithm`].
pub trait AlgorithmName: sealed::AlgorithmName {
    /// The algorithm.
    const ALGORITHM: Algorithm;
}

mod sealed {
    use super::{Algorithm, SigningKey, VerifyingKey};

    pub trait AlgorithmName {}

    pub trait Key {
        fn bound_to(&self) -> Algorithm;
    }

    impl Key for SigningKey {
        fn bound_to(&self) -> Algorithm {
            self.algorithm()
        }
    }

    impl Key for VerifyingKey {
        fn bound_to(&self) -> Algorithm {
            self.algorithm()
        }
    }
}

macro_rules! names {
    ($($name:ident),+ $(,)?) => {
        $(
            #[doc = concat!("[`Algorithm::", stringify!($name), "`] as a type.")]
            #[derive(Clone, Copy, Debug)]
            #[non_exhaustive]
            pub struct $name;

            impl sealed::AlgorithmName for $name {}

            impl AlgorithmName for $name {
                const ALGORITHM: Algorithm = Algorithm::$name;
            }
        )+

        #[cfg(test)]
        const ALL: &[Algorithm] = &[$($name::ALGORITHM),+];
    };
}

names![
    Hs256, Hs384, Hs512, Rs256, Rs384, Rs512, Ps256, Ps384, Ps512, Es256, Es384, Es512, EdDsa, Ed25519,
    MlDsa44, MlDsa65, MlDsa87,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_algorithm_has_a_name_as_a_type() {
        assert_eq!(ALL, Algorithm::ALL);
    }

    #[test]
    fn a_key_is_taken_for_its_own_algorithm_alone_and_its_public_half_likewise() {
        // The same kind of key under two names: still two algorithms (RFC 9864 §2.2).
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        assert!(Only::<Ed25519, _>::new(key.clone()).is_err());
        assert!(Only::<Ed25519, _>::new(key.verifying_key()).is_err());
        let only = Only::<EdDsa, _>::new(key).unwrap();
        assert_eq!(only.verifying_key().algorithm(), Algorithm::EdDsa);
        assert_eq!(only.into_key().algorithm(), Algorithm::EdDsa);
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = SigningKey::from_secret(Algorithm::Hs256, b"hunter2hunter2hunter2hunter2hunter2").unwrap();
        assert!(!format!("{:?}", Only::<Hs256, _>::new(key).unwrap()).contains("hunter2"));
    }
}
