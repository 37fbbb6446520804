//! A database for one test, in the server that `scripts/with-postgres` started.

use std::sync::atomic::{AtomicU32, Ordering};

use postrider_storage_postgres::PostgresOptions;
use tokio_postgres::{Client, Config, NoTls};

/// The variable that names the server.
const SERVER: &str = "POSTRIDER_TEST_DATABASE_URL";

/// An empty database that goes with the server.
pub struct TestDatabase {
    config: Config,
    name: String,
}

impl TestDatabase {
    /// Makes one.
    pub async fn create() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let url = std::env::var(SERVER).unwrap_or_else(|_| {
            panic!("{SERVER} is not set: run this as `scripts/with-postgres cargo nextest run …`")
        });
        let config: Config = url.parse().expect("a database URL");
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{made}", std::process::id());
        let client = connect(&config).await;
        let create = format!("CREATE DATABASE {name} STRATEGY file_copy");
        client.batch_execute(&create).await.expect("a new database");
        Self { config, name }
    }

    /// How a store reaches it.
    pub fn options(&self) -> PostgresOptions {
        self.options_at(self.port())
    }

    /// The port of its server.
    pub fn port(&self) -> u16 {
        self.config.get_ports()[0]
    }

    /// How a store reaches it by way of this port.
    pub fn options_at(&self, port: u16) -> PostgresOptions {
        let user = self.config.get_user().expect("a user");
        PostgresOptions::new(format!("postgres://{user}@127.0.0.1:{port}/{}", self.name))
    }

    /// A plain connection to it.
    pub async fn client(&self) -> Client {
        let mut config = self.config.clone();
        config.dbname(&self.name);
        connect(&config).await
    }
}

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}
