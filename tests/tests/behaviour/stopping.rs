//! A graceful stop: attempts in flight end or are released, and no attempt is repeated that would have ended
//! within a second.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use postrider_tests::account::{attempts_of, id_of};
use postrider_tests::{Account, Receiver, Reply, Server, binary, wait};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

#[tokio::test]
async fn a_stop_waits_for_attempts_in_flight() {
    let mut server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    receiver.respond("/hook", [Reply::status(204).after(Duration::from_secs(1))]);
    account.automation(json!({"url": receiver.url("/hook")})).await;
    let event = account.send("a", "1").await;
    receiver.wait_for("/hook", 1, wait::SOON).await;
    server.terminate();
    // The receiver runs on this thread, so the wait for the process must not block it.
    let status = tokio::task::spawn_blocking(move || (server.wait_for_exit(wait::SOON), server))
        .await
        .unwrap();
    let (status, mut server) = status;
    assert_eq!(status.code(), Some(0));
    server.start_again();
    let account = account.through(server.api());
    let delivery = account.wait_for_delivery(&event, "succeeded").await;
    assert_eq!(attempts_of(&delivery).len(), 1);
    assert!(attempts_of(&delivery)[0]["duration_ms"].as_u64().unwrap() >= 1_000);
    // The later event is delivered, and nothing was repeated before it.
    let later = account.send("a", "2").await;
    account.wait_for_delivery(&later, "succeeded").await;
    assert_eq!(receiver.count("/hook"), 2);
}

#[tokio::test]
async fn attempts_that_outlast_the_grace_period_are_retried_at_once_after_the_start() {
    let flags = ["--allow-destination", "127.0.0.0/8", "--shutdown-grace", "1s"];
    let mut server = Server::start_with(&flags);
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    receiver.respond(
        "/hook",
        [
            Reply::status(204).after(Duration::from_secs(30)),
            Reply::status(204),
        ],
    );
    account.automation(json!({"url": receiver.url("/hook")})).await;
    let event = account.send("a", "1").await;
    receiver.wait_for("/hook", 1, wait::SOON).await;
    let started = Instant::now();
    assert_eq!(server.stop().code(), Some(0));
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
    server.start_again();
    let account = account.through(server.api());
    receiver.wait_for("/hook", 2, wait::SOON).await;
    account.wait_for_delivery(&event, "succeeded").await;
}

#[tokio::test]
async fn an_idle_server_stops_at_once_even_with_idle_connections_open() {
    let mut server = Server::start();
    Account::create(server.api()).await;
    let idle = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    let started = Instant::now();
    assert_eq!(server.stop().code(), Some(0));
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
    drop(idle);
}

#[tokio::test]
async fn a_pending_retry_survives_a_stop_and_comes_when_due() {
    let mut server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    receiver.respond("/hook", [Reply::status(500), Reply::status(204)]);
    account.automation_with_delays(&receiver.url("/hook"), &[3]).await;
    let event = account.send("a", "1").await;
    let first = receiver.wait_for("/hook", 1, wait::SOON).await[0].at;
    wait::until("the failure is on record", wait::SOON, async || {
        let delivery = account
            .delivery(&id_of(&account.deliveries_of(&event).await[0]))
            .await;
        (attempts_of(&delivery).len() == 1).then_some(())
    })
    .await;
    assert_eq!(server.stop().code(), Some(0));
    server.start_again();
    let second = receiver.wait_for("/hook", 2, wait::SOON).await[1].at;
    assert!(
        (2_900..4_500).contains(&(second - first).as_millis()),
        "{:?}",
        second - first
    );
}

#[test]
fn a_server_whose_terminal_is_closed_stops_in_an_orderly_way() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = binary::command();
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("listening on") {
        line.clear();
        assert_ne!(out.read_line(&mut line).unwrap(), 0, "it does not start");
    }
    // Like a closed terminal: nothing that the server prints from now on can be written.
    drop((out, child.stderr.take()));
    kill_process(Pid::from_child(&child), Signal::HUP).unwrap();
    let status = child.wait().unwrap();
    assert!(status.success(), "{status}");
}
