//! Opens the store that the settings name: a folder, or a database that nodes share.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use postrider_cli::Failure;
use postrider_storage::{Sealer, Store, StoreError};
use postrider_storage_postgres::{OpenError as PostgresError, PostgresOptions, PostgresStore};
use postrider_storage_sqlite::{DATABASE_FILE, OpenError, SqliteOptions, SqliteStore};
use rustix::process::geteuid;
use tokio::time::{Instant, sleep};

use crate::config::Settings;
use crate::config::database::DatabaseUrl;

/// How long a start waits for an unavailable database, because both often start at the same time.
const DATABASE_WAIT_MAX: Duration = Duration::from_secs(60);

/// How often the log says that a start waits for the database, if for the same reason.
const WAITING_LOGGED_EVERY: Duration = Duration::from_secs(15);

/// The pause between two attempts to connect.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

/// Opens the store. `password` is the database's password from the environment.
pub async fn open(
    settings: &Settings,
    password: Option<&str>,
    sealer: &Sealer,
) -> Result<Arc<dyn Store>, Failure> {
    match postgres_options(settings, password)? {
        Some(options) => open_postgres(options, sealer).await,
        None => open_sqlite(&settings.data_dir, sealer),
    }
}

/// How to reach the database, if the settings name one.
pub fn postgres_options(
    settings: &Settings,
    password: Option<&str>,
) -> Result<Option<PostgresOptions>, Failure> {
    let url = settings.database_url.as_ref();
    url.map(|url| database_options(url, settings, password))
        .transpose()
}

/// How to reach a database that the command line names. The settings hold its password and certificates.
pub fn database_options(
    url: &DatabaseUrl,
    settings: &Settings,
    password: Option<&str>,
) -> Result<PostgresOptions, Failure> {
    let mut options = PostgresOptions::new(url.expose());
    options.password = match &settings.database_password_file {
        Some(file) => Some(password_in(file)?),
        None => password.map(str::to_owned),
    };
    if let Some(file) = &settings.database_ca_file {
        let pem = std::fs::read(file);
        options.ca_pem = Some(pem.map_err(|error| unreadable("database_ca_file", file, &error))?);
    }
    options.connections_max = usize::try_from(settings.database_connections).unwrap_or(usize::MAX);
    Ok(options)
}

fn password_in(file: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(file);
    let text = text.map_err(|error| unreadable("database_password_file", file, &error))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn unreadable(key: &str, file: &Path, error: &io::Error) -> Failure {
    Failure::Usage(format!("{key} {}: {error}", file.display()))
}

fn open_sqlite(data_dir: &Path, sealer: &Sealer) -> Result<Arc<dyn Store>, Failure> {
    let opened = SqliteStore::open(data_dir, SqliteOptions::new(sealer.clone()));
    opened
        .map(|store| Arc::new(store) as Arc<dyn Store>)
        .map_err(|error| Failure::Failed(of_folder(data_dir, &error)))
}

/// Why a data folder cannot be used, and what to do.
pub fn of_folder(data_dir: &Path, error: &OpenError) -> String {
    let folder = data_dir.display();
    match error {
        OpenError::Io { source, .. } => {
            let advice = match source.kind() {
                io::ErrorKind::PermissionDenied => {
                    let owner = data_dir.metadata().map(|folder| folder.uid());
                    let owner = owner.map_or_else(
                        |_| String::new(),
                        |owner| format!(", and the folder belongs to user {owner}"),
                    );
                    format!(
                        ". This process is user {}{owner}: run it as the owner, or set data_dir to a folder of its own",
                        geteuid().as_raw()
                    )
                }
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    ". Free space on that disk".to_owned()
                }
                io::ErrorKind::ReadOnlyFilesystem => {
                    ". Set data_dir to a folder on a volume that can be written".to_owned()
                }
                _ => String::new(),
            };
            format!("cannot use the data folder: {error}{advice}")
        }
        OpenError::Sqlite(_) => format!(
            "{folder}/{DATABASE_FILE}: {error}. Look at the disk, or restore a backup: `postrider restore BACKUP --data-dir \
             '{folder}' --replace`"
        ),
        _ => error.to_string(),
    }
}

/// Why a database cannot be used. The store's error begins with what the caller says itself.
pub fn said(error: &PostgresError) -> String {
    match error {
        PostgresError::Store(StoreError::Unavailable(why) | StoreError::Internal(why)) => why.clone(),
        error => error.to_string(),
    }
}

async fn open_postgres(options: PostgresOptions, sealer: &Sealer) -> Result<Arc<dyn Store>, Failure> {
    let deadline = Instant::now() + DATABASE_WAIT_MAX;
    let mut logged: Option<(String, Instant)> = None;
    loop {
        match PostgresStore::open(options.clone(), sealer.clone()).await {
            Ok(store) => return Ok(Arc::new(store)),
            Err(PostgresError::Options(error)) => return Err(Failure::Usage(error.to_string())),
            Err(PostgresError::Store(StoreError::Unavailable(why))) if Instant::now() < deadline => {
                let is_known =
                    |(known, at): &(String, Instant)| *known == why && at.elapsed() < WAITING_LOGGED_EVERY;
                if !logged.as_ref().is_some_and(is_known) {
                    tracing::warn!(%why, "the database is not available yet; retrying every second");
                    logged = Some((why, Instant::now()));
                }
                sleep(DATABASE_PAUSE).await;
            }
            Err(error) => {
                return Err(Failure::Failed(format!(
                    "cannot use the database: {}",
                    said(&error)
                )));
            }
        }
    }
}
