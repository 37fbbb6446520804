//! Taking in everything that another store has, to go on with it here.
//!
//! Rows come in batches, in the order of [`postrider_storage::transfer::Stage`]. Each batch is one
//! transaction, and the place behind it is part of that: wherever a copy is killed, the next run goes on
//! behind the last row that is here. Whoever copies holds a lock until its connection ends on the server's
//! side, so that nothing of a killed run can still come while the next one goes on.

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

/// Why nothing, or nothing more, is copied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The options are of no use.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The database could not be reached, or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store does not work in the database.
    #[error(transparent)]
    Unsuitable(#[from] Unsuitable),
    /// A newer Postrider migrated the database.
    #[error("the database has schema {found}, and this Postrider writes schema {SCHEMA_VERSION}")]
    TooNew {
        /// Its schema.
        found: u32,
    },
    /// Something is in the database already.
    #[error("the database is not empty: there is something in {table}. A copy needs a database of its own")]
    NotEmpty {
        /// A table that has rows.
        table: &'static str,
    },
    /// The database holds a part of something else, or of this source as it was before a server ran on it
    /// again.
    #[error(
        "the database cannot be copied into: {0}. What is copied now is another source, or has changed since"
    )]
    OtherCopy(UnfinishedCopy),
    /// A node works on the database.
    #[error("a server runs on the database, or did until a moment ago: stop it first")]
    InUse,
    /// Somebody else is copying.
    #[error("another copy into the database is under way")]
    UnderWay,
    /// Not everything arrived.
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

/// A database that is being copied into.
pub struct PostgresImport {
    // Dropped first: the connection goes back to a pool that closes, and the lock with it.
    client: Client,
    _database: Database,
    number: i64,
    place: Place,
    events: u64,
}

impl PostgresImport {
    /// How far the copy came.
    pub fn place(&self) -> Place {
        self.place
    }

    /// How many events are here.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Makes the partitions of the days that rows are going to come for, so that retention can drop them
    /// whole.
    ///
    /// # Errors
    /// What the database said.
    pub async fn make_days(&mut self, overview: &Overview) -> Result<(), ImportError> {
        let days = overview.days.iter().copied().map(Day::from_number);
        Ok(partitions::make_for_copy(&mut self.client, days).await?)
    }

    /// Writes rows, and how far the copy comes by that, in one transaction.
    ///
    /// # Errors
    /// What the database said. Unless the connection broke, nothing was written.
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
