//! `postrider listen` against a cluster.

use std::net::SocketAddr;

use postrider_tests::command::Running;
use postrider_tests::{Account, Cluster, Node, Receiver, wait};
use rustix::process::Signal;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

/// Events that are reported to each node.
const EVENTS: usize = 5;

/// A load balancer that gives each connection to the next node.
async fn balancer(nodes: Vec<SocketAddr>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for node in nodes.into_iter().cycle() {
            let (mut client, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut server = TcpStream::connect(node).await.unwrap();
                // An end with an error is an end.
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_behind_a_load_balancer_listens_at_every_node() {
    let cluster = Cluster::start(3).await;
    let account = Account::create(cluster.nodes[0].api()).await;
    let receiver = Receiver::start().await;
    let nodes = cluster.nodes.iter().map(|node| node.server.address()).collect();
    let url = format!("http://{}", balancer(nodes).await);
    let line = ["listen", &account.id, "--forward-to", &receiver.url("/local")];
    let listener = Running::start(&url, &line);
    tokio::task::block_in_place(|| listener.wait_for("Connected to 3 of 3 nodes", wait::SOON));
    tokio::task::block_in_place(|| listener.wait_for("Ready.", wait::SOON));
    let mut events = Vec::new();
    for node in &cluster.nodes {
        let there = account.through(node.api());
        for _ in 0..EVENTS {
            events.push(there.send("a", "1").await);
        }
    }
    let received = receiver.wait_for("/local", events.len(), wait::SOON).await;
    let mut senders: Vec<_> = received
        .iter()
        .filter_map(|request| Node::of_user_agent(request.header("user-agent")))
        .collect();
    senders.sort_unstable();
    senders.dedup();
    assert_eq!(senders, [0, 1, 2], "each node's requests arrive");
    for event in &events {
        account.wait_for_delivery(event, "succeeded").await;
    }
    let (status, log) = tokio::task::block_in_place(|| listener.stop(Signal::INT));
    let summary = format!("{0} requests, {0} succeeded", events.len());
    assert!(
        status.success() && log.lines().join("\n").contains(&summary),
        "{:#?}",
        log.lines()
    );
}

mod deep {
    use std::time::Duration;

    use postrider_tests::account::id_of;
    use serde_json::json;
    use tokio::sync::watch;

    use super::*;

    /// 15 s until the node writes to the client that it has lost, a minute in which the client may come back,
    /// 15 s until the stream of the other node looks, and time to spare.
    const OBJECTED: Duration = Duration::from_secs(120);

    /// How often to look meanwhile: each look is a line in a log.
    const LOOK_EVERY: Duration = Duration::from_secs(1);

    /// A load balancer that takes turns until the first node is lost, and then gives every connection to the
    /// second.
    async fn losing(nodes: [SocketAddr; 2], is_lost: watch::Receiver<bool>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            for turn in 0.. {
                let (mut client, _) = listener.accept().await.unwrap();
                let mut is_lost = is_lost.clone();
                let at = if *is_lost.borrow() { 1 } else { turn % 2 };
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(nodes[at]).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut server) => {}
                        // A reset, which the node sees when it writes.
                        _ = is_lost.wait_for(|is_lost| *is_lost && at == 0) => server.set_zero_linger().unwrap(),
                    }
                });
            }
        });
        address
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_node_that_a_client_has_lost_does_not_delete_what_it_listens_to_at_another() {
        let cluster = Cluster::start(2).await;
        let account = Account::create(cluster.nodes[0].api()).await;
        let receiver = Receiver::start().await;
        let (lose, is_lost) = watch::channel(false);
        let nodes = [0, 1].map(|node: usize| cluster.nodes[node].server.address());
        let url = format!("http://{}", losing(nodes, is_lost).await);
        let line = ["listen", &account.id, "--forward-to", &receiver.url("/local")];
        let listener = Running::start(&url, &line);
        tokio::task::block_in_place(|| listener.wait_for("Connected to 2 of 2 nodes", wait::SOON));
        let automation = id_of(&account.all("automations").await[0]);
        lose.send(true).unwrap();
        let updates = format!("/v1/audit?action=automation.updated&target={automation}");
        let updates = wait::until("a mark is set and removed", OBJECTED, async || {
            tokio::time::sleep(LOOK_EVERY).await;
            let updates = account.api.get(&updates).await.expect(200)["data"].clone();
            updates.as_array().filter(|list| list.len() == 2).cloned()
        });
        let updates = updates.await;
        assert_eq!(updates[0]["details"]["after"]["metadata"], "{}", "{updates:?}");
        let kept = account.at(&format!("/automations/{automation}"));
        assert_eq!(account.api.get(kept).await.expect(200)["metadata"], json!({}));
        let event = account.through(cluster.nodes[1].api()).send("a", "1").await;
        receiver.wait_for("/local", 1, wait::SOON).await;
        account.wait_for_delivery(&event, "succeeded").await;
        tokio::task::block_in_place(|| listener.stop(Signal::INT));
    }
}
