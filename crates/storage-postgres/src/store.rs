//! [`PostgresStore`]: the connection pool, and what this node remembers between verbs.

use parking_lot::Mutex;
use postrider_storage::sealing::MissingKeys;
use postrider_storage::{Sealer, StoreError, StoreResult};

use crate::changes::Told;
use crate::connect::{self, OptionsError};
use crate::copies::{self, UnfinishedCopy};
use crate::database::Database;
use crate::day_tables::DayTables;
use crate::events::seq::Seqs;
use crate::in_doubt::InDoubt;
use crate::listener::Listener;
use crate::options::PostgresOptions;
use crate::partitions;
use crate::retention;
use crate::schema::{self, MigrationReport};
use crate::secrets;
use crate::suitability::{self, Unsuitable};

/// Why a store could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The options cannot be used.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The database could not be reached, or returned an error.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store does not work in this database.
    #[error(transparent)]
    Unsuitable(#[from] Unsuitable),
    /// The database contains only a part of an unfinished copy.
    #[error(transparent)]
    Unfinished(#[from] UnfinishedCopy),
    /// A master key that sealed secrets of the database was not given.
    #[error(transparent)]
    MissingKeys(#[from] MissingKeys),
}

/// The store in a PostgreSQL database that any number of nodes share.
pub struct PostgresStore {
    pub(crate) database: Database,
    pub(crate) sealer: Sealer,
    pub(crate) seqs: Seqs,
    pub(crate) day_tables: DayTables,
    pub(crate) in_doubt: InDoubt,
    pub(crate) listener: Listener,
    pub(crate) told: Mutex<Told>,
    pub(crate) retention: retention::Progress,
}

impl PostgresStore {
    /// Connects, migrates the schema to the newest version, and creates the partitions of the coming days.
    /// `sealer` seals and opens the secrets.
    ///
    /// # Errors An error in the options, [`OpenError::MissingKeys`] without the database's master key, or
    /// the database's error.
    pub async fn open(options: PostgresOptions, sealer: Sealer) -> Result<Self, OpenError> {
        let store = Self::connect(&options, sealer)?;
        check(&store.database).await?;
        store
            .database
            .run(|| suitability::warn_of_risks(&store.database))
            .await?;
        migrate(&store.database).await?;
        let unfinished = store
            .database
            .run(async || copies::unfinished(&store.database.client().await?).await);
        if let Some(copy) = unfinished.await? {
            return Err(copy.into());
        }
        let missing = store.database.run(async || secrets::missing(&store).await);
        if let Some(missing) = missing.await? {
            return Err(missing.into());
        }
        store
            .database
            .run(|| partitions::make_coming(&store.database))
            .await?;
        Ok(store)
    }

    /// Migrates the schema to the newest version.
    ///
    /// # Errors
    /// An error in the options, or the database's error.
    pub async fn migrate_only(options: PostgresOptions) -> Result<MigrationReport, OpenError> {
        let database = Database::new(&options)?;
        check(&database).await?;
        Ok(migrate(&database).await?)
    }

    /// The version of the database's schema; 0 for an empty database.
    ///
    /// # Errors
    /// An error in the options, or the database's error.
    pub async fn schema_version(options: PostgresOptions) -> Result<u32, OpenError> {
        let database = Database::new(&options)?;
        Ok(database.run(|| schema::current_version(&database)).await?)
    }

    fn connect(options: &PostgresOptions, sealer: Sealer) -> Result<Self, OpenError> {
        Ok(Self {
            database: Database::new(options)?,
            sealer,
            seqs: Seqs::new(),
            day_tables: DayTables::new(),
            in_doubt: InDoubt::new(),
            told: Mutex::default(),
            listener: {
                let target = connect::target(options)?;
                Listener::start(target.config, target.tls)
            },
            retention: retention::Progress::new(),
        })
    }
}

/// Checks that the store can work in the database.
async fn check(database: &Database) -> Result<(), OpenError> {
    let unsuitable = database.run(|| suitability::unsuitable(database));
    unsuitable
        .await?
        .map_or(Ok(()), |unsuitable| Err(unsuitable.into()))
}

/// Has no time limit: it may wait for another node that migrates, or for tables in use.
async fn migrate(database: &Database) -> StoreResult<MigrationReport> {
    let migrated = schema::migrate(database).await;
    migrated.map_err(|error| error.explained(database.server()))
}
