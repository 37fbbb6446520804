//! Nodes on one PostgreSQL, each with its own network to the database.

use std::time::Duration;

use crate::client::Api;
use crate::postgres::{self, Postgres};
use crate::proxy::Proxy;
use crate::server::{LOOPBACK_ALLOWED, Server};

/// The shortest possible lease of a session, for tests that wait until it ends.
pub const SHORT_LEASE: Duration = Duration::from_secs(5);

/// The default lease of a session.
pub const DEFAULT_LEASE: Duration = Duration::from_secs(30);

/// How long after the end of a lease the other nodes have certainly taken over: they check every second.
const TAKEOVER_MAX: Duration = Duration::from_secs(3);

/// The beginning of a node's name. A letter follows: nodes are named from A.
const NAME: &str = "Node-";

/// One node.
#[derive(Debug)]
pub struct Node {
    /// The process.
    pub server: Server,
    /// The node's network to the database.
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

    /// Running nodes on this database.
    pub async fn start_on(postgres: Postgres, count: usize) -> Self {
        Self::start_with(postgres, count, DEFAULT_LEASE).await
    }

    /// Running nodes on this database, with leases of this length.
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

    /// The current API of each node.
    pub fn apis(&self) -> Vec<Api> {
        self.nodes.iter().map(Node::api).collect()
    }
}

impl Node {
    /// Starts the node (again), on a new free port. It sends under its own name, so that receivers know the
    /// sender.
    pub fn start(&mut self) {
        let mut flags = LOOPBACK_ALLOWED.to_vec();
        let lease = format!("{}s", self.lease.as_secs());
        flags.extend(["--header-prefix", &self.name, "--session-lease", &lease]);
        self.server.start_again_with(&flags);
    }

    /// A client of the node. A restart requires a new one.
    pub fn api(&self) -> Api {
        self.server.api()
    }

    /// How long after the node's last sign of life others have certainly taken over its deliveries.
    pub fn taken_over_within(&self) -> Duration {
        self.lease + TAKEOVER_MAX
    }

    /// The node that sent a request with this `user-agent`, by its index.
    pub fn of_user_agent(user_agent: &str) -> Option<usize> {
        let letter = user_agent.strip_prefix(NAME)?.chars().next()?;
        ('A'..='Z').position(|name| name == letter)
    }
}
