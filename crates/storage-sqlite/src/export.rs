//! Reading all rows, to copy them to another store.
//!
//! While an export lives, the folder stays locked and the connection stays in one read transaction: no server
//! can start on the folder, and all rows belong to one snapshot. An export writes nothing and migrates
//! nothing.

mod config;
mod events;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use postrider_storage::sealing::KeyId;
use postrider_storage::transfer::{Batch, Counts, Overview, Place, Stage};
use rusqlite::{Connection, OptionalExtension};

use crate::open::{self, DATABASE_FILE, OpenError};
use crate::schema::{self, SCHEMA_VERSION};
use crate::secrets;
use crate::sql_error::SqlError;

/// Milliseconds in a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Why a data folder cannot be copied.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The folder cannot be opened, or is in use.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database does not have the schema that can be copied.
    #[error("the database has schema {found}, and only schema {SCHEMA_VERSION} can be copied")]
    OldSchema {
        /// Its schema.
        found: u32,
    },
    /// SQLite cannot read the database.
    #[error("the database cannot be read: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// Related rows do not match.
    #[error("the database is damaged: {0}")]
    Damaged(String),
}

impl From<SqlError> for ExportError {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Sqlite(error) => Self::Sqlite(error),
            SqlError::Damaged(what) => Self::Damaged(what.to_owned()),
            SqlError::Unopened(what) => Self::Damaged(what.to_string()),
            SqlError::Panicked(what) => Self::Damaged(what),
        }
    }
}

/// The result of reading.
pub type ExportResult<T> = Result<T, ExportError>;

/// A data folder without a running server. No server can start on it while this value lives.
#[derive(Debug)]
pub struct Export {
    // The fields drop in this order: the lock last.
    conn: Connection,
    _lock: File,
}

impl Export {
    /// Locks a data folder and opens its database for reading.
    ///
    /// # Errors
    /// [`OpenError::NoDatabase`], [`OpenError::Locked`] while a server is running on it,
    /// [`OpenError::TooNew`], [`OpenError::Unreleased`], [`ExportError::OldSchema`], or SQLite's error.
    pub fn open(data_dir: &Path) -> ExportResult<Self> {
        // Checked first, because locking creates a missing folder.
        if !data_dir.join(DATABASE_FILE).exists() {
            return Err(OpenError::NoDatabase {
                folder: data_dir.to_owned(),
            }
            .into());
        }
        let lock = open::lock(data_dir)?;
        let conn = open::open_unmigrated(data_dir)?;
        let found = schema::version(&conn)?;
        if found > SCHEMA_VERSION {
            let known = SCHEMA_VERSION;
            return Err(OpenError::TooNew { found, known }.into());
        }
        if found < SCHEMA_VERSION {
            return Err(ExportError::OldSchema { found });
        }
        schema::check(&conn)?;
        conn.pragma_update(None, "query_only", true)?;
        conn.execute_batch("BEGIN")?;
        Ok(Self { conn, _lock: lock })
    }

    /// Facts about the source. Reads one index of all events.
    ///
    /// # Errors
    /// SQLite's error.
    pub fn overview(&self) -> ExportResult<Overview> {
        let (events, mut days) = self.events_by_day()?;
        days.extend(self.days_of_deliveries()?);
        Ok(Overview {
            fingerprint: self.fingerprint()?,
            events,
            last_seq: self.number("SELECT coalesce(max(seq), 0) FROM events")?,
            last_event_type: self.number("SELECT coalesce(max(number), 0) FROM event_types")?,
            last_template: self
                .number("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'templates'")?,
            days,
        })
    }

    /// The master keys that sealed the secrets. The rows stay sealed, so whoever opens the copy needs them.
    ///
    /// # Errors
    /// SQLite's error.
    pub fn master_keys(&self) -> ExportResult<Vec<KeyId>> {
        Ok(secrets::key_ids(&self.conn)?)
    }

