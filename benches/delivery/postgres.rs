//! A PostgreSQL server of the benchmark's own: in a new folder, on a free loopback port, as durable as in
//! production. Dropping it ends the server and removes the folder.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

use crate::Outcome;

/// Settings that differ from the server's defaults or belong in a report. Commits are durable.
pub const SETTINGS: [(&str, &str); 8] = [
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "on"),
    ("wal_compression", "off"),
    ("shared_buffers", "512MB"),
    ("max_wal_size", "4GB"),
    ("max_connections", "40"),
    ("autovacuum", "on"),
];

/// The owner of everything in the server. Nobody else can connect to it, so it has no password.
const USER: &str = "postrider";

/// How long the server may take to accept connections.
const START_MAX: Duration = Duration::from_secs(30);

/// How long the server may take to stop in order before it is stopped at once.
const STOP_MAX: Duration = Duration::from_secs(20);

/// A running server.
pub struct Postgres {
    process: Child,
    port: u16,
    version: String,
    databases: AtomicU32,
    /// Removed after the process has ended.
    folder: TempDir,
}

impl Postgres {
    /// Creates a cluster of databases and starts a server on it. `TMPDIR` determines the disk.
    pub async fn start() -> Outcome<Arc<Self>> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("postrider-bench-pg-").tempdir()?;
        let owner = Owner::choose()?;
        if let Some(owner) = &owner {
            std::os::unix::fs::chown(folder.path(), Some(owner.uid), Some(owner.gid))?;
        }
        init(&programs, folder.path(), owner.as_ref())?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let process = command(&programs.join("postgres"), folder.path(), owner.as_ref())
            .args(arguments(folder.path(), port))
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.path().join("postgres.log"))?)
            .spawn()?;
        let mut postgres = Self {
            process,
            port,
            version: String::new(),
            databases: AtomicU32::new(0),
            folder,
        };
        postgres.version = postgres.wait_until_ready().await?;
        Ok(Arc::new(postgres))
    }

    /// Waits until the server accepts a connection. Returns its version.
    async fn wait_until_ready(&mut self) -> Outcome<String> {
        let until = Instant::now() + START_MAX;
        loop {
            let error = match self.connect("postgres").await {
                Ok(client) => return Ok(client.query_one("SHOW server_version", &[]).await?.try_get(0)?),
                Err(error) => error,
            };
            if let Some(status) = self.process.try_wait()? {
                let log = std::fs::read_to_string(self.folder.path().join("postgres.log"))?;
                return Err(format!("PostgreSQL does not start: {status}\n{log}").into());
            }
            if Instant::now() > until {
                return Err(format!("PostgreSQL does not start within {START_MAX:?}: {error}").into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The server's version, such as `15.8 (Debian …)`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// A new, empty database.
    pub async fn database(self: &Arc<Self>) -> Outcome<Database> {
        let name = format!("measured_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let client = self.connect("postgres").await?;
        client.batch_execute(&format!("CREATE DATABASE {name}")).await?;
        Ok(Database {
            postgres: Arc::clone(self),
            name,
        })
    }

    async fn connect(&self, database: &str) -> Outcome<Client> {
        let (client, connection) = tokio_postgres::connect(&self.url(database), NoTls).await?;
        // The task ends with the client, which reports its errors.
        tokio::spawn(connection);
        Ok(client)
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // A fast shutdown, then an immediate one. Errors mean that the process has already ended.
        for signal in [Signal::INT, Signal::QUIT] {
            let _ = kill_process(Pid::from_child(&self.process), signal);
            let until = Instant::now() + STOP_MAX;
            while Instant::now() < until {
                if !matches!(self.process.try_wait(), Ok(None)) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The database of one measurement.
pub struct Database {
    postgres: Arc<Postgres>,
    name: String,
}

/// The size of a database.
#[derive(Clone, Copy)]
pub struct Size {
    /// Its tables and indexes on the disk, including dead rows and free space.
    pub disk_bytes: i64,
    /// The end of the server's write-ahead log.
    pub wal_bytes: i64,
}

impl Database {
    pub fn url(&self) -> String {
        self.postgres.url(&self.name)
    }

    /// The server of this database.
    pub fn postgres(&self) -> &Arc<Postgres> {
        &self.postgres
    }

    /// The size, once everything in memory is on the disk.
    pub async fn size(&self) -> Outcome<Size> {
        let client = self.postgres.connect(&self.name).await?;
        let wal = "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint";
        let wal_bytes = client.query_one(wal, &[]).await?.try_get(0)?;
        client.batch_execute("CHECKPOINT").await?;
        let disk = "SELECT pg_database_size(current_database())";
        Ok(Size {
            disk_bytes: client.query_one(disk, &[]).await?.try_get(0)?,
            wal_bytes,
        })
    }

    /// Removes the database, so that its leftovers are not cleaned up during the next measurement.
    pub async fn remove(self) -> Outcome<()> {
        let client = self.postgres.connect("postgres").await?;
        let sql = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        Ok(client.batch_execute(&sql).await?)
    }
}

/// The folder of the server's programs. Debian keeps each version in its own folder, outside the `PATH`.
fn programs() -> Outcome<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    let path = std::env::var_os("PATH").unwrap_or_default();
    versions
        .into_iter()
        .map(|(_, folder)| folder)
        .chain(std::env::split_paths(&path))
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
        .ok_or_else(|| {
            "PostgreSQL's server is not installed: no initdb in /usr/lib/postgresql or on the PATH".into()
        })
}

/// The user that runs the server.
struct Owner {
    uid: u32,
    gid: u32,
}

impl Owner {
    /// Chooses the server's user: `None` for the current one, or `nobody` for root, because PostgreSQL
    /// refuses to run as root.
    fn choose() -> Outcome<Option<Self>> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let accounts = std::fs::read_to_string("/etc/passwd")?;
        let nobody = accounts.lines().find_map(|line| line.strip_prefix("nobody:"));
        let mut fields = nobody.ok_or("the user nobody does not exist")?.split(':').skip(1);
        let mut number = || -> Outcome<u32> { Ok(fields.next().ok_or("an odd /etc/passwd")?.parse()?) };
        Ok(Some(Self {
            uid: number()?,
            gid: number()?,
        }))
    }
}

fn init(programs: &Path, folder: &Path, owner: Option<&Owner>) -> Outcome<()> {
    let Output {
        status,
        stdout,
        stderr,
    } = command(&programs.join("initdb"), folder, owner)
        .arg("--pgdata")
        .arg(folder.join("data"))
        .args([
            "--username",
            USER,
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
        ])
        .output()?;
    if status.success() {
        return Ok(());
    }
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    Err(format!("initdb failed: {status}\n{stdout}{stderr}").into())
}

fn arguments(folder: &Path, port: u16) -> Vec<String> {
    let mut arguments = vec![
        "-D".to_owned(),
        folder.join("data").display().to_string(),
        "-k".to_owned(),
        folder.display().to_string(),
        "-h".to_owned(),
        Ipv4Addr::LOCALHOST.to_string(),
        "-p".to_owned(),
        port.to_string(),
    ];
    for (name, value) in SETTINGS {
        arguments.extend(["-c".to_owned(), format!("{name}={value}")]);
    }
    arguments
}

/// One of the server's programs, without the user's own settings.
fn command(program: &Path, folder: &Path, owner: Option<&Owner>) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .env("LC_ALL", "C");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
    if let Some(owner) = owner {
        command.uid(owner.uid).gid(owner.gid);
    }
    command
}
