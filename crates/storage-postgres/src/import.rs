//! Importing all rows of another store.
//!
//! Rows arrive in batches, in the order of [`postrider_storage::transfer::Stage`]. Each batch is one
//! transaction that also records the place after it: wherever a copy is killed, the next run continues after
//! the last stored row. A run holds a lock until the server has ended its connection, so that no late
//! statement of a killed run interferes with the next one.

mod begin;
mod config;
mod events;
mod finish;
mod writer;

use postrider_storage::StoreError;
use postrider_storage::transfer::{Batch, Overview, Place, Rows};

pub use begin::Begun;
pub use finish::Difference;

use crate::connect::OptionsError;
use crate::copies::UnfinishedCopy;
use crate::database::{Client, Database};
use crate::partitions;
use crate::partitions::day::Day;
use crate::schema::SCHEMA_VERSION;
use crate::sql_error::{SqlError, SqlResult};
use crate::statement;
use crate::suitability::Unsuitable;

/// Why a copy cannot begin or continue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The options cannot be used.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The database could not be reached, or returned an error.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store does not work in the database.
    #[error(transparent)]
    Unsuitable(#[from] Unsuitable),
    /// A newer Postrider migrated the database.
    #[error("the database has schema {found}, and this Postrider writes schema {SCHEMA_VERSION}")]
    TooNew {
        /// The database's schema.
        found: u32,
    },
    /// The database already contains rows.
    #[error("the database is not empty: there is something in {table}. A copy needs a database of its own")]
    NotEmpty {
        /// A table with rows.
        table: &'static str,
    },
    /// The database contains an unfinished copy of another source, or of this source before a server ran on
    /// it again.
    #[error(
        "the database cannot be copied into: {0}. What is copied now is another source, or has changed since"
    )]
    OtherCopy(UnfinishedCopy),
    /// A node is running on the database.
    #[error("a server runs on the database, or did until a moment ago: stop it first")]
    InUse,
    /// Another process is copying.
    #[error("another copy into the database is under way")]
    UnderWay,
    /// The numbers of rows differ from the source's.
    #[error("what was copied is not what there was: {}", shown(.0))]
    Differs(Vec<Difference>),
}

impl From<SqlError> for ImportError {
    fn from(error: SqlError) -> Self {
        Self::Store(error.into())
    }
}

fn shown(differences: &[Difference]) -> String {
    let lines: Vec<_> = differences.iter().map(ToString::to_string).collect();
    lines.join(", ")
}

/// A database that receives a copy.
pub struct PostgresImport {
    // Dropped first: the connection returns to a pool that is closing, which also releases the lock.
    client: Client,
    _database: Database,
    number: i64,
    place: Place,
    events: u64,
}

impl PostgresImport {
    /// How far the copy has come.
    pub fn place(&self) -> Place {
        self.place
    }

    /// How many events have been copied.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Creates partitions for the days of the rows to be copied, so that retention can drop whole days.
    ///
    /// # Errors
    /// The database's error.
    pub async fn make_days(&mut self, overview: &Overview) -> Result<(), ImportError> {
        let days = overview.days.iter().copied().map(Day::from_number);
        Ok(partitions::make_for_copy(&mut self.client, days).await?)
    }

    /// Writes rows and the place after them in one transaction.
    ///
    /// # Errors
    /// The database's error. Unless the connection broke, nothing was written.
    pub async fn write(&mut self, batch: &Batch) -> Result<(), ImportError> {
        self.write_all(batch).await?;
        self.place = batch.through;
        self.events += batch.events();
        Ok(())
    }

    async fn write_all(&mut self, batch: &Batch) -> SqlResult<()> {
        let transaction = self.client.transaction().await?;
        match &batch.rows {
            Rows::EventTypes(rows) => config::event_types(&transaction, rows).await?,
            Rows::ApiKeys(rows) => config::api_keys(&transaction, rows).await?,
            Rows::Accounts(rows) => config::accounts(&transaction, rows).await?,
            Rows::DeletedAccounts(rows) => config::deleted_accounts(&transaction, rows).await?,
            Rows::Audit(rows) => config::audit(&transaction, rows).await?,
            Rows::Templates(rows) => config::templates(&transaction, rows).await?,
            Rows::Events(rows) => events::events(&transaction, rows).await?,
        }
        let sql = "UPDATE copies SET stage = $2, after = $3, events = events + $4
                   WHERE number = $1 AND stage = $5 AND after = $6 AND finished_at IS NULL";
        let (from, through) = (self.place, batch.through);
        let events = i64::try_from(batch.events()).unwrap_or(i64::MAX);
        let moved = statement::execute(
            &transaction,
            sql,
            &[
                &self.number,
                &through.stage.code(),
                &through.after,
                &events,
                &from.stage.code(),
                &from.after,
            ],
        )
        .await?;
        if moved != 1 {
            return Err(SqlError::Raced);
        }
        Ok(transaction.commit().await?)
    }
}
