//! `postrider events send --batch`: a file of events, in batches of the API.
//!
//! Each event has an id before it is sent, so that a batch which is sent again, in this run or a later one,
//! is a no-op as far as it was accepted.

mod items;

use std::process::ExitCode;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use self::items::{Item, Items};
use crate::Failure;
use crate::client::patience::Patience;
use crate::client::{Call, Response};
use crate::commands::remote::Remote;
use crate::display::progress::{Progress, grouped};
use crate::display::{cell, printable};
use crate::failure::exit;

/// Most events of one batch, as the API has it.
const BATCH_EVENTS_MAX: usize = 1_000;

/// Most bytes of one batch, unless one event is larger: half of what a server accepts by default. A server
/// that accepts less responds with 413, and gets halves.
const BATCH_BYTES_MAX: usize = 4 << 20;

/// How often a batch is repeated after a 429, a 503 or a broken connection: for a minute and a half.
const REPEATS_MAX: u32 = 8;

/// What the command was asked to do.
pub(super) struct BatchArgs<'a> {
    pub account: &'a str,
    /// A file, or `-` for standard input.
    pub source: &'a str,
    /// Distinguishes events that are equal to those of another run.
    pub idempotency_key: Option<&'a str>,
}

/// What happened so far.
#[derive(Default)]
struct Tally {
    accepted: u64,
    repeated: u64,
    refused: u64,
}

struct Sender<'a> {
    account: &'a str,
    remote: &'a mut Remote,
    progress: Option<Progress>,
    tally: Tally,
    patience: Patience,
}

/// A response of the API.
#[derive(Deserialize)]
struct Results<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
}

/// Sends every event of the source. A line that is refused does not stop the others.
pub(super) async fn run(args: BatchArgs<'_>, remote: &mut Remote) -> Result<ExitCode, Failure> {
    let mut items = Items::open(args.source, args.account, args.idempotency_key)?;
    let is_json = remote.is_json();
    let total = items.total().filter(|_| !is_json);
    let mut sender = Sender {
        account: args.account,
        remote,
        progress: total.map(|total| Progress::begin("events", total, 0)),
        tally: Tally::default(),
        patience: Patience::default(),
    };
    let sent = sender.send_all(&mut items).await;
    if let Some(progress) = sender.progress.take() {
        progress.end();
    }
    let Tally {
        accepted,
        repeated,
        refused,
    } = sender.tally;
    if !is_json {
        let counts = [
            (accepted, "accepted"),
            (repeated, "sent before"),
            (refused, "refused"),
        ];
        let counts = counts.map(|(count, what)| format!("{} {what}", grouped(count)));
        remote.screen().print(&format!("{}.", counts.join(", ")))?;
    }
    sent?;
    Ok(match refused {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(exit::FAILED),
    })
}

