//! `NumericDate` (RFC 7519 §2).

use std::fmt;
use std::num::NonZero;
use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::json::Number;

const NANOS_PER_SEC: u32 = 1_000_000_000;

/// Seconds since 1970-01-01T00:00:00Z, leap seconds ignored, fractions allowed (RFC 7519 §2).
///
/// All arithmetic saturates: a date at the end of the range stays there and nothing overflows.
///
/// ```
/// use countersign_jwt::NumericDate;
/// use std::time::Duration;
///
/// let date = NumericDate::from_secs(1_700_000_000) + Duration::from_millis(500);
/// assert_eq!(serde_json::to_string(&date).unwrap(), "1700000000.5");
/// assert!(NumericDate::MAX + Duration::from_secs(1) == NumericDate::MAX);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NumericDate {
    secs: i64,
    /// Always counts forwards from `secs`, also before 1970.
    nanos: Nanos,
}

/// Less than a second in nanoseconds, and one more: a date that may be absent then takes no more room than a date.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Nanos(NonZero<u32>);

impl Nanos {
    const fn new(nanos: u32) -> Self {
        Self(NonZero::<u32>::MIN.saturating_add(nanos))
    }

    const fn get(self) -> u32 {
        self.0.get() - 1
    }
}

impl fmt::Debug for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl NumericDate {
    /// The earliest date that can be said.
    pub const MIN: Self = Self::new(i64::MIN, 0);
    /// The latest date that can be said.
    pub const MAX: Self = Self::new(i64::MAX, NANOS_PER_SEC - 1);

    const fn new(secs: i64, nanos: u32) -> Self {
        Self { secs, nanos: Nanos::new(nanos) }
    }

    const fn nanos(self) -> u32 {
        self.nanos.get()
    }

    /// The date this many whole seconds after the epoch.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self::new(secs, 0)
    }

    /// The date this many milliseconds after the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self::new(millis.div_euclid(1000), millis.rem_euclid(1000) as u32 * 1_000_000)
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> i64 {
        self.secs
    }

    /// Whole milliseconds since the epoch, rounded down; saturates.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.secs.saturating_mul(1000).saturating_add((self.nanos() / 1_000_000) as i64)
    }

    /// Nanoseconds since the epoch, without the bits beyond 64: a number that differs from moment to moment.
    pub(crate) const fn as_nanos(self) -> u64 {
        (self.secs as u64).wrapping_mul(NANOS_PER_SEC as u64).wrapping_add(self.nanos() as u64)
    }

    /// How long `self` is after `earlier`; zero if it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        if self <= earlier {
            return Duration::ZERO;
        }
        let secs = self.secs.abs_diff(earlier.secs);
        match self.nanos().checked_sub(earlier.nanos()) {
            Some(nanos) => Duration::new(secs, nanos),
            None => Duration::new(secs - 1, self.nanos() + NANOS_PER_SEC - earlier.nanos()),
        }
    }

    /// The date that a finite number with a fraction says; the ends of the range hold what lies beyond.
    fn from_f64(value: f64) -> Self {
        let floor = value.floor();
        // 2^63 is exactly an f64; the largest i64 is not.
        if floor >= 9_223_372_036_854_775_808.0 {
            return Self::MAX;
        }
        if floor < -9_223_372_036_854_775_808.0 {
            return Self::MIN;
        }
        let nanos = ((value - floor) * f64::from(NANOS_PER_SEC)).round() as u32;
        Self::from_secs(floor as i64) + Duration::from_nanos(u64::from(nanos))
    }
}

impl From<Number> for NumericDate {
    /// The date that a JSON number says.
    fn from(number: Number) -> Self {
        match number {
            Number::Unsigned(secs) => i64::try_from(secs).map_or(Self::MAX, Self::from_secs),
            Number::Signed(secs) => Self::from_secs(secs),
            Number::Float(secs) => Self::from_f64(secs),
        }
    }
}

impl Add<Duration> for NumericDate {
    type Output = Self;

    /// The date `step` later; saturates at [`NumericDate::MAX`].
    fn add(self, step: Duration) -> Self {
        let nanos = self.nanos() + step.subsec_nanos();
        let carry = u64::from(nanos >= NANOS_PER_SEC);
        let secs = step.as_secs().checked_add(carry).and_then(|step| self.secs.checked_add_unsigned(step));
        match secs {
            Some(secs) => Self::new(secs, nanos % NANOS_PER_SEC),
            None => Self::MAX,
        }
    }
}

