//! The store of the measured servers.

use std::sync::Arc;

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::Outcome;
use crate::postgres::{self, Postgres};

/// Which kind of store is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StoreKind {
    /// A data folder for each server.
    Sqlite,
    /// A PostgreSQL that the benchmark starts, with a database for each server.
    Postgres,
}

/// The store on which the servers keep their data.
pub enum Store {
    /// A folder for each server.
    Sqlite,
    /// A database for each server.
    Postgres(Arc<Postgres>),
}

impl Store {
    pub async fn start(kind: StoreKind) -> Outcome<Self> {
        Ok(match kind {
            StoreKind::Sqlite => Self::Sqlite,
            StoreKind::Postgres => Self::Postgres(Postgres::start().await?),
        })
    }

    /// A description for people, if there is something to say.
    pub fn notes(&self) -> Option<String> {
        let Self::Postgres(postgres) = self else {
            return None;
        };
        let settings: Vec<String> = postgres::SETTINGS
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        Some(format!(
            "PostgreSQL {} on the same machine, with {}. CPU is that of the node (of both, where there are two) and of \
             all of PostgreSQL's processes. Disk is the database's growth after a checkpoint: tables, indexes, dead rows \
             and free space in them; not the write-ahead log, which is counted by itself.",
            postgres.version(),
            settings.join(", ")
        ))
    }

    /// A description for programs.
    pub fn json(&self) -> Value {
        match self {
            Self::Sqlite => json!({"name": "sqlite"}),
            Self::Postgres(postgres) => {
                let settings = postgres::SETTINGS.into_iter();
                let settings: serde_json::Map<String, Value> = settings
                    .map(|(name, value)| (name.to_owned(), value.into()))
                    .collect();
                json!({"name": "postgres", "version": postgres.version(), "settings": settings})
            }
        }
    }
}
