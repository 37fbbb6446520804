//! The cost of a delivered event in this store: microseconds (wall clock and CPU) and bytes on disk, with
//! each commit synced; then the cost of reading a list. An event is accepted with one owned delivery, which
//! one successful attempt then finishes.
//!
//! `cargo bench -p postrider-storage-sqlite [-- EVENTS]`; `TMPDIR` determines the disk.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use postrider_model::delivery::{BodySpec, Next, Progress};
use postrider_model::{
    AccountId, ActionId, Attempt, AutomationId, BodyContent, BodyStyle, DeliveryId, DeliveryStatus, Event,
    EventHeaders, Exchange, FixedPoints, HttpExchange, HttpRequest, HttpResponse, IdGenerator, Origin,
    Outcome, Timestamp,
};
use postrider_storage::{
    Change, DeliveryFilter, DeliveryKey, DeliveryStore, Finished, FirstAttempt, NewDelivery, NewEvent,
    PageRequest, SessionId, SessionStore,
};
use postrider_storage_sqlite::{SqliteOptions, SqliteStore};
use postrider_storage_testkit::scene::{append, finish_all};

const EVENTS: usize = 100_000;
const DATA_BYTES: usize = 512;
const BASE_MS: i64 = 1_768_435_200_000;

fn main() {
    let events = std::env::args()
        .find_map(|arg| arg.parse().ok())
        .unwrap_or(EVENTS);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    println!("accounts  group  wall µs  cpu µs  bytes/event  ops/transaction");
    for (accounts, group) in [(1, 100), (1, 500), (1000, 100), (1000, 500)] {
        runtime.block_on(batches(events, accounts, group));
    }
    for callers in [64, 256] {
        runtime.block_on(singles(events / 4, callers));
    }
    runtime.block_on(first_pages(events));
}

/// How long the first page of a list takes if the account has `events` deliveries, all succeeded.
async fn first_pages(events: usize) {
    let folder = tempfile::TempDir::new().expect("a folder");
    let store = open(folder.path());
    let world = World::new(&store, 1).await;
    for first in (0..events).step_by(1000) {
        let new: Vec<_> = (first..first + 1000).map(|n| world.event(n)).collect();
        let news = new.iter().map(finished).collect();
        append(&store, world.session, new).await.expect("appended");
        finish_all(&store, world.session, news).await.expect("recorded");
    }
    println!("\nfirst page of {events} deliveries");
    let all = DeliveryFilter::default();
    let halfway = Timestamp::from_unix_ms(BASE_MS + events as i64 / 36);
    let nobody = world.ids.action(halfway);
    for (what, filter) in [
        ("all", all.clone()),
        (
            "failed",
            DeliveryFilter {
                status: Some(DeliveryStatus::Failed),
                ..all.clone()
            },
        ),
        (
            "from half-way on back",
            DeliveryFilter {
                before: Some(halfway),
                ..all.clone()
            },
        ),
        (
            "of an action without any",
            DeliveryFilter {
                action: Some(nobody),
                ..all.clone()
            },
        ),
    ] {
        let page = PageRequest {
            limit: 50,
            after: None,
        };
        let begin = Instant::now();
        let page = store
            .deliveries(world.accounts[0], &filter, page)
            .await
            .expect("deliveries");
        let ms = begin.elapsed().as_secs_f64() * 1e3;
        println!(
            "{what:>26}: {ms:.1} ms, {} items, more: {}",
            page.items.len(),
            page.next.is_some()
        );
    }
}

/// Appends and finishes `group` events per call, with one call after the other.
async fn batches(events: usize, accounts: usize, group: usize) {
    let folder = tempfile::TempDir::new().expect("a folder");
    let store = open(folder.path());
    let world = World::new(&store, accounts).await;
    let made: Vec<_> = (0..events)
        .step_by(group)
        .map(|first| {
            let new: Vec<_> = (first..first + group).map(|n| world.event(n)).collect();
            let news: Vec<_> = new.iter().map(finished).collect();
            (new, news)
        })
        .collect();
    let begin = Begin::now();
    for (new, news) in made {
        append(&store, world.session, new).await.expect("appended");
        finish_all(&store, world.session, news).await.expect("recorded");
    }
    begin.report(
        events,
        store,
        folder.path(),
        &format!("{accounts:>8}  {group:>5}"),
    );
}

/// Runs `callers` callers in parallel, each appending and finishing one event after the other.
async fn singles(events: usize, callers: usize) {
    let folder = tempfile::TempDir::new().expect("a folder");
    let store = Arc::new(open(folder.path()));
    let world = Arc::new(World::new(&store, 1).await);
    let begin = Begin::now();
    let local = tokio::task::LocalSet::new();
    for caller in 0..callers {
        let (store, world) = (Arc::clone(&store), Arc::clone(&world));
        local.spawn_local(async move {
            for n in (caller..events).step_by(callers) {
                let new = world.event(n);
                let news = finished(&new);
                let appended = append(&*store, world.session, vec![new]).await;
                appended.expect("appended");
                let recorded = finish_all(&*store, world.session, vec![news]).await;
                recorded.expect("recorded");
            }
        });
    }
    local.await;
    let store = Arc::into_inner(store).expect("the callers are done");
    begin.report(
        events,
        store,
        folder.path(),
        &format!("       1  {callers:>2} × 1"),
    );
}

fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder, SqliteOptions::default()).expect("a store")
}

