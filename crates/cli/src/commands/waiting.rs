//! Waits for the deliveries of one event, and shows each attempt as it ends.

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::counted;
use super::deliveries::attempt_line;
use super::remote::Remote;
use crate::client::Call;
use crate::client::pages::PageArgs;
use crate::client::patience::Patience;
use crate::display::cell;
use crate::failure::exit;
use crate::{Context, Failure};
use postrider_model::duration;

/// The pause between two looks grows from the first to the second: most deliveries take milliseconds, and
/// those that do not may take minutes.
const LOOK_AFTER: Duration = Duration::from_millis(100);
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Most deliveries of one event that are shown: as many as an event can have.
const DELIVERIES_MAX: usize = 500;

#[derive(Debug, clap::Args)]
pub(super) struct WaitArgs {
    /// Wait until each delivery has succeeded, failed or was canceled, at most this long (30s by default),
    /// and show its attempts. Exits with 1 unless all succeed
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = duration::parse,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "30s"
    )]
    wait: Option<Duration>,
}

impl WaitArgs {
    /// How long to wait, if at all.
    pub const fn time(&self) -> Option<Duration> {
        self.wait
    }
}

/// Waits for the deliveries of an accepted event. With `--json`, prints them once they have ended.
pub(super) async fn for_deliveries(
    account: &str,
    event: &Value,
    time: Duration,
    remote: &mut Remote,
    context: Context<'_>,
) -> Result<ExitCode, Failure> {
    let id = cell(&event["id"]);
    if !remote.is_json() {
        let count = counted(&event["deliveries"], "delivery", "deliveries");
        remote.screen().print(&format!("Event {id}, {count}"))?;
    }
    let deadline = context.clock.monotonic() + time;
    let mut shown = Shown::default();
    let mut pause = LOOK_AFTER;
    let mut patience = Patience::default();
    loop {
        let looked = match look(account, &id, remote, &mut shown).await {
            Ok(looked) => looked,
            Err(failure) => {
                let wait = patience.after(&failure);
                match wait.filter(|wait| context.clock.monotonic() + *wait < deadline) {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => return Err(failure),
                }
                continue;
            }
        };
        patience.succeeded();
        let expected = usize::try_from(event["deliveries"].as_u64().unwrap_or(0)).unwrap_or(usize::MAX);
        let have_ended = looked.len() >= expected.min(DELIVERIES_MAX) && looked.iter().all(has_ended);
        if have_ended || context.clock.monotonic() >= deadline {
            return finish(account, looked, have_ended, time, remote).await;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(LOOK_EVERY);
    }
}

/// How many attempts of each delivery were shown.
#[derive(Default)]
struct Shown(HashMap<String, u64>);

/// The deliveries of the event as they are now. Shows the attempts that have ended since the last look.
async fn look(
    account: &str,
    event: &str,
    remote: &mut Remote,
    shown: &mut Shown,
) -> Result<Vec<Value>, Failure> {
    let list = Call::new(Method::GET, &["accounts", account, "deliveries"]).query("event_id", Some(event));
    let pages = PageArgs {
        limit: DELIVERIES_MAX,
        all: false,
    };
    let deliveries = remote.fetch(&list, pages).await?.items();
    for delivery in &deliveries {
        let id = cell(&delivery["id"]);
        let count = delivery["attempt_count"].as_u64().unwrap_or(0);
        let seen = shown.0.entry(id.clone()).or_default();
        if remote.is_json() || count <= *seen {
            continue;
        }
        let call = Call::new(Method::GET, &["accounts", account, "deliveries", &id]);
        let record = remote.ask(call).await?;
        for attempt in record["attempts"].as_array().into_iter().flatten() {
            let number = attempt["number"].as_u64().unwrap_or(0);
            if number > *seen {
                *seen = number;
                let paint = remote.screen().paint();
                remote.screen().print(&attempt_line(attempt, &record, paint))?;
            }
        }
    }
    Ok(deliveries)
}

fn has_ended(delivery: &Value) -> bool {
    delivery["status"] != "pending"
}

/// Prints the end, and returns the exit code.
async fn finish(
    account: &str,
    deliveries: Vec<Value>,
    have_ended: bool,
    time: Duration,
    remote: &mut Remote,
) -> Result<ExitCode, Failure> {
    let of = |status: &str| deliveries.iter().filter(|it| it["status"] == status).count();
    let succeeded = of("succeeded");
    let all_succeeded = succeeded == deliveries.len();
    if remote.is_json() {
        let mut records = Vec::with_capacity(deliveries.len());
        for delivery in &deliveries {
            let id = cell(&delivery["id"]);
            let call = Call::new(Method::GET, &["accounts", account, "deliveries", &id]);
            records.push(remote.ask(call).await?);
        }
        remote.screen().print(&json!({"data": records}).to_string())?;
    } else {
        let paint = remote.screen().paint();
        let text = match (deliveries.len(), have_ended) {
            (0, true) => paint.yellow("No automation is triggered by the event: nothing is sent."),
            (_, true) if all_succeeded => paint.green(&format!("{succeeded} succeeded")),
            (_, true) => {
                let others = format!("{} failed, {} canceled", of("failed"), of("canceled"));
                paint.red(&format!("{succeeded} succeeded, {others}"))
            }
            (_, false) => paint.yellow(&format!(
                "{succeeded} succeeded, {} pending after {}: see postrider deliveries list {account}",
                of("pending"),
                duration::in_words(time)
            )),
        };
        remote.screen().print(&text)?;
    }
    Ok(if all_succeeded && have_ended {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(exit::FAILED)
    })
}
