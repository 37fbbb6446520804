//! `kill -9` at random moments under load, round after round.
//!
//! At the end, every acknowledged event is delivered, or failed by its schedule; no delivery that the record
//! showed as succeeded was sent again; a delivery that was received twice was in flight at a kill; and SQLite
//! finds no fault in the file.
//!
//! The seed is printed; `POSTRIDER_TEST_SEED` sets it. The exact moments of the kills still depend on the
//! machine.

mod evidence;
mod keyed_requests;
mod notices;
mod producers;
mod templates;

use std::time::{Duration, Instant};

use postrider_tests::{Account, Receiver, Reply, Server, database, wait};
use serde_json::json;

use evidence::{Evidence, SucceededDelivery};
use producers::Producers;

/// How often the server is killed: in every run, and in `./test --deep`.
const ROUNDS: usize = 8;
const ROUNDS_DEEP: usize = 60;

/// Average number of events per round that the test needs to show something.
const EVENTS_PER_ROUND_MIN: usize = 40;

/// How long a round lasts before the kill, in milliseconds.
const ROUND_MS: std::ops::Range<u64> = 30..1_200;

/// Every third round reads the record before the kill.
const LOOK_EVERY: usize = 3;

/// Short retry delays, so that the test ends soon.
const FLAGS: [&str; 4] = ["--allow-destination", "127.0.0.0/8", "--retry-delays", "1,1"];

/// How long everything may take to settle after the last kill.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_no_accepted_event_and_repeats_none_that_it_recorded() {
    lose_nothing(ROUNDS).await;
}

mod deep {
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_server_killed_many_times_loses_and_repeats_nothing() {
        super::lose_nothing(super::ROUNDS_DEEP).await;
    }
}

async fn lose_nothing(rounds: usize) {
    let seed = std::env::var("POSTRIDER_TEST_SEED")
        .ok()
        .and_then(|text| text.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let started = Instant::now();
    let mut server = Server::start_with(&FLAGS);
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    receiver.respond_with("/hook", respond);
    account.automation(json!({"url": receiver.url("/hook")})).await;
    let producers = Producers::start(&account, random.fork());
    let mut kills = Vec::new();
    let mut succeeded = Vec::new();
    for round in 0..rounds {
        tokio::time::sleep(Duration::from_millis(random.u64(ROUND_MS))).await;
        if round % LOOK_EVERY == 0 {
            succeeded.extend(SucceededDelivery::read(&account.through(server.api())).await);
        }
        let killed_at = Instant::now();
        server.kill();
        server.start_again_with(&FLAGS);
        kills.push(killed_at..Instant::now());
        producers.move_to(server.api());
    }
    let accepted = producers.finish().await;
    let account = account.through(server.api());
    wait::until("nothing is pending", SETTLED_WITHIN, async || {
        let page = account
            .api
            .get(account.at("/deliveries?status=pending&limit=1"))
            .await
            .expect(200);
        page["data"].as_array()?.is_empty().then_some(())
    })
    .await;
    let evidence = Evidence::gather(&account, &receiver, accepted, kills, succeeded).await;
    assert!(server.stop().success());
    database::assert_sound(&database::file_in(server.data_dir()));
    evidence.print(seed, started.elapsed());
    evidence.judge(rounds * EVENTS_PER_ROUND_MIN);
}

/// One event in fifty never succeeds, one in ten fails at first, and one in ten gets a slow response. The
/// response depends on the number in the event's data, so that it is the same after a kill.
fn respond(request: &postrider_tests::receiver::Received) -> Reply {
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let number = body["data"]["number"].as_u64().unwrap_or_default();
    let is_first = request.header("postrider-attempt") == "1";
    match number % 100 {
        0 | 50 => Reply::status(500),
        1..=10 if is_first => Reply::status(500),
        11..=20 => Reply::status(204).after(Duration::from_millis(200)),
        _ => Reply::status(204),
    }
}
