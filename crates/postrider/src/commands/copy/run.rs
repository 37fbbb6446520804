//! The copy itself: a thread reads the next batches while the current one is written.

use std::path::Path;

use postrider_storage::sealing::KeyId;
use postrider_storage::transfer::{Batch, Counts, Overview};
use postrider_storage_postgres::{Begun, ImportError, PostgresImport, PostgresOptions};
use postrider_storage_sqlite::{Export, ExportError};
use tokio::sync::mpsc;

use super::source;
use postrider_cli::Failure;
use postrider_cli::display::progress::{Progress, grouped};

/// Batches that are read ahead, so that the next one is ready when the previous one is written. A batch has
/// at most a few MiB.
const BATCHES_AHEAD: usize = 2;

/// Copies a folder into a database. Returns the report, and the master keys that the secrets need.
pub(super) async fn copy(folder: &Path, options: &PostgresOptions) -> Result<(String, Vec<KeyId>), Failure> {
    let export = source::open(folder)?;
    let source_name = source_name(folder);
    eprintln!("reading {source_name}");
    let (export, overview) = blocking(export, Export::overview).await?;
    let begun = PostgresImport::begin(options, &source_name, &overview).await;
    let mut import = match begun.map_err(refused)? {
        Begun::Ready(import) => import,
        Begun::Finished { at } => {
            let (_export, keys) = blocking(export, Export::master_keys).await?;
            return Ok((format!("{source_name} was already copied at {at}."), keys));
        }
    };
    import.make_days(&overview).await.map_err(stopped)?;
    let export = copy_rows(export, &mut import, &overview).await?;
    eprintln!("counting rows on both sides");
    let (export, counts) = blocking(export, Export::counts).await?;
    let (_export, keys) = blocking(export, Export::master_keys).await?;
    import.finish(&overview, counts).await.map_err(stopped)?;
    Ok((report(&source_name, counts), keys))
}

/// The folder's absolute path, under which the database remembers the source.
fn source_name(folder: &Path) -> String {
    let whole = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    format!("sqlite:{}", whole.display())
}

/// Reads from the source on a thread for blocking work.
async fn blocking<T: Send + 'static>(
    export: Export,
    read: fn(&Export) -> Result<T, ExportError>,
) -> Result<(Export, T), Failure> {
    let reading = tokio::task::spawn_blocking(move || {
        let read = read(&export);
        (export, read)
    });
    let (export, read) = reading
        .await
        .map_err(|error| Failure::Failed(error.to_string()))?;
    Ok((export, read.map_err(|error| Failure::Failed(error.to_string()))?))
}

/// Copies everything after the place that the database has reached.
async fn copy_rows(
    export: Export,
    import: &mut PostgresImport,
    overview: &Overview,
) -> Result<Export, Failure> {
    let (batches, mut read) = mpsc::channel(BATCHES_AHEAD);
    let from = import.place();
    let reader = tokio::task::spawn_blocking(move || {
        let mut place = from;
        loop {
            let batch = match export.next(place) {
                Ok(Some(batch)) => batch,
                Ok(None) => return Ok(export),
                Err(error) => return Err(Failure::Failed(error.to_string())),
            };
            place = batch.through;
            if batches.blocking_send(batch).is_err() {
                // The writer has failed; it returns its error.
                return Ok(export);
            }
        }
    });
    let mut progress = Progress::begin("events", overview.events, import.events());
    let written = write(&mut read, import, &mut progress).await;
    progress.end();
    drop(read);
    written?;
    reader.await.map_err(|error| Failure::Failed(error.to_string()))?
}

async fn write(
    read: &mut mpsc::Receiver<Batch>,
    import: &mut PostgresImport,
    progress: &mut Progress,
) -> Result<(), Failure> {
    while let Some(batch) = read.recv().await {
        import.write(&batch).await.map_err(stopped)?;
        progress.advance(batch.events());
    }
    Ok(())
}

/// The copy did not begin.
fn refused(error: ImportError) -> Failure {
    match error {
        ImportError::Options(error) => Failure::Usage(error.to_string()),
        error => Failure::Failed(error.to_string()),
    }
}

/// The copy was interrupted.
fn stopped(error: ImportError) -> Failure {
    match error {
        ImportError::Store(error) => Failure::Failed(format!(
            "{error}. To continue from here, run the same command again"
        )),
        error => refused(error),
    }
}

fn report(source_name: &str, counts: Counts) -> String {
    let mut text = format!("Copied {source_name}. Both sides have:\n");
    for (table, count) in Counts::TABLES.into_iter().zip(counts.to_array()) {
        text.push_str(&format!(
            "  {:>12}  {}\n",
            grouped(count),
            table.replace('_', " ")
        ));
    }
    text.truncate(text.trim_end().len());
    text
}
