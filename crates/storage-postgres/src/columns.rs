//! The model's values in columns: ids as `uuid`, times in milliseconds, schedules as JSON.

use postrider_model::{Schedule, Timestamp};
use postrider_storage::rows::{Columns, Reader};
use postrider_storage::{Position, encoding};
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::sql_error::{SqlError, SqlResult};

/// A row as [`postrider_storage::rows`] reads it.
pub(crate) struct Cells<'a>(&'a Row);

impl Columns for Cells<'_> {
    type Error = SqlError;

    fn integer(&self, column: usize) -> SqlResult<Option<i64>> {
        let number = match *self.0.columns()[column].type_() {
            Type::INT2 => self.0.try_get::<_, Option<i16>>(column)?.map(i64::from),
            Type::INT4 => self.0.try_get::<_, Option<i32>>(column)?.map(i64::from),
            _ => self.0.try_get(column)?,
        };
        Ok(number)
    }

    fn boolean(&self, column: usize) -> SqlResult<Option<bool>> {
        Ok(self.0.try_get(column)?)
    }

    fn text(&self, column: usize) -> SqlResult<Option<&str>> {
        if *self.0.columns()[column].type_() != Type::BYTEA {
            return Ok(self.0.try_get(column)?);
        }
        let text = self.bytes(column)?.map(std::str::from_utf8).transpose();
        text.map_err(|_| SqlError::Damaged("a text that is not UTF-8"))
    }

    fn bytes(&self, column: usize) -> SqlResult<Option<&[u8]>> {
        Ok(self.0.try_get(column)?)
    }

    fn id(&self, column: usize) -> SqlResult<Option<[u8; 16]>> {
        let id: Option<Uuid> = self.0.try_get(column)?;
        Ok(id.map(Uuid::into_bytes))
    }
}

/// Reads a value whose columns begin at `column`: `read(row, 0, AccountRow::read)`.
pub(crate) fn read<'a, T>(
    row: &'a Row,
    column: usize,
    read: impl FnOnce(&mut Reader<'_, Cells<'a>>) -> SqlResult<T>,
) -> SqlResult<T> {
    let cells = Cells(row);
    read(&mut Reader::from(&cells, column))
}

/// An id as a column stores it: `uuid(id.as_bytes())`.
pub(crate) fn uuid(bytes: &[u8; 16]) -> Uuid {
    Uuid::from_bytes(*bytes)
}

/// Reads an id: `id(row, 0, EventId::from_bytes)`.
pub(crate) fn id<T>(row: &Row, column: usize, make: fn([u8; 16]) -> T) -> SqlResult<T> {
    let uuid: Uuid = row.try_get(column)?;
    Ok(make(uuid.into_bytes()))
}

/// Reads a time.
pub(crate) fn time(row: &Row, column: usize) -> SqlResult<Timestamp> {
    Ok(Timestamp::from_unix_ms(row.try_get(column)?))
}

/// Reads a time, or `None` for NULL.
pub(crate) fn time_opt(row: &Row, column: usize) -> SqlResult<Option<Timestamp>> {
    let ms: Option<i64> = row.try_get(column)?;
    Ok(ms.map(Timestamp::from_unix_ms))
}

/// Reads a count that is never negative.
pub(crate) fn count(row: &Row, column: usize) -> SqlResult<u32> {
    let count: i32 = row.try_get(column)?;
    u32::try_from(count).map_err(|_| SqlError::Damaged("a count"))
}

/// A count as a column stores it. Counts are bounded far below the overflow.
pub(crate) fn int(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// A response's status code as a column stores it. HTTP defines none above 999.
pub(crate) fn status_code(code: Option<u16>) -> Option<i16> {
    code.map(|code| i16::try_from(code).unwrap_or(i16::MAX))
}

/// Reads an enum that a column stores as a number.
pub(crate) fn code<T>(row: &Row, column: usize, make: fn(u8) -> Option<T>) -> SqlResult<T> {
    let number: i16 = row.try_get(column)?;
    let code = u8::try_from(number).ok().and_then(make);
    code.ok_or(SqlError::Damaged("a code"))
}

/// The stored form of a schedule.
pub(crate) fn schedule_text(schedule: Option<&Schedule>) -> Option<String> {
    schedule.map(encoding::schedule::text)
}

/// The upper bound that a page's position sets in a list ordered by id, newest first: only smaller ids
/// follow.
///
/// On the first page the bound is `u128::MAX`, which is never generated as an id.
pub(crate) fn ids_below(after: Option<Position>) -> Uuid {
    Uuid::from_u128(after.map_or(u128::MAX, |position| position.0))
}

/// A page's size for `LIMIT`, plus one, to see whether there are more rows.
pub(crate) fn limit_with_surplus(limit: usize) -> i64 {
    i64::try_from(limit.clamp(1, postrider_storage::LIMIT_MAX) + 1).unwrap_or(i64::MAX)
}

/// A count as a column or a `LIMIT` accepts it. No real count comes near the overflow.
pub(crate) fn number(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

/// Reads a sum.
pub(crate) fn sum(row: &Row, column: usize) -> SqlResult<u64> {
    let sum: i64 = row.try_get(column)?;
    u64::try_from(sum).map_err(|_| SqlError::Damaged("a sum"))
}
