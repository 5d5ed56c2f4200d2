//! Spans of time as people write them: one whole number and one unit, `15m`.

use std::time::Duration;

use thiserror::Error;

/// The units, smallest first, in milliseconds.
const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Reads `500ms`, `60s`, `15m`, `1h` or `30d`.
///
/// A bare number is refused: what `120` means differs from one system to the next, and a token that lives for
/// 120 milliseconds, or for 120 hours, is found out late. Fractions, signs, spaces and sums (`1h30m`) are
/// refused too; write `90m`.
///
/// # Errors
/// See [`DurationError`]; every message says what to write instead.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    if text.is_empty() {
        return Err(DurationError::Empty);
    }
    if number.is_empty() {
        return Err(DurationError::NotADuration(text.to_owned()));
    }
    if unit.is_empty() {
        return Err(DurationError::NoUnit(text.to_owned()));
    }
    let Some((_, milliseconds)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(DurationError::NotADuration(text.to_owned()));
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(*milliseconds))
        .map(Duration::from_millis)
        .ok_or_else(|| DurationError::TooLong(text.to_owned()))
}

/// A duration as [`parse_duration`] reads it, in the largest unit that divides it.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    let (name, size) = UNITS
        .iter()
        .rev()
        .find(|(_, size)| milliseconds > 0 && milliseconds.is_multiple_of(u128::from(*size)))
        .unwrap_or(&("s", 1_000));
    format!("{}{name}", milliseconds / u128::from(*size))
}

/// Why a text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DurationError {
    /// Nothing was written.
    #[error("is empty; write a number and a unit, for example \"15m\"")]
    Empty,
    /// A number without a unit.
    #[error(
        "\"{0}\" has no unit; write \"{0}s\" for seconds or \"{0}m\" for minutes (units: ms, s, m, h, d)"
    )]
    NoUnit(String),
    /// Anything else.
    #[error(
        "\"{0}\" is not a duration; write one whole number and one unit of ms, s, m, h, d, for example \"15m\""
    )]
    NotADuration(String),
    /// More milliseconds than fit in 64 bits.
    #[error("\"{0}\" is too long")]
    TooLong(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_and_one_unit_is_a_duration() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("60s", 60_000),
            ("15m", 900_000),
            ("1h", 3_600_000),
            ("30d", 2_592_000_000),
            ("0s", 0),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn a_number_without_a_unit_is_refused_and_the_message_says_what_to_write() {
        let error = parse_duration("15").unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"15\" has no unit; write \"15s\" for seconds or \"15m\" for minutes (units: ms, s, m, h, d)"
        );
    }

    #[test]
    fn everything_else_is_refused() {
        for text in
            ["", " 15m", "15m ", "15 m", "1.5h", "-15m", "+15m", "m", "15M", "15min", "1h30m", "١٥m", "1e3s"]
        {
            assert!(parse_duration(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn a_number_that_overflows_is_refused() {
        for text in ["18446744073709551616s", "18446744073709551615d"] {
            assert_eq!(parse_duration(text), Err(DurationError::TooLong(text.to_owned())));
        }
    }

    #[test]
    fn a_formatted_duration_reads_back_as_itself() {
        for text in ["500ms", "1500ms", "61s", "15m", "1h", "30d", "0s"] {
            let duration = parse_duration(text).unwrap();
            assert_eq!(format_duration(duration), text);
        }
    }
}
