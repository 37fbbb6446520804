//! The measured server: one or more nodes, on their own data.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::path::Path;

use tempfile::TempDir;

use crate::bench::Bench;
use crate::node::Node;
use crate::postgres::{Database, Size};
use crate::process::MemoryWatch;
use crate::report::Row;
use crate::setup::Client;
use crate::store::Store;
use crate::{Outcome, process};

/// Running nodes. Dropping them kills the processes and removes their folders.
pub struct Server {
    nodes: Vec<Node>,
    folders: Vec<TempDir>,
    /// The database, and its size before the first event; `None` if the data is in the folder.
    database: Option<(Database, Size)>,
}

impl Server {
    /// Starts a build on an empty store.
    pub async fn start(binary: &Path, bench: &Bench) -> Outcome<Self> {
        Self::start_nodes(binary, bench, 1).await
    }

    /// Starts this many nodes of a build on one empty store. Only a database supports more than one.
    pub async fn start_nodes(binary: &Path, bench: &Bench, count: usize) -> Outcome<Self> {
        Self::start_with(binary, bench, count, &[]).await
    }

    /// The same with these flags besides the usual ones.
    pub async fn start_with(binary: &Path, bench: &Bench, count: usize, flags: &[OsString]) -> Outcome<Self> {
        let database = match &bench.store {
            Store::Sqlite => None,
            Store::Postgres(postgres) => Some(postgres.database().await?),
        };
        let of_args = bench.args.serve_flags.split_ascii_whitespace().map(OsStr::new);
        let flags = flags.iter().map(OsString::as_os_str).chain(of_args);
        let (mut nodes, mut folders) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let folder = tempfile::Builder::new().prefix("postrider-bench-").tempdir()?;
            let url = database.as_ref().map(Database::url);
            let data = match &url {
                Some(url) => [OsStr::new("--database-url"), OsStr::new(url)],
                None => [OsStr::new("--data-dir"), folder.path().as_os_str()],
            };
            nodes.push(Node::start(
                binary,
                &folder,
                data.into_iter().chain(flags.clone()),
            )?);
            folders.push(folder);
        }
        let database = match database {
            Some(database) => {
                let empty = database.size().await?;
                Some((database, empty))
            }
            None => None,
        };
        Ok(Self {
            nodes,
            folders,
            database,
        })
    }

    /// The address of the first node.
    pub fn address(&self) -> SocketAddr {
        self.nodes[0].address()
    }

    /// The addresses of all nodes.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(Node::address).collect()
    }

    pub fn client(&self) -> Client {
        Client::new(self.address())
    }

    fn node_pids(&self) -> Vec<u32> {
        self.nodes.iter().map(Node::pid).collect()
    }

    fn postgres_pid(&self) -> Option<u32> {
        Some(self.database.as_ref()?.0.postgres().pid())
    }

    /// Processor time used so far.
    pub fn cpu(&self) -> Outcome<Cpu> {
        let nodes = self.node_pids().into_iter().map(process::cpu_us);
        Ok(Cpu {
            nodes_us: nodes.sum::<Outcome<u64>>()?,
            postgres_us: self.postgres_pid().map(process::family_cpu_us).transpose()?,
        })
    }

    /// Starts to watch memory.
    pub fn watch_memory(&self) -> Memory {
        let pids = self.node_pids();
        let postgres = self.postgres_pid();
        Memory {
            nodes: MemoryWatch::start(move || pids.iter().copied().map(process::anonymous_bytes).sum()),
            postgres: postgres.map(|pid| MemoryWatch::start(move || process::family_anonymous_bytes(pid))),
        }
    }

    /// Kills the server and removes its data, for a measurement that leaves work behind.
    pub async fn discard(self) -> Outcome<()> {
        drop(self.nodes);
        match self.database {
            Some((database, _)) => database.remove().await,
            None => Ok(()),
        }
    }

    /// Stops the server in order and removes its data. Returns the space that the data took.
    pub async fn stop(self) -> Outcome<Taken> {
        for node in self.nodes {
            node.stop()?;
        }
        let Some((database, empty)) = self.database else {
            return Ok(Taken {
                disk_bytes: process::folder_bytes(self.folders[0].path())? as f64,
                wal_bytes: None,
            });
        };
        let size = database.size().await?;
        database.remove().await?;
        Ok(Taken {
            disk_bytes: (size.disk_bytes - empty.disk_bytes) as f64,
            wal_bytes: Some((size.wal_bytes - empty.wal_bytes) as f64),
        })
    }
}

/// The space that a server took from start to stop.
pub struct Taken {
    disk_bytes: f64,
    wal_bytes: Option<f64>,
}

impl Taken {
    /// Adds the space per event to a row.
    pub fn by(self, events: f64, row: Row) -> Row {
        let row = row.with("disk_bytes_per_event", self.disk_bytes / events);
        match self.wal_bytes {
            Some(bytes) => row.with("wal_bytes_per_event", bytes / events),
            None => row,
        }
    }
}

/// Processor time, in microseconds.
#[derive(Clone, Copy)]
pub struct Cpu {
    nodes_us: u64,
    /// Processor time of all processes of PostgreSQL.
    postgres_us: Option<u64>,
}

impl Cpu {
    /// Adds the processor time per event since `before` to a row.
    pub fn since(self, before: Self, events: f64, row: Row) -> Row {
        let per_event = |after: u64, before: u64| after.saturating_sub(before) as f64 / events;
        let nodes_us = per_event(self.nodes_us, before.nodes_us);
        let (Some(after), Some(before)) = (self.postgres_us, before.postgres_us) else {
            return row.with("cpu_us_per_event", nodes_us);
        };
        let postgres_us = per_event(after, before);
        row.with("cpu_us_per_event", nodes_us + postgres_us)
            .with("nodes_cpu_us_per_event", nodes_us)
            .with("postgres_cpu_us_per_event", postgres_us)
    }
}

/// Memory that is being watched.
pub struct Memory {
    nodes: MemoryWatch,
    postgres: Option<MemoryWatch>,
}

impl Memory {
    /// Adds the peaks to a row.
    pub fn peak(self, row: Row) -> Outcome<Row> {
        let row = row.with("anonymous_mib", self.nodes.peak_mib()?);
        Ok(match self.postgres {
            Some(watch) => row.with("postgres_anonymous_mib", watch.peak_mib()?),
            None => row,
        })
    }
}
