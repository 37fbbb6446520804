//! Nodes on one PostgreSQL, each with a network of its own between it and the database.

use std::time::Duration;

use crate::client::Api;
use crate::postgres::{self, Postgres};
use crate::proxy::Proxy;
use crate::server::{LOOPBACK_ALLOWED, Server};

/// The shortest lease that a session can have: for tests that wait until it is over.
pub const SHORT_LEASE: Duration = Duration::from_secs(5);

/// The lease of a session where none is set.
pub const DEFAULT_LEASE: Duration = Duration::from_secs(30);

/// How long after the end of a lease others have surely taken over: they look every second.
const TAKEOVER_MAX: Duration = Duration::from_secs(3);

/// What names of nodes begin with. A letter follows: nodes are numbered from A.
const NAME: &str = "Node-";

/// One node.
#[derive(Debug)]
pub struct Node {
    /// The process.
    pub server: Server,
    /// Its way to the database.
    pub proxy: Proxy,
    name: String,
    lease: Duration,
}

/// Nodes and their database.
#[derive(Debug)]
pub struct Cluster {
    /// The nodes, in the order of their names.
    pub nodes: Vec<Node>,
    /// The database.
    pub postgres: Postgres,
}

impl Cluster {
    /// Running nodes on a new database.
    pub async fn start(count: usize) -> Self {
        Self::start_on(Postgres::start(), count).await
    }

    /// The same on this one.
    pub async fn start_on(postgres: Postgres, count: usize) -> Self {
        Self::start_with(postgres, count, DEFAULT_LEASE).await
    }

    /// The same, with leases of this length.
    pub async fn start_with(postgres: Postgres, count: usize, lease: Duration) -> Self {
        let mut nodes = Vec::with_capacity(count);
        for letter in ('A'..='Z').take(count) {
            let proxy = Proxy::start(postgres.address()).await;
            let server = Server::stopped_on_database(postgres::url(proxy.address(), "postgres"));
            let mut node = Node {
                server,
                proxy,
                name: format!("{NAME}{letter}"),
                lease,
            };
            node.start();
            nodes.push(node);
        }
        Self { nodes, postgres }
    }

    /// The API of each node as it is now.
    pub fn apis(&self) -> Vec<Api> {
        self.nodes.iter().map(Node::api).collect()
    }
}

impl Node {
    /// Starts it (again), on a new free port. It sends under its own name, so that receivers can tell who
    /// called.
    pub fn start(&mut self) {
        let mut flags = LOOPBACK_ALLOWED.to_vec();
        let lease = format!("{}s", self.lease.as_secs());
        flags.extend(["--header-prefix", &self.name, "--session-lease", &lease]);
        self.server.start_again_with(&flags);
    }

    /// A client of it. After a restart another one is needed.
    pub fn api(&self) -> Api {
        self.server.api()
    }

    /// How long after its last sign of life others have surely taken over what it owned.
    pub fn taken_over_within(&self) -> Duration {
        self.lease + TAKEOVER_MAX
    }

    /// The one that sent a request with this `user-agent`: its place among the nodes.
    pub fn of_user_agent(user_agent: &str) -> Option<usize> {
        let letter = user_agent.strip_prefix(NAME)?.chars().next()?;
        ('A'..='Z').position(|name| name == letter)
    }
}
