//! What a row is: the columns of each table, named once, and how they become values of the model.
//!
//! Both stores read rows through [`Columns`], which each driver's row type implements, and a copy from one
//! store to another ([`crate::transfer`]) moves the same rows. Each dialect writes its statements out in
//! full; they take their column lists from here. The columns that a store adds for itself (row numbers,
//! chains, partition keys) are its own.
//!
//! A column of secrets is sealed where a value becomes a row (`of`) and opened where a row becomes a value
//! (`open`); see [`crate::sealing`].
//!
//! To add a column: add its name to the `columns!` of its area, its field, and its line in `read`, in the
//! same order; then the statements that write it, and a migration, in each store.

pub mod accounts;
pub mod action_health;
pub mod api_keys;
pub mod attempts;
pub mod audit;
pub mod automations;
pub mod connections;
pub mod deliveries;
pub mod event_types;
pub mod events;
pub mod grants;
pub mod signing_keys;
pub mod templates;

pub use accounts::AccountRow;
pub use action_health::ActionHealthRow;
pub use api_keys::ApiKeyRow;
pub use attempts::AttemptRow;
pub use audit::AuditRow;
pub use automations::AutomationRow;
pub use connections::ConnectionRow;
pub use deliveries::DeliveryRow;
pub use event_types::EventTypeRow;
pub use events::EventRow;
pub use grants::GrantRow;
pub use signing_keys::SigningKeyRow;
pub use templates::TemplateRow;

use postrider_model::{Schedule, Timestamp};

use crate::encoding::{self, Damaged};

/// A row of a driver. Columns are counted from 0; `None` means NULL.
pub trait Columns {
    /// Why a value could not be read: it has an unexpected type, or no store writes such a value.
    type Error: From<Damaged>;

    /// An integer of any width.
    fn integer(&self, column: usize) -> Result<Option<i64>, Self::Error>;

    /// A boolean.
    fn boolean(&self, column: usize) -> Result<Option<bool>, Self::Error>;

    /// A text, even where a dialect stores it as bytes because its text type cannot hold U+0000.
    fn text(&self, column: usize) -> Result<Option<&str>, Self::Error>;

    /// Bytes.
    fn bytes(&self, column: usize) -> Result<Option<&[u8]>, Self::Error>;

    /// The 16 bytes of an id.
    fn id(&self, column: usize) -> Result<Option<[u8; 16]>, Self::Error>;
}

/// Reads a row's columns one after the other. Each call advances by one column.
pub struct Reader<'a, C> {
    row: &'a C,
    next: usize,
}

impl<'a, C: Columns> Reader<'a, C> {
    /// Begins at the first column.
    pub const fn new(row: &'a C) -> Self {
        Self::from(row, 0)
    }

    /// Begins at the given column, counted from 0.
    pub const fn from(row: &'a C, column: usize) -> Self {
        Self { row, next: column }
    }

    /// Skips this many columns.
    pub const fn skip(&mut self, columns: usize) {
        self.next += columns;
    }

    const fn column(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    /// A non-NULL number.
    pub fn number<T: TryFrom<i64>>(&mut self) -> Result<T, C::Error> {
        required(self.number_opt()?)
    }

    /// A number, or `None` for NULL.
    pub fn number_opt<T: TryFrom<i64>>(&mut self) -> Result<Option<T>, C::Error> {
        let column = self.column();
        let number = self.row.integer(column)?;
        let number = number.map(T::try_from).transpose();
        number.map_err(|_| Damaged("a number out of range").into())
    }

    /// A non-NULL boolean.
    pub fn flag(&mut self) -> Result<bool, C::Error> {
        let column = self.column();
        required(self.row.boolean(column)?)
    }

    /// A non-NULL text.
    pub fn text(&mut self) -> Result<String, C::Error> {
        required(self.text_opt()?)
    }

    /// A text, or `None` for NULL.
    pub fn text_opt(&mut self) -> Result<Option<String>, C::Error> {
        let column = self.column();
        Ok(self.row.text(column)?.map(str::to_owned))
    }

    /// Non-NULL bytes.
    pub fn bytes(&mut self) -> Result<Vec<u8>, C::Error> {
        required(self.bytes_opt()?)
    }

    /// Bytes, or `None` for NULL.
    pub fn bytes_opt(&mut self) -> Result<Option<Vec<u8>>, C::Error> {
        let column = self.column();
        Ok(self.row.bytes(column)?.map(<[u8]>::to_vec))
    }

    /// The 16 bytes of a non-NULL id.
    pub fn id(&mut self) -> Result<[u8; 16], C::Error> {
        required(self.id_opt()?)
    }

    /// The 16 bytes of an id, or `None` for NULL.
    pub fn id_opt(&mut self) -> Result<Option<[u8; 16]>, C::Error> {
        let column = self.column();
        self.row.id(column)
    }
}

fn required<T, E: From<Damaged>>(value: Option<T>) -> Result<T, E> {
    value.ok_or_else(|| Damaged("a missing value").into())
}

/// Decodes a value that a row stores as a number, such as an enum.
fn from_code<T>(code: i16, value: fn(u8) -> Option<T>) -> Result<T, Damaged> {
    let value = u8::try_from(code).ok().and_then(value);
    value.ok_or(Damaged("a code"))
}

/// The time that a row stores in milliseconds since 1970.
const fn time(ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(ms)
}

/// Decodes the schedule that a row stores, if any.
fn schedule(text: Option<&str>) -> Result<Option<Schedule>, Damaged> {
    text.map(encoding::schedule::parse).transpose()
}

/// Names the columns of an area once: `COLUMNS` unqualified, `QUALIFIED` with the alias that statements use
/// for the table, and `COUNT`, their number.
macro_rules! columns {
    ($alias:literal: $first:literal $(, $name:literal)* $(,)?) => {
        /// The columns, in the order in which `read` reads them.
        pub const COLUMNS: &str = concat!($first, $(", ", $name),*);

        /// The columns, qualified with the alias that statements use for the table.
        pub const QUALIFIED: &str = concat!($alias, ".", $first, $(", ", $alias, ".", $name),*);

        /// The number of columns.
        pub const COUNT: usize = [$first, $($name),*].len();
    };
}
use columns;

#[cfg(test)]
mod tests;