    /// Counts the rows. Reads all tables once.
    ///
    /// # Errors
    /// SQLite's error.
    pub fn counts(&self) -> ExportResult<Counts> {
        let mut counts = [0; Counts::TABLES.len()];
        for (count, table) in counts.iter_mut().zip(Counts::TABLES) {
            let counted = self.number(&format!("SELECT count(*) FROM {table}"))?;
            *count = counted.unsigned_abs();
        }
        Ok(Counts::from_array(counts))
    }

    /// The rows after a place, as many as fit into one transaction; `None` at the end.
    ///
    /// # Errors
    /// SQLite's error, or rows that do not match.
    pub fn next(&self, place: Place) -> ExportResult<Option<Batch>> {
        let (mut stage, mut after) = (place.stage, place.after);
        loop {
            let found = match stage {
                Stage::EventTypes => config::event_types(&self.conn, after)?,
                Stage::ApiKeys => config::api_keys(&self.conn, after)?,
                Stage::Accounts => config::accounts(&self.conn, after)?,
                Stage::DeletedAccounts => config::deleted_accounts(&self.conn, after)?,
                Stage::Audit => config::audit(&self.conn, after)?,
                Stage::Templates => config::templates(&self.conn, after)?,
                Stage::Events => events::batch(&self.conn, after)?,
            };
            if let Some((rows, after)) = found {
                let through = Place { stage, after };
                return Ok(Some(Batch { rows, through }));
            }
            let Some(next) = stage.next() else {
                return Ok(None);
            };
            (stage, after) = (next, i64::MIN);
        }
    }

    /// Every server that starts opens a session, whose number is never reused, and only a server changes the
    /// database: if all of these values agree, it is the same database in the same state.
    fn fingerprint(&self) -> ExportResult<String> {
        let sql = "SELECT format('session %d, first key %d, account %s, event %d %s, attempt %d',
            coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'sessions'), 0),
            coalesce((SELECT min(created_at) FROM api_keys), 0),
            coalesce((SELECT lower(hex(max(id))) FROM accounts), '-'),
            coalesce((SELECT max(seq) FROM events), 0),
            coalesce((SELECT lower(hex(id)) FROM events ORDER BY seq DESC LIMIT 1), '-'),
            coalesce((SELECT max(seq) FROM attempts), 0))";
        Ok(self.conn.query_row(sql, (), |row| row.get(0))?)
    }

    /// The number of events and the days on which they were accepted. The index is much smaller than the
    /// table.
    fn events_by_day(&self) -> ExportResult<(u64, BTreeSet<i64>)> {
        let sql = "SELECT created_at FROM events INDEXED BY events_by_account";
        let mut statement = self.conn.prepare(sql)?;
        let mut rows = statement.query(())?;
        let (mut events, mut days) = (0, BTreeSet::new());
        let mut last = None;
        while let Some(row) = rows.next()? {
            let day = row.get::<_, i64>(0)?.div_euclid(DAY_MS);
            events += 1;
            if last.replace(day) != Some(day) {
                days.insert(day);
            }
        }
        Ok((events, days))
    }

    /// The days in the ids of deliveries. Ids begin with the time, so one lookup leads from one day to the
    /// next.
    fn days_of_deliveries(&self) -> ExportResult<BTreeSet<i64>> {
        let mut days = BTreeSet::new();
        let mut statement = self
            .conn
            .prepare("SELECT id FROM deliveries WHERE id >= ?1 ORDER BY id LIMIT 1")?;
        let mut from = [0; 16];
        loop {
            let found: Option<[u8; 16]> = statement.query_row((from,), |row| row.get(0)).optional()?;
            let Some(id) = found else {
                return Ok(days);
            };
            let ms = i64::try_from(u128::from_be_bytes(id) >> 80).unwrap_or(i64::MAX);
            let day = ms.div_euclid(DAY_MS);
            days.insert(day);
            let next_ms = ((day + 1) * DAY_MS).cast_unsigned();
            if next_ms >> 48 != 0 {
                return Ok(days);
            }
            from = (u128::from(next_ms) << 80).to_be_bytes();
        }
    }

    fn number(&self, sql: &str) -> ExportResult<i64> {
        Ok(self.conn.query_row(sql, (), |row| row.get(0))?)
    }
}
