//! `postrider tail`: follows the deliveries of an account, or of all accounts.
//!
//! It reads the list of deliveries again and again, at a bounded rate, so that it shows the attempts of all
//! nodes of a cluster.

mod tracked;

use std::time::Duration;

use http::Method;
use serde_json::Value;

use self::tracked::{Change, Key, Tracked};
use super::deliveries::{account_of, attempt_line};
use super::remote::Remote;
use crate::client::pages::PageArgs;
use crate::client::patience::Patience;
use crate::client::{Call, ClientArgs};
use crate::display::{cell, printable, time};
use crate::{Context, Failure};

/// The pause between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Most deliveries that are read of the list at one look; more arrive only on accounts too busy to follow.
const NEW_MAX: usize = 1_000;

/// Deliveries on one page. Most looks need one.
const PAGE: usize = 50;

/// Most deliveries whose attempts are read at one look, a call each. Others are shown as the list has them.
const RECORDS_MAX: usize = 20;

/// Flags of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The command looks at the list of deliveries every second, until ctrl-c. With --json, it prints a delivery as the API \
lists it, one per line, whenever one was attempted or has ended.

Examples:
  postrider tail customer-42
  postrider tail --failed    # of all accounts
  postrider tail customer-42 --type proposal.accepted --last 0
  postrider tail customer-42 --json | jq -r 'select(.status == \"failed\") | .id'")]
pub struct Args {
    /// The account's id or uid; all accounts if absent
    account: Option<String>,
    /// Show only attempts that failed
    #[arg(long)]
    failed: bool,
    /// Filter by event type
    #[arg(long = "type", visible_alias = "event-type", value_name = "TYPE")]
    event_type: Option<String>,
    /// Filter by automation
    #[arg(long, value_name = "ID", requires = "account")]
    automation: Option<String>,
    /// How many of the newest deliveries to show first, at most 1000
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u16).range(0..=1000))]
    last: u16,
    #[command(flatten)]
    client: ClientArgs,
}

/// Runs the command.
pub async fn run(args: Args, context: Context<'_>) -> Result<(), Failure> {
    let mut tail = Tail {
        remote: Remote::new(&args.client, context)?,
        tracked: Tracked::default(),
        args,
    };
    let mut patience = Patience::default();
    let mut is_first = true;
    loop {
        match tail.look(is_first).await {
            Ok(()) => {
                is_first = false;
                if patience.failures() > 0 {
                    eprintln!("connected again");
                }
                patience.succeeded();
                tokio::time::sleep(LOOK_EVERY).await;
            }
            // The first look finds out whether server, key and account are right.
            Err(failure) if is_first => return Err(failure),
            Err(failure) => {
                let is_news = patience.failures() == 0;
                let Some(wait) = patience.after(&failure) else {
                    return Err(failure);
                };
                if is_news {
                    eprintln!("{failure}; trying again");
                }
                tokio::time::sleep(wait).await;
            }
        }
    }
}

struct Tail {
    args: Args,
    remote: Remote,
    tracked: Tracked,
}

impl Tail {
    async fn look(&mut self, is_first: bool) -> Result<(), Failure> {
        let mut changes = self.listed(is_first).await?;
        for delivery in self.tracked.due(RECORDS_MAX) {
            let delivery = self.record(&delivery).await?;
            changes.extend(self.tracked.update(&delivery));
        }
        if is_first {
            let skipped = changes.len().saturating_sub(self.args.last.into());
            changes.drain(..skipped);
        }
        let mut records = RECORDS_MAX;
        for change in changes {
            self.show(change, &mut records).await?;
        }
        Ok(())
    }