impl Sub<Duration> for NumericDate {
    type Output = Self;

    /// The date `step` earlier; saturates at [`NumericDate::MIN`].
    fn sub(self, step: Duration) -> Self {
        let borrow = u64::from(self.nanos() < step.subsec_nanos());
        let secs = step.as_secs().checked_add(borrow).and_then(|step| self.secs.checked_sub_unsigned(step));
        match secs {
            Some(secs) => Self::new(secs, self.nanos() + borrow as u32 * NANOS_PER_SEC - step.subsec_nanos()),
            None => Self::MIN,
        }
    }
}

impl fmt::Display for NumericDate {
    /// The seconds, with a fraction only where there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanos() == 0 {
            return write!(f, "{}", self.secs);
        }
        let (sign, whole, nanos) = match self.secs {
            0.. => ("", self.secs.unsigned_abs(), self.nanos()),
            _ => ("-", (self.secs + 1).unsigned_abs(), NANOS_PER_SEC - self.nanos()),
        };
        let fraction = format!("{nanos:09}");
        write!(f, "{sign}{whole}.{}", fraction.trim_end_matches('0'))
    }
}

impl Serialize for NumericDate {
    /// A JSON integer where the date is a whole second, else a number with a fraction.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.nanos() == 0 {
            serializer.serialize_i64(self.secs)
        } else {
            serializer.serialize_f64(self.secs as f64 + f64::from(self.nanos()) / f64::from(NANOS_PER_SEC))
        }
    }
}

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = NumericDate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of seconds since 1970")
            }

            fn visit_i64<E: de::Error>(self, secs: i64) -> Result<NumericDate, E> {
                Ok(Number::Signed(secs).into())
            }

            fn visit_u64<E: de::Error>(self, secs: u64) -> Result<NumericDate, E> {
                Ok(Number::Unsigned(secs).into())
            }

            fn visit_f64<E: de::Error>(self, secs: f64) -> Result<NumericDate, E> {
                match secs.is_finite() {
                    true => Ok(Number::Float(secs).into()),
                    false => Err(E::invalid_value(de::Unexpected::Float(secs), &self)),
                }
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(json: &str) -> NumericDate {
        crate::json::from_str(json).unwrap()
    }

    #[test]
    fn fractions_are_kept_to_the_nanosecond_a_double_can_say() {
        assert_eq!(parse("1.5"), NumericDate::new(1, 500_000_000));
        assert_eq!(parse("-1.5"), NumericDate::new(-2, 500_000_000));
        assert_eq!(parse("1.7e9"), NumericDate::from_secs(1_700_000_000));
        assert_eq!(parse("0.9999999999"), NumericDate::from_secs(1));
        assert_eq!(parse("-0"), NumericDate::from_secs(0));
        assert_eq!(parse("-1.25").to_string(), "-1.25");
        assert_eq!(parse("1700000000.25").to_string(), "1700000000.25");
    }

    #[test]
    fn the_ends_of_the_range_hold() {
        assert_eq!(parse("9223372036854775807"), NumericDate::from_secs(i64::MAX));
        assert_eq!(parse("9223372036854775808"), NumericDate::MAX);
        assert_eq!(parse("1e300"), NumericDate::MAX);
        assert_eq!(parse("-1e300"), NumericDate::MIN);
        assert_eq!(NumericDate::MAX + Duration::MAX, NumericDate::MAX);
        assert_eq!(NumericDate::MIN - Duration::MAX, NumericDate::MIN);
        assert_eq!(NumericDate::MAX.since(NumericDate::MIN), Duration::new(u64::MAX, 999_999_999));
        assert_eq!(NumericDate::MIN.since(NumericDate::MAX), Duration::ZERO);
    }

    proptest! {
        #[test]
        fn arithmetic_never_overflows_and_goes_back(secs: i64, step in 0u64..1 << 62, nanos in 0u32..NANOS_PER_SEC) {
            let date = NumericDate::from_secs(secs);
            let later = date + Duration::new(step, nanos);
            prop_assert!(later >= date);
            if later < NumericDate::MAX {
                prop_assert_eq!(later - Duration::new(step, nanos), date);
                prop_assert_eq!(later.since(date), Duration::new(step, nanos));
            }
        }
    }
}
