//! A database for one test, in the server that `scripts/with-postgres` started.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use postrider_model::{AccountId, IdGenerator};
use postrider_storage::rows::ConnectionRow;
use postrider_storage::sealing::known_sealer;
use postrider_storage_postgres::{OpenError, PostgresOptions, PostgresStore};
use postrider_storage_testkit::connections::new_connection;
use tokio_postgres::{Client, Config, NoTls};

/// The environment variable with the server's URL.
const SERVER: &str = "POSTRIDER_TEST_DATABASE_URL";

/// The advisory lock for building the template. Any number will do: only tests use locks on that server.
const TEMPLATE_LOCK: i64 = 1;

/// The row of a connection of this account.
pub fn connection_of(account: [u8; 16]) -> ConnectionRow {
    let connection = new_connection(&IdGenerator::new(1), 1);
    ConnectionRow::of(&connection, AccountId::from_bytes(account), &known_sealer())
}

/// A database that disappears with the server.
pub struct TestDatabase {
    config: Config,
    name: String,
}

impl TestDatabase {
    /// A database with the newest schema and without rows: a copy of a template that was migrated once for
    /// all tests.
    pub async fn create() -> Self {
        let config = server();
        let template = template(&config).await;
        Self::copy_of(config, &template).await
    }

    /// A database without tables, for tests of migrations.
    pub async fn empty() -> Self {
        Self::copy_of(server(), "template0").await
    }

    async fn copy_of(config: Config, template: &str) -> Self {
        static CREATED: AtomicU32 = AtomicU32::new(0);
        let created = CREATED.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{created}", std::process::id());
        let client = connect(&config).await;
        create(&client, &name, template).await;
        Self { config, name }
    }

    /// Options for a store on this database.
    pub fn options(&self) -> PostgresOptions {
        self.options_at(self.port())
    }

    /// Opens a store on this database.
    pub async fn open(&self) -> Result<PostgresStore, OpenError> {
        PostgresStore::open(self.options(), known_sealer()).await
    }

    /// The port of its server.
    pub fn port(&self) -> u16 {
        self.config.get_ports()[0]
    }

    /// Options for a store that connects through this port.
    pub fn options_at(&self, port: u16) -> PostgresOptions {
        options(&self.config, port, &self.name)
    }

    /// A lease that lasts beyond now if it counts from the server's start, as after an outage.
    pub async fn longer_than_the_server_runs(&self) -> Duration {
        let sql = "SELECT extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())::bigint";
        let row = self.client().await.query_one(sql, &[]).await;
        let seconds: i64 = row.expect("the server's age").get(0);
        Duration::from_secs(seconds.unsigned_abs() + 3600)
    }

    /// Its URL for a role that needs no password.
    pub fn url_as(&self, role: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{}", self.port(), self.name)
    }

    /// A plain connection to it.
    pub async fn client(&self) -> Client {
        let mut config = self.config.clone();
        config.dbname(&self.name);
        connect(&config).await
    }
}

fn server() -> Config {
    let url = std::env::var(SERVER).unwrap_or_else(|_| {
        panic!("{SERVER} is not set: run this as `scripts/with-postgres cargo nextest run …`")
    });
    url.parse().expect("a database URL")
}

fn options(config: &Config, port: u16, database: &str) -> PostgresOptions {
    let user = config.get_user().expect("a user");
    PostgresOptions::new(format!("postgres://{user}@127.0.0.1:{port}/{database}"))
}

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

async fn create(client: &Client, name: &str, template: &str) {
    let create = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy");
    client.batch_execute(&create).await.expect("a new database");
}

/// The name of the template database. The first test that asks builds it; the others wait.
async fn template(config: &Config) -> String {
    let name = template_name();
    let client = connect(config).await;
    let lock = format!("SELECT pg_advisory_lock({TEMPLATE_LOCK})");
    client.batch_execute(&lock).await.expect("a lock");
    let found = client
        .query_opt("SELECT FROM pg_database WHERE datname = $1", &[&name])
        .await;
    if found.expect("a list of databases").is_none() {
        build_template(&client, config, &name).await;
    }
    // The lock is released when the connection ends.
    name
}

/// A new name for each build of the tests, because a server may outlive a change of the migrations.
fn template_name() -> String {
    let binary = std::env::current_exe().and_then(|path| path.metadata());
    let built_at = binary
        .and_then(|metadata| metadata.modified())
        .expect("the time of the build");
    let since = built_at.duration_since(SystemTime::UNIX_EPOCH);
    format!("template_{}", since.expect("a time after 1970").as_nanos())
}

/// Renames the template only once it is complete, so that a test that is killed meanwhile leaves no
/// incomplete one.
async fn build_template(client: &Client, config: &Config, name: &str) {
    let unfinished = format!("unfinished_{}", std::process::id());
    create(client, &unfinished, "template0").await;
    let options = options(config, config.get_ports()[0], &unfinished);
    // Opening it also creates the partitions of the coming days.
    drop(
        PostgresStore::open(options, known_sealer())
            .await
            .expect("the schema"),
    );
    let close = format!("ALTER DATABASE {unfinished} ALLOW_CONNECTIONS false");
    client.batch_execute(&close).await.expect("a closed database");
    // The server waits some seconds for the store's connections to end.
    let rename = format!("ALTER DATABASE {unfinished} RENAME TO {name}");
    client.batch_execute(&rename).await.expect("the template's name");
}
