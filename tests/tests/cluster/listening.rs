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