    /// What is new in the list, oldest first.
    async fn listed(&mut self, is_first: bool) -> Result<Vec<Change>, Failure> {
        let list = match &self.args.account {
            Some(account) => Call::new(Method::GET, &["accounts", account, "deliveries"]),
            None => Call::new(Method::GET, &["deliveries"]),
        };
        let list = list
            .query("event_type", self.args.event_type.as_deref())
            .query("automation_id", self.args.automation.as_deref());
        let mut limit = if is_first {
            PAGE.max(self.args.last.into())
        } else {
            PAGE
        };
        loop {
            let pages = PageArgs { limit, all: false };
            let mut items = self.remote.fetch(&list, pages).await?.items();
            // Until there is one that is known: the rest are known, too.
            let reaches_known = items.iter().any(|item| self.tracked.knows(item));
            if is_first || reaches_known || items.len() < limit || limit >= NEW_MAX {
                if !(is_first || reaches_known) && limit >= NEW_MAX {
                    eprintln!("more than {NEW_MAX} new deliveries since the last look: some are not shown");
                }
                items.reverse();
                return Ok(items
                    .iter()
                    .filter_map(|item| self.tracked.update(item))
                    .collect());
            }
            limit = (limit * 5).min(NEW_MAX);
        }
    }

    /// The delivery with its attempts, and with its account, if the list named it.
    async fn record(&mut self, delivery: &Key) -> Result<Value, Failure> {
        let account = self.args.account.as_ref().or(delivery.account_id.as_ref());
        let account = account.map_or("", String::as_str);
        let call = Call::new(Method::GET, &["accounts", account, "deliveries", &delivery.id]);
        let mut record = self.remote.ask(call).await?;
        if let (Some(members), Some(id)) = (record.as_object_mut(), &delivery.account_id) {
            members.insert("account_id".to_owned(), id.as_str().into());
            members.insert("account_uid".to_owned(), delivery.account_uid.clone());
        }
        Ok(record)
    }

    async fn show(&mut self, change: Change, records: &mut usize) -> Result<(), Failure> {
        let Change {
            delivery,
            attempts_before,
        } = change;
        if self.args.failed && matches!(delivery["last_outcome"].as_str(), None | Some("succeeded")) {
            return Ok(());
        }
        if self.remote.is_json() {
            return self
                .remote
                .screen()
                .print(&without_attempts(delivery).to_string());
        }
        if delivery["status"] == "canceled" || *records == 0 {
            return self.show_as_listed(&delivery);
        }
        *records -= 1;
        let record = match delivery.get("attempts") {
            Some(_) => delivery,
            None => self.record(&Key::of(&delivery)).await?,
        };
        for attempt in record["attempts"].as_array().into_iter().flatten() {
            let is_new = attempt["number"].as_u64().unwrap_or(0) > attempts_before;
            let is_wanted = !self.args.failed || attempt["outcome"] != "succeeded";
            if is_new && is_wanted {
                let at = attempt["started_at"].as_str().unwrap_or_default();
                let paint = self.remote.screen().paint();
                let line = attempt_line(attempt, &record, paint);
                self.line(at.get(11..23).unwrap_or(at), &record, &line)?;
            }
        }
        Ok(())
    }

    /// A delivery without its attempts: one that was canceled, or one of too many.
    fn show_as_listed(&self, delivery: &Value) -> Result<(), Failure> {
        let paint = self.remote.screen().paint();
        let status = paint.status(&printable(&cell(&delivery["status"])));
        let code = match &delivery["last_status_code"] {
            Value::Null => cell(&delivery["last_outcome"]),
            code => format!("HTTP {}", cell(code)),
        };
        let at = time(&delivery["settled_at"]);
        let at = at.get(11..19).map(|at| format!("{at}    ")).unwrap_or_default();
        let text = format!(
            "  attempt {}  {}  {status}",
            cell(&delivery["attempt_count"]),
            printable(&code)
        );
        self.line(&at, delivery, &text)
    }

    fn line(&self, at: &str, delivery: &Value, text: &str) -> Result<(), Failure> {
        let paint = self.remote.screen().paint();
        let id = cell(&delivery["id"]);
        let event_type = cell(&delivery["event_type"]);
        let account = match self.args.account {
            Some(_) => String::new(),
            None => format!("{}  ", printable(&account_of(delivery))),
        };
        self.remote.screen().print(&format!(
            "{}  {account}{}  {}{text}",
            paint.dim(&printable(&format!("{at:<12}"))),
            printable(&id),
            paint.cyan(&printable(&event_type)),
        ))
    }
}

/// The delivery as the list has it.
fn without_attempts(mut delivery: Value) -> Value {
    if let Some(members) = delivery.as_object_mut() {
        members.remove("attempts");
    }
    delivery
}