struct World {
    ids: IdGenerator,
    accounts: Vec<AccountId>,
    automation: AutomationId,
    action: ActionId,
    session: SessionId,
}

impl World {
    async fn new(store: &SqliteStore, accounts: usize) -> Self {
        let ids = IdGenerator::new(0x5eed);
        let now = Timestamp::from_unix_ms(BASE_MS);
        Self {
            accounts: (0..accounts).map(|_| ids.account(now)).collect(),
            automation: ids.automation(now),
            action: ids.action(now),
            session: store
                .open_session(Duration::from_secs(3600), now)
                .await
                .expect("a session"),
            ids,
        }
    }

    /// The `n`-th event, spread over the accounts.
    fn event(&self, n: usize) -> NewEvent {
        let now = Timestamp::from_unix_ms(BASE_MS + n as i64 / 18);
        let id = self.ids.event(now);
        let scattered = n.wrapping_mul(0x9e37_79b9) % self.accounts.len();
        NewEvent {
            event: Event {
                id,
                account: self.accounts[scattered],
                event_type: "proposal.accepted".parse().expect("a name"),
                data: data(n),
                occurred_at: None,
                created_at: now,
                origin: Origin::Producer,
                fixed_points: FixedPoints::default(),
                warning: None,
                deliveries: 1,
                deliver_at: None,
                headers: EventHeaders::default(),
                trace: None,
                missed: 0,
                is_canceled: false,
            },
            id_is_callers: false,
            idempotency_key: None,
            adds_event_type: false,
            held_back: Vec::new(),
            deliveries: vec![NewDelivery {
                id: DeliveryId::from_u128(self.ids.next_block(now)),
                automation: self.automation,
                action: self.action,
                body: BodySpec::BuiltIn {
                    content: BodyContent::Envelope,
                    style: BodyStyle::Js,
                },
                first_attempt: FirstAttempt::Owned,
            }],
        }
    }
}

fn data(n: usize) -> Bytes {
    let mut text = format!(r#"{{"number":{n},"text":""#);
    while text.len() < DATA_BYTES - 2 {
        text.push(char::from(b'a' + (text.len() * 7 + n) as u8 % 26));
    }
    text.push_str("\"}");
    Bytes::from(text)
}

fn finished(new: &NewEvent) -> Finished {
    let delivery = new.deliveries[0];
    let number = new.event.id.as_u128() as u64;
    let hex = format!(
        "{:064x}",
        u128::from(number).wrapping_mul(0x1234_5678_9abc_def0_1234_5678)
    );
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let started_at = new.event.created_at.after(Duration::from_millis(1));
    Finished {
        key: DeliveryKey {
            account: new.event.account,
            delivery: delivery.id,
        },
        action: delivery.action,
        change: Change::Attempted {
            attempt: Box::new(Attempt {
                number: 1,
                started_at,
                duration: Duration::from_nanos(1_234_567 + number % 1_000_000),
                outcome: Outcome::Succeeded,
                error: None,
                exchange: Exchange::Http(HttpExchange {
                    request: HttpRequest {
                        url: "https://hooks.example.com/postrider/incoming".to_owned(),
                        headers: vec![
                            header("content-type", "application/json"),
                            header("user-agent", "Postrider/0.1.0"),
                            header("postrider-signature", &hex),
                            header("webhook-id", &new.event.id.to_string()),
                            header("webhook-timestamp", &started_at.unix_s().to_string()),
                            header(
                                "webhook-signature",
                                "v1,AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",
                            ),
                            header("postrider-event-type", new.event.event_type.as_str()),
                            header("postrider-delivery-id", &delivery.id.to_string()),
                            header("postrider-attempt", "1"),
                        ],
                    },
                    response: Some(HttpResponse {
                        status: 200,
                        headers: vec![
                            header("content-type", "application/json; charset=utf-8"),
                            header("content-length", "11"),
                            header("date", "Thu, 15 Jan 2026 00:00:01 GMT"),
                            header("server", "nginx"),
                        ],
                        body: Bytes::from_static(b"{\"ok\":true}"),
                        truncated: false,
                    }),
                }),
            }),
            progress: Progress {
                status: DeliveryStatus::Succeeded,
                attempts: 1,
                ..Progress::new()
            },
            next: Next::Settle(DeliveryStatus::Succeeded),
            disables: None,
            report: None,
        },
    }
}

struct Begin {
    wall: Instant,
    cpu: Duration,
}

impl Begin {
    fn now() -> Self {
        Self {
            wall: Instant::now(),
            cpu: cpu_time(),
        }
    }

    fn report(self, events: usize, store: SqliteStore, folder: &Path, what: &str) {
        let per_event = |time: Duration| time.as_secs_f64() * 1e6 / events as f64;
        let (wall, cpu) = (per_event(self.wall.elapsed()), per_event(cpu_time() - self.cpu));
        let counts = store.write_counts();
        // Closing copies the log back into the file.
        drop(store);
        let size = std::fs::metadata(folder.join("postrider.db"))
            .expect("the database")
            .len();
        println!(
            "{what}  {wall:>7.1}  {cpu:>6.1}  {:>11.0}  {:>15.1}",
            size as f64 / events as f64,
            counts.operations as f64 / counts.transactions as f64
        );
    }
}

/// User and system time of this process, in hundredths of a second (proc(5): fields 14 and 15 of `stat`).
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}
