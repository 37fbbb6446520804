//! Writing many rows of one table, in PostgreSQL's binary form of `COPY`: nothing is parsed, and no row is
//! held in memory twice.

use std::pin::Pin;

use deadpool_postgres::Transaction;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use crate::sql_error::SqlResult;
use crate::statement::Params;

/// Receives the rows of a table.
pub(super) struct TableWriter {
    // The sink must not move once rows are written.
    inner: Pin<Box<BinaryCopyInWriter>>,
}

impl TableWriter {
    /// Begins. The columns and their types are in the order in which [`Self::add`] expects the values.
    pub(super) async fn begin(
        transaction: &Transaction<'_>,
        table: &str,
        columns: &[(&str, Type)],
    ) -> SqlResult<Self> {
        let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
        let types: Vec<_> = columns.iter().map(|(_, of)| of.clone()).collect();
        let sql = format!("COPY {table} ({}) FROM STDIN BINARY", names.join(", "));
        let statement = transaction.prepare_cached(&sql).await?;
        let sink = transaction.copy_in(&statement).await?;
        Ok(Self {
            inner: Box::pin(BinaryCopyInWriter::new(sink, &types)),
        })
    }

    /// Adds a row.
    pub(super) async fn add(&mut self, values: &Params<'_>) -> SqlResult<()> {
        Ok(self.inner.as_mut().write(values).await?)
    }

    /// Ends the `COPY`. Without this call, it has no effect.
    pub(super) async fn finish(mut self) -> SqlResult<()> {
        self.inner.as_mut().finish().await?;
        Ok(())
    }
}
