//! The model's values in columns: ids as 16 bytes, times in milliseconds, schedules as JSON.

use postrider_model::{EventTypeName, Schedule, Timestamp};
use postrider_storage::rows::{Columns, Reader};
use postrider_storage::{Position, encoding};
use rusqlite::{Row, RowIndex};

use crate::sql_error::{SqlError, SqlResult};

/// A row as [`postrider_storage::rows`] reads it.
pub(crate) struct Cells<'a, 'conn>(&'a Row<'conn>);

impl Columns for Cells<'_, '_> {
    type Error = SqlError;

    fn integer(&self, column: usize) -> SqlResult<Option<i64>> {
        Ok(self.0.get(column)?)
    }

    fn boolean(&self, column: usize) -> SqlResult<Option<bool>> {
        Ok(self.0.get(column)?)
    }

    fn text(&self, column: usize) -> SqlResult<Option<&str>> {
        let text = self.0.get_ref(column)?.as_str_or_null();
        text.map_err(|_| SqlError::Damaged("a text"))
    }

    fn bytes(&self, column: usize) -> SqlResult<Option<&[u8]>> {
        let bytes = self.0.get_ref(column)?.as_blob_or_null();
        bytes.map_err(|_| SqlError::Damaged("bytes"))
    }

    fn id(&self, column: usize) -> SqlResult<Option<[u8; 16]>> {
        Ok(self.0.get(column)?)
    }
}

/// Reads a value whose columns begin at `column`: `read(row, 0, AccountRow::read)`.
pub(crate) fn read<'a, 'conn, T>(
    row: &'a Row<'conn>,
    column: usize,
    read: impl FnOnce(&mut Reader<'_, Cells<'a, 'conn>>) -> SqlResult<T>,
) -> SqlResult<T> {
    let cells = Cells(row);
    read(&mut Reader::from(&cells, column))
}

/// Reads an id from its 16 bytes: `id(row, 0, EventId::from_bytes)`.
pub(crate) fn id<I: RowIndex, T>(row: &Row<'_>, column: I, make: fn([u8; 16]) -> T) -> rusqlite::Result<T> {
    row.get(column).map(make)
}

/// Reads a time.
pub(crate) fn time<I: RowIndex>(row: &Row<'_>, column: I) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_unix_ms)
}

/// Reads the name of an event type.
pub(crate) fn event_type<I: RowIndex>(row: &Row<'_>, column: I) -> SqlResult<EventTypeName> {
    row.get_ref(column)?
        .as_str()
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or(SqlError::Damaged("an event type"))
}

/// The stored form of a schedule.
pub(crate) fn schedule_text(schedule: Option<&Schedule>) -> Option<String> {
    schedule.map(encoding::schedule::text)
}

/// The upper bound that a page's position sets in a list ordered by id, newest first: only smaller ids
/// follow.
///
/// On the first page the bound is `u128::MAX`, which is never generated as an id.
pub(crate) fn ids_below(after: Option<Position>) -> [u8; 16] {
    after.map_or(u128::MAX, |position| position.0).to_be_bytes()
}

/// An id's position in a list ordered by id.
pub(crate) fn position_of_id(bytes: [u8; 16]) -> Position {
    Position(u128::from_be_bytes(bytes))
}

/// A page's size for `LIMIT`, plus one, to see whether there are more rows.
pub(crate) fn limit_with_surplus(limit: usize) -> i64 {
    i64::try_from(limit.clamp(1, postrider_storage::LIMIT_MAX) + 1).unwrap_or(i64::MAX)
}

/// A count as a column or a `LIMIT` accepts it. No real count comes near the overflow.
pub(crate) fn number(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

/// Reads a count.
pub(crate) fn count<I: RowIndex>(row: &Row<'_>, column: I) -> SqlResult<u64> {
    let count: i64 = row.get(column)?;
    u64::try_from(count).map_err(|_| SqlError::Damaged("a count"))
}
