//! The copy is killed on the way, and its database too; then the cluster responds as the node did.

use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use postrider_tests::receiver::Received;
use postrider_tests::wait::SOON;
use postrider_tests::{Postgres, Receiver, Server, database};

use super::responses::Responses;
use super::source::{LATER_S, Source, UNFINISHED, repeat};
use super::{begin_copy, copy};

/// How often the copy is killed.
const KILLS: usize = 3;

/// How long a copy may take for its first step.
const STEP_WITHIN: Duration = Duration::from_secs(30);

/// Types of events that a starting node continues to deliver. They are compared by the requests that arrive.
const UNFINISHED_TYPES: [&str; 2] = ["slow.a", "later.a"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_copy_resumes_and_the_cluster_returns_the_same_responses() {
    let mut postgres = Postgres::start();
    let url = postgres.url("postgres");
    let mut source = Source::start().await;
    source.leave_unfinished().await;
    let accounts = [&source.odd, &source.bulk];
    let before = Responses::read(&source.server.api(), &accounts, &UNFINISHED_TYPES).await;
    source.server.kill();
    source.is_moved();
    let folder = source.server.data_dir();
    kill_on_the_way(folder, &postgres);
    crash_on_the_way(folder, &mut postgres);
    refused_until_finished(&url);
    let begun = Instant::now();
    let copied = copy(folder, &url);
    println!("the last run took {:?}\n{}", begun.elapsed(), copied.err);
    println!("{}", copied.success());
    assert!(copied.out.contains("Start the server"), "{}", copied.out);
    assert_everything_is_in_its_day(&postgres);
    let again = copy(folder, &url);
    assert!(again.success().contains("was already copied"), "{again:?}");
    database::assert_sound(&database::file_in(folder));

    let mut node = Server::stopped_on_database(url);
    node.start_again();
    let after = Responses::read(&node.api(), &accounts, &UNFINISHED_TYPES).await;
    println!("{} objects are the same", after.len());
    before.assert_same(&after);
    carried_out_unchanged(&source.receiver).await;
    repeats_are_known(&source, &node).await;
    let account = source.bulk.through(node.api());
    let new = account.send("bulk.after", "1").await;
    account.wait_for_delivery(&new, "succeeded").await;
    let events = node.api().get(account.at("/events?limit=1")).await.expect(200);
    assert_eq!(
        events["data"][0]["id"],
        new.as_str(),
        "new events come after those copied"
    );
    assert!(node.stop().success());
}

/// Kills a copy several times, each time after it has copied something.
fn kill_on_the_way(folder: &Path, postgres: &Postgres) {
    for _ in 0..KILLS {
        let mut copying = copy_a_step(folder, postgres);
        copying.kill().expect("a child can be killed");
        copying.wait().expect("a child that was killed ends");
    }
}

/// Crashes the database after a copy has copied something. The copy gives up by itself and says how to
/// continue.
fn crash_on_the_way(folder: &Path, postgres: &mut Postgres) {
    let copying = copy_a_step(folder, postgres);
    postgres.stop_immediately();
    let output = copying.wait_with_output().expect("a child can be waited for");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("run the same command again"), "{said}");
    println!("{said}");
    postgres.start_again();
}

/// A running copy that has copied more events than there were before, and is not finished.
fn copy_a_step(folder: &Path, postgres: &Postgres) -> Child {
    let before = events_copied(postgres);
    let mut copying = begin_copy(folder, &postgres.url("postgres"));
    let deadline = Instant::now() + STEP_WITHIN;
    loop {
        assert!(
            still_runs(&mut copying),
            "the copy is over before it is disturbed"
        );
        let now = events_copied(postgres);
        if now > before {
            println!("disturbed with {now} events copied");
            return copying;
        }
        assert!(Instant::now() < deadline, "the copy does not go on");
    }
}

fn still_runs(child: &mut Child) -> bool {
    child.try_wait().expect("a child can be waited for").is_none()
}

fn events_copied(postgres: &Postgres) -> u64 {
    let is_there = postgres.sql("SELECT to_regclass('copies') IS NOT NULL");
    if is_there != "t" {
        return 0;
    }
    let events = postgres.sql("SELECT events FROM copies WHERE finished_at IS NULL");
    events.parse().unwrap_or_default()
}

fn refused_until_finished(url: &str) {
    let mut node = Server::stopped_on_database(url.to_owned());
    let (status, said) = node.start_that_fails(&[]);
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("unfinished copy of sqlite:"), "{said}");
    assert!(said.contains("postrider copy"), "{said}");
}

fn assert_everything_is_in_its_day(postgres: &Postgres) {
    for table in ["events", "deliveries", "attempts"] {
        let strays = postgres.sql(&format!("SELECT count(*) FROM {table}_default"));
        assert_eq!(strays, "0", "{table}");
    }
}

/// Deliveries that were in flight, or due after the node's end, arrive unchanged.
async fn carried_out_unchanged(receiver: &Receiver) {
    let slow = receiver.wait_for("/slow", 2 * UNFINISHED, SOON).await;
    assert_same_requests(&slow);
    let within = Duration::from_secs(LATER_S) + SOON;
    let later = receiver.wait_for("/later", 2 * UNFINISHED, within).await;
    assert_same_requests(&later);
    let (first, second) = later.split_at(UNFINISHED);
    for request in second {
        assert_eq!(request.header("postrider-attempt"), "2");
        let of_first = first.iter().find(|first| id(first) == id(request));
        let waited = request.at - of_first.expect("it was attempted before").at;
        assert!(waited >= Duration::from_secs(LATER_S), "due after {waited:?}");
    }
    assert_eq!(receiver.count("/waits"), UNFINISHED, "due in an hour");
}

fn id(request: &Received) -> &str {
    request.header("webhook-id")
}

/// Each event was requested twice, before and after the move, with the same id and body.
fn assert_same_requests(requests: &[Received]) {
    assert_eq!(requests.len(), 2 * UNFINISHED);
    let (before, after) = requests.split_at(UNFINISHED);
    for request in before {
        let same = after.iter().filter(|after| id(after) == id(request));
        let same: Vec<_> = same.collect();
        assert_eq!(same.len(), 1, "{}", id(request));
        assert_eq!(same[0].body, request.body);
        assert_eq!(
            same[0].header("postrider-delivery-id"),
            request.header("postrider-delivery-id")
        );
    }
}

async fn repeats_are_known(source: &Source, node: &Server) {
    let account = source.odd.through(node.api());
    for (index, first) in source.first_responses.iter().enumerate() {
        assert_eq!(&repeat(&account, index).await.expect(200), first);
    }
    let conflict = account.post_event_once("once-1", "once.keyed", "2").await;
    assert_eq!(conflict.status, 409, "{}", conflict.text());
}
