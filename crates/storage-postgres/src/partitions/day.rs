//! Days (UTC): their partitions' names and bounds.

use std::fmt;

use postrider_model::Timestamp;
use uuid::Uuid;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A day (UTC), as the number of days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Day(i64);

impl Day {
    /// A day after all others.
    pub(crate) const LAST: Self = Self(i64::MAX);

    /// The day that contains this time, in milliseconds.
    pub(crate) fn at(ms: i64) -> Self {
        Self(ms.div_euclid(DAY_MS))
    }

    /// The day of this number, counted from 1970-01-01.
    pub(crate) const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// Whether it is at most `days` days away from another.
    pub(crate) fn is_within(self, other: Self, days: i64) -> bool {
        self.0.abs_diff(other.0) <= days.unsigned_abs()
    }

    /// This day and the `count` days that follow it.
    pub(crate) fn and_next(self, count: i64) -> impl Iterator<Item = Self> {
        (self.0..=self.0 + count).map(Self)
    }

    /// When it begins, in milliseconds.
    pub(crate) fn begins_at(self) -> i64 {
        self.0.saturating_mul(DAY_MS)
    }

    /// When the next day begins, in milliseconds.
    pub(crate) fn ends_at(self) -> i64 {
        self.begins_at().saturating_add(DAY_MS)
    }

    /// The name of its partition of this table: `events_20261124`.
    pub(crate) fn partition(self, table: &str) -> String {
        format!("{table}_{self}")
    }

    /// The day whose partition of this table has this name, if it is such a name.
    pub(crate) fn of_partition(name: &str, table: &str) -> Option<Self> {
        let digits = name.strip_prefix(table)?.strip_prefix('_')?;
        let (year, rest) = digits.split_at_checked(4)?;
        let (month, date) = rest.split_at_checked(2)?;
        let begin: Timestamp = format!("{year}-{month}-{date}T00:00:00Z").parse().ok()?;
        Some(Self::at(begin.unix_ms()))
    }
}

/// Formats the day as `20261124`.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begin = Timestamp::from_unix_ms(self.begins_at()).to_string();
        let (date, _) = begin.split_once('T').unwrap_or((&begin, ""));
        f.write_str(&date.replace('-', ""))
    }
}

/// A table with a partition for each day.
pub(crate) struct DayTable {
    /// Its name.
    pub(crate) name: &'static str,
    /// The column that determines the day of a row.
    pub(crate) key: &'static str,
    is_by_id: bool,
}

/// The tables with a partition for each day, in the order in which accepting an event uses them.
pub(crate) const TABLES: [DayTable; 3] = [
    DayTable {
        name: "events",
        key: "created_at",
        is_by_id: false,
    },
    DayTable {
        name: "deliveries",
        key: "id",
        is_by_id: true,
    },
    DayTable {
        name: "attempts",
        key: "delivery_id",
        is_by_id: true,
    },
];

impl DayTable {
    /// The smallest keys of a day and of the next day, as SQL literals.
    pub(crate) fn bounds(&self, day: Day) -> (String, String) {
        let literal = |ms: i64| {
            if self.is_by_id {
                format!("'{}'", least_id(ms))
            } else {
                ms.to_string()
            }
        };
        (literal(day.begins_at()), literal(day.ends_at()))
    }
}

/// The smallest id with this time: the first 48 bits of a UUIDv7 are its milliseconds (RFC 9562, section
/// 5.7).
pub(crate) fn least_id(ms: i64) -> Uuid {
    let ms = u128::from(ms.max(0).cast_unsigned()) & ((1 << 48) - 1);
    Uuid::from_u128(ms << 80)
}

#[cfg(test)]
mod tests {
    use postrider_model::IdGenerator;

    use super::*;

    #[test]
    fn a_day_is_named_by_its_date_and_found_by_its_name() {
        let day = Day::at(1_795_478_400_000 + 5);
        assert_eq!(day.partition("events"), "events_20261124");
        assert_eq!(Day::of_partition("events_20261124", "events"), Some(day));
        for other in [
            "events_default",
            "events_2026",
            "events_20261399",
            "events_202611240",
            "deliveries_20261124",
        ] {
            assert_eq!(Day::of_partition(other, "events"), None, "{other}");
        }
    }

    #[test]
    fn ids_of_a_day_lie_within_its_bounds() {
        let day = Day::at(1_795_478_400_000);
        for (ms, is_within) in [
            (day.begins_at() - 1, false),
            (day.begins_at(), true),
            (day.ends_at() - 1, true),
            (day.ends_at(), false),
        ] {
            let ids = IdGenerator::new(7);
            let id = Uuid::from_u128(ids.next_block(Timestamp::from_unix_ms(ms)));
            let bounds = least_id(day.begins_at())..least_id(day.ends_at());
            assert_eq!(bounds.contains(&id), is_within, "{ms}");
        }
    }
}