impl Sender<'_> {
    async fn send_all(&mut self, items: &mut Items) -> Result<(), Failure> {
        loop {
            let mut batch = Vec::new();
            let mut bytes = 0;
            while batch.len() < BATCH_EVENTS_MAX && bytes < BATCH_BYTES_MAX {
                match items.next()? {
                    None => break,
                    Some(Err(refusal)) => self.refuse(refusal.line, &refusal.detail, None)?,
                    Some(Ok(item)) => {
                        bytes += item.json.len();
                        batch.push(item);
                    }
                }
            }
            let Some(first) = batch.first().map(|item| item.line) else {
                return Ok(());
            };
            self.send(batch).await.map_err(|failure| match failure {
                Failure::Usage(_) | Failure::Output(_) => failure,
                failure => {
                    eprintln!(
                        "stopped in the batch that begins at line {first}; run the same command again to go on: what \
                         was accepted is not accepted twice"
                    );
                    failure
                }
            })?;
        }
    }

    /// Sends a batch until each event is accepted or refused, in halves where the server wants less at once.
    async fn send(&mut self, batch: Vec<Item>) -> Result<(), Failure> {
        let mut parts = vec![batch];
        while let Some(part) = parts.pop() {
            match self.remote.response(call(self.account, &part)).await {
                Ok(response) => {
                    let left = self.take(&response, part)?;
                    if left.is_empty() {
                        self.patience.succeeded();
                        continue;
                    }
                    self.pause_or_stop().await?;
                    parts.push(left);
                }
                Err(Failure::Problem(problem)) if problem.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                    match <[Item; 1]>::try_from(part) {
                        Ok([only]) => {
                            self.refuse(only.line, &problem.to_string(), Some(&problem.document()))?
                        }
                        Err(mut part) => {
                            let second = part.split_off(part.len() / 2);
                            parts.extend([second, part]);
                        }
                    }
                }
                Err(failure) => {
                    let wait = self.patience.after(&failure);
                    match wait.filter(|_| self.patience.failures() <= REPEATS_MAX) {
                        Some(wait) => tokio::time::sleep(wait).await,
                        None => return Err(failure),
                    }
                    parts.push(part);
                }
            }
        }
        Ok(())
    }

    /// Waits before single events are sent again that the server could not store.
    async fn pause_or_stop(&mut self) -> Result<(), Failure> {
        let pause = self.patience.pause();
        if self.patience.failures() > REPEATS_MAX {
            return Err(Failure::Failed(
                "the server accepts no more events for now".to_owned(),
            ));
        }
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// Reports the results of a batch. Returns the events to send again.
    fn take(&mut self, response: &Response, batch: Vec<Item>) -> Result<Vec<Item>, Failure> {
        let results: Results<'_> = serde_json::from_str(&response.text)
            .map_err(|error| Failure::Failed(format!("the server sent an invalid response: {error}")))?;
        if results.data.len() != batch.len() {
            return Err(Failure::Failed(
                "the server did not send a result for each event".to_owned(),
            ));
        }
        let mut left = Vec::new();
        let mut done = 0;
        for (index, (item, result)) in batch.into_iter().zip(results.data).enumerate() {
            let parsed: Value = serde_json::from_str(result.get()).unwrap_or_default();
            match parsed["status"].as_u64() {
                Some(429 | 503) => {
                    left.push(item);
                    continue;
                }
                Some(200) => self.tally.repeated += 1,
                Some(202) => self.tally.accepted += 1,
                _ => {
                    self.refuse(
                        item.line,
                        &in_words(&parsed["error"], index),
                        Some(&parsed["error"]),
                    )?;
                    continue;
                }
            }
            done += 1;
            if self.remote.is_json() {
                let rest = result.get().trim_start().trim_start_matches('{');
                self.remote
                    .screen()
                    .print(&format!("{{\"line\":{},{rest}", item.line))?;
            }
        }
        if let Some(progress) = &mut self.progress {
            progress.advance(done);
        }
        Ok(left)
    }

    /// Reports a line that is not accepted.
    fn refuse(&mut self, line: u64, detail: &str, problem: Option<&Value>) -> Result<(), Failure> {
        self.tally.refused += 1;
        if self.remote.is_json() {
            let own = serde_json::json!({
                "type": "about:blank", "title": "The line is not an event", "detail": detail, "code": "usage",
            });
            let error = problem.unwrap_or(&own);
            let text = serde_json::json!({"line": line, "status": error["status"], "error": error});
            return self.remote.screen().print(&text.to_string());
        }
        let text = format!("line {line}: {}", printable(detail));
        match &mut self.progress {
            Some(progress) => {
                progress.say(&text);
                progress.advance(1);
            }
            None => eprintln!("{text}"),
        }
        Ok(())
    }
}

fn call<'a>(account: &'a str, batch: &[Item]) -> Call<'a> {
    let events: Vec<_> = batch.iter().map(|item| item.json.as_str()).collect();
    let body = format!("{{\"events\":[{}]}}", events.join(","));
    Call::new(Method::POST, &["accounts", account, "events", "batch"]).body(body)
}

/// The problem of the event at `index` of a batch in words, with pointers into the event.
fn in_words(problem: &Value, index: usize) -> String {
    let detail = match problem["errors"].as_array() {
        Some(errors) if errors.len() > 1 => {
            let lines = errors
                .iter()
                .map(|error| format!("{}: {}", cell(&error["pointer"]), cell(&error["detail"])));
            lines.collect::<Vec<_>>().join("; ")
        }
        _ => cell(&problem["detail"]),
    };
    let detail = detail.replace(&format!("/events/{index}"), "");
    format!(
        "{detail} ({} {})",
        cell(&problem["status"]),
        cell(&problem["code"])
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pointers_of_a_problem_lead_into_the_event() {
        let one = json!({"status": 422, "code": "invalid_body", "detail": "/events/7/type: unknown",
            "errors": [{"pointer": "/events/7/type", "detail": "unknown"}]});
        assert_eq!(in_words(&one, 7), "/type: unknown (422 invalid_body)");
        let two = json!({"status": 422, "code": "invalid_body", "detail": "2 faults were found", "errors": [
            {"pointer": "/events/0/type", "detail": "a"}, {"pointer": "/events/0/data", "detail": "b"}]});
        assert_eq!(in_words(&two, 0), "/type: a; /data: b (422 invalid_body)");
    }
}
