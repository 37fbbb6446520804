//! Nodes that do the same thing at the same moment: they start, or accept an event with the same key.

use postrider_tests::account::id_of;
use postrider_tests::server::LOOPBACK_ALLOWED;
use postrider_tests::{Account, Cluster, Postgres, Server};

/// How often each test repeats: whether something goes wrong depends on the moment.
const TIMES: usize = 3;

/// Events that are reported to both nodes.
const EVENTS: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_starting_on_an_empty_database_create_one_admin_key() {
    let postgres = Postgres::start();
    for time in 0..TIMES {
        let database = format!("empty_{time}");
        postgres.sql(&format!("CREATE DATABASE {database}"));
        let mut nodes = [(); 2].map(|()| Server::stopped_on_database(postgres.url(&database)));
        start_at_once(&mut nodes);
        let keys: Vec<String> = nodes.iter().flat_map(created_keys).collect();
        assert_eq!(keys.len(), 1, "{keys:?}");
        for node in &nodes {
            Account::create(node.api().with_key(Some(&keys[0]))).await;
        }
        // A later start creates no key.
        nodes[0].kill();
        nodes[0].start_again();
        assert_eq!(nodes.iter().flat_map(created_keys).count(), 1);
        Account::create(nodes[0].api().with_key(Some(&keys[0]))).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_idempotency_key_on_two_nodes_at_once_creates_one_event() {
    let cluster = Cluster::start(2).await;
    let here = Account::create(cluster.nodes[0].api()).await;
    let there = here.through(cluster.nodes[1].api());
    for number in 0..EVENTS {
        let key = number.to_string();
        let (one, other) = tokio::join!(
            here.post_event_once(&key, "a", &key),
            there.post_event_once(&key, "a", &key),
        );
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 202], "{} {}", one.text(), other.text());
        assert_eq!(id_of(&one.json()), id_of(&other.json()));
        here.post_event_once(&key, "a", "\"another\"")
            .await
            .problem(409, "event_conflict");
    }
    assert_eq!(here.all("events").await.len(), EVENTS);
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

/// The keys that a server has created and left in its folder.
fn created_keys(server: &Server) -> Vec<String> {
    let entries = std::fs::read_dir(server.data_dir()).expect("the server has a folder");
    let files = entries.map(|entry| entry.expect("the folder can be read").path());
    let texts = files.filter_map(|file| std::fs::read_to_string(file).ok());
    let keys = texts.filter(|text| text.starts_with("prk_"));
    keys.map(|text| text.trim().to_owned()).collect()
}
