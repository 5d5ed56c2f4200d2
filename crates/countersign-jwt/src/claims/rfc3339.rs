//! Moments as people read them.

use super::NumericDate;

impl NumericDate {
    /// The moment as RFC 3339 writes it, in UTC, to the second: `2026-01-31T09:30:00Z`. For people and for other formats
    /// than JWTs; a claim is a number.
    ///
    /// ```
    /// use countersign_jwt::NumericDate;
    ///
    /// assert_eq!(NumericDate::from_secs(1_700_000_000).rfc3339(), "2023-11-14T22:13:20Z");
    /// ```
    #[must_use]
    pub fn rfc3339(self) -> String {
        const DAY: i64 = 86_400;
        let seconds = self.as_secs();
        let (year, month, day) = civil_date(seconds.div_euclid(DAY));
        let time = seconds.rem_euclid(DAY);
        format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", time / 3600, time / 60 % 60, time % 60)
    }
}

/// The Gregorian date of a day, counted from 1970-01-01. Years are taken to begin in March, so that the leap day is the
/// last of its year, and counted in eras of 400 years, after which the calendar repeats.
fn civil_date(day: i64) -> (i64, i64, i64) {
    const ERA: i64 = 146_097;
    let day = day + 719_468;
    let (era, day) = (day.div_euclid(ERA), day.rem_euclid(ERA));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next_year, month, date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_dates() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_700_000_000, "2023-11-14T22:13:20Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (i64::MAX, "292277026596-12-04T15:30:07Z"),
            (i64::MIN, "-292277022657-01-27T08:29:52Z"),
        ] {
            assert_eq!(NumericDate::from_secs(seconds).rfc3339(), text);
        }
    }
}
