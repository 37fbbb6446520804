//! Nodes that start at the same moment.

use postrider_tests::server::LOOPBACK_ALLOWED;
use postrider_tests::{Account, Postgres, Server};

/// How often it is tried: what goes wrong here depends on the moment.
const TIMES: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_starting_on_an_empty_database_make_one_admin_key() {
    let postgres = Postgres::start();
    for time in 0..TIMES {
        let database = format!("empty_{time}");
        postgres.sql(&format!("CREATE DATABASE {database}"));
        let mut nodes = [(); 2].map(|()| Server::stopped_on_database(postgres.url(&database)));
        start_at_once(&mut nodes);
        let keys: Vec<String> = nodes.iter().flat_map(printed_keys).collect();
        assert_eq!(keys.len(), 1, "{keys:?}");
        for node in &nodes {
            Account::create(node.api().with_key(Some(&keys[0]))).await;
        }
        // Whoever comes later has nothing to show.
        nodes[0].kill();
        nodes[0].start_again();
        assert_eq!(nodes.iter().flat_map(printed_keys).count(), 1);
        Account::create(nodes[0].api().with_key(Some(&keys[0]))).await;
    }
}

fn start_at_once(nodes: &mut [Server]) {
    std::thread::scope(|scope| {
        for node in nodes {
            scope.spawn(|| {
                node.withhold_admin_key();
                node.start_again_with(&LOOPBACK_ALLOWED);
            });
        }
    });
}

/// The keys that a server showed so far.
fn printed_keys(server: &Server) -> Vec<String> {
    let lines = server.log().lines();
    let keys = lines
        .iter()
        .map(|line| line.trim())
        .filter(|line| line.starts_with("prk_"));
    keys.map(str::to_owned).collect()
}
