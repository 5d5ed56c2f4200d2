//! The hash of a password as it is stored: a PHC string, parsed and bounded once.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use argon2::password_hash::phc;
use argon2::{Algorithm, Params, Version};
use aws_lc_rs::{constant_time, rand};

/// Length of a new salt and of a new output, in bytes.
const SALT_BYTES: usize = 16;
pub(super) const OUTPUT_BYTES: usize = 32;
/// A shorter stored output would be too easy to meet by chance.
const MIN_OUTPUT_BYTES: usize = 16;

/// The most that a hash may cost, whether it is configured or found in storage: beyond it a stored line, not an
/// attacker's effort, would keep a thread from everybody else.
pub(super) const MAX_MEMORY_KIB: u32 = 256 * 1024;
pub(super) const MAX_ITERATIONS: u32 = 10;
const MAX_LANES: u32 = 16;

/// The Argon2id hash of a password, ready to be stored and known to be verifiable.
///
/// The text is a PHC string, `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<output>`. Parse it where it leaves the storage
/// (`text.parse::<PasswordHash>()`). `Debug` shows what it costs and nothing else.
#[derive(Clone)]
pub struct PasswordHash(Arc<Parts>);

struct Parts {
    text: String,
    params: Params,
    salt: phc::Salt,
    output: phc::Output,
}

/// Why a stored text cannot be verified against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableHash {
    /// It is not a canonical PHC string with salt and output.
    #[error("the stored password hash is not a PHC string")]
    Malformed,
    /// It is a hash of another algorithm than Argon2id, version 19.
    #[error("the stored password hash is not Argon2id, version 19")]
    OtherAlgorithm,
    /// It asks for more memory, iterations or lanes than a login may cost.
    #[error("the stored password hash asks for more memory, iterations or lanes than a login may cost")]
    CostTooHigh,
}

impl PasswordHash {
    /// The PHC string, for storage.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// A hash that no password has: a random salt and a random output. `None` when there is no randomness.
    pub(super) fn of_nobody(params: &Params) -> Option<Self> {
        Some(Self::new(params, random_salt()?, phc::Output::new(&random::<OUTPUT_BYTES>()?).ok()?))
    }

    pub(super) fn new(params: &Params, salt: phc::Salt, output: phc::Output) -> Self {
        let text =
            format!("${}$v={}${params}${salt}${output}", Algorithm::Argon2id, u32::from(Version::V0x13));
        Self(Arc::new(Parts { text, params: params.clone(), salt, output }))
    }

    pub(super) fn params(&self) -> &Params {
        &self.0.params
    }

    pub(super) fn salt(&self) -> &[u8] {
        &self.0.salt
    }

    /// The length of the output, for the computation that it will be compared with.
    pub(super) fn output_length(&self) -> usize {
        self.0.output.len()
    }

    /// Compares in constant time.
    pub(super) fn has_output(&self, computed: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(self.0.output.as_bytes(), computed).is_ok()
    }

    /// Whether a hash made today would be made otherwise.
    pub(super) fn is_outdated(&self, today: &Params) -> bool {
        self.0.params != *today || self.0.salt.len() != SALT_BYTES
    }
}

/// A new salt. `None` when there is no randomness.
pub(super) fn random_salt() -> Option<phc::Salt> {
    phc::Salt::new(&random::<SALT_BYTES>()?).ok()
}

fn random<const LENGTH: usize>() -> Option<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    rand::fill(&mut bytes).ok()?;
    Some(bytes)
}

impl FromStr for PasswordHash {
    type Err = UnusableHash;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = phc::PasswordHash::new(text).map_err(|_| UnusableHash::Malformed)?;
        if Algorithm::new(parsed.algorithm.as_str()) != Ok(Algorithm::Argon2id)
            || parsed.version != Some(Version::V0x13.into())
        {
            return Err(UnusableHash::OtherAlgorithm);
        }
        let params = Params::try_from(&parsed).map_err(|_| UnusableHash::Malformed)?;
        if params.m_cost() > MAX_MEMORY_KIB || params.t_cost() > MAX_ITERATIONS || params.p_cost() > MAX_LANES
        {
            return Err(UnusableHash::CostTooHigh);
        }
        let (Some(salt), Some(output)) = (parsed.salt, parsed.hash) else {
            return Err(UnusableHash::Malformed);
        };
        if output.len() < MIN_OUTPUT_BYTES {
            return Err(UnusableHash::Malformed);
        }
        // Whatever is not written back as it was read (a default that was left out, a parameter twice, the retired
        // `keyid` and `data`) is not a hash that this or any current library stores.
        let hash = Self::new(&params, salt, output);
        if hash.as_str() == text && params.keyid().is_empty() && params.data().is_empty() {
            Ok(hash)
        } else {
            Err(UnusableHash::Malformed)
        }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PasswordHash({}, ..)", self.0.params)
    }
}
