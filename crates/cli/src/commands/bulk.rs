//! What `deliveries replay`, `deliveries cancel` and `automations send-missed` have in common: each counts
//! what matches, shows the count, and asks before it changes anything.

use http::Method;
use serde_json::{Map, Value};

use super::remote::Remote;
use super::{confirm, counted};
use crate::client::Call;
use crate::{Context, Failure};

/// The words in which the commands differ.
pub(super) struct Wording {
    /// The command, and the last segment of the API's path.
    pub verb: &'static str,
    /// What is counted: one of it, and many.
    pub counted: (&'static str, &'static str),
    /// The question before anything is changed.
    pub question: &'static str,
    /// What did not happen if the answer is no.
    pub declined: &'static str,
    /// What precedes the count in the end.
    pub done: &'static str,
}

/// What to do, and to what.
pub(super) struct Bulk<'a> {
    /// The command.
    pub wording: &'static Wording,
    /// The API's path.
    pub path: &'a [&'a str],
    /// What to select, by the API's names. A `before` is added if it has none.
    pub selection: Vec<(&'static str, String)>,
    /// Whether only to count.
    pub dry_run: bool,
    /// Whether to do it without a question.
    pub yes: bool,
}

impl Bulk<'_> {
    /// Counts and asks, as the flags say, then does it.
    pub(super) async fn run(mut self, remote: &mut Remote, context: Context<'_>) -> Result<(), Failure> {
        let Wording { verb, .. } = self.wording;
        if !self.yes && !self.dry_run && !confirm::can_ask() {
            return Err(Failure::Usage(format!(
                "{verb} asks for confirmation, and standard input is not a terminal: add --yes, or --dry-run to count"
            )));
        }
        let scope = in_words(self.path, &self.selection);
        if !self.selection.iter().any(|(name, _)| *name == "before") {
            // Excludes what is accepted while somebody reads the count: it is not part of it.
            self.selection.push(("before", context.clock.now().to_string()));
        }
        if self.dry_run {
            return remote
                .show(self.call(true), |answer, _| {
                    format!("{}: {scope}.", self.wording.count(answer))
                })
                .await;
        }
        if !self.yes {
            let answer = remote.ask(self.call(true)).await?;
            eprintln!("{}: {scope}", self.wording.count(&answer));
            if is_nothing(&answer) {
                return Ok(());
            }
            if !confirm::is_yes(&confirm::ask(self.wording.question)?) {
                return Err(Failure::Failed(self.wording.declined.to_owned()));
            }
        }
        remote
            .show(self.call(false), |answer, _| {
                format!("{} {}.", self.wording.done, self.wording.count(answer))
            })
            .await
    }

    fn call(&self, dry_run: bool) -> Call<'_> {
        let selection = self.selection.iter();
        let named = selection.map(|(name, value)| ((*name).to_owned(), value.clone().into()));
        let mut body: Map<String, Value> = named.collect();
        if dry_run {
            body.insert("dry_run".to_owned(), true.into());
        }
        Call::new(Method::POST, self.path).json(&body.into())
    }
}

impl Wording {
    /// The count in a response: `23 events`, or `At least 23 events` if the server ended a count early.
    fn count(&self, answer: &Value) -> String {
        let (one, many) = self.counted;
        let count = counted(&answer["count"], one, many);
        match is_incomplete(answer) {
            true => format!("At least {count}"),
            false => count,
        }
    }
}

/// Whether the count in a response is a lower bound.
fn is_incomplete(answer: &Value) -> bool {
    answer["incomplete"] == Value::Bool(true)
}

/// Whether nothing matches. A count that ended early tells nothing of the rest.
fn is_nothing(answer: &Value) -> bool {
    answer["count"].as_u64() == Some(0) && !is_incomplete(answer)
}

/// The selection as people read it: `account acme, status failed, after 2026-01-31T09:30:00.000Z`.
fn in_words(path: &[&str], selection: &[(&'static str, String)]) -> String {
    let of = path.chunks_exact(2).filter(|pair| pair[0] != "deliveries");
    let of = of.map(|pair| format!("{} {}", pair[0].trim_end_matches('s'), pair[1]));
    let selection = selection
        .iter()
        .map(|(name, value)| format!("{} {value}", name.trim_end_matches("_id").replace('_', " ")));
    of.chain(selection).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SEND: Wording = Wording {
        verb: "send-missed",
        counted: ("event", "events"),
        question: "Send them?",
        declined: "nothing was sent",
        done: "Sending",
    };

    #[test]
    fn the_scope_is_described_in_words() {
        let filter = [
            ("status", "failed".to_owned()),
            ("action_id", "act_1".to_owned()),
            ("event_type", "a.b".to_owned()),
        ];
        assert_eq!(
            in_words(&["accounts", "acme", "deliveries", "replay"], &filter),
            "account acme, status failed, action act_1, event type a.b"
        );
        let path = ["accounts", "acme", "automations", "crm", "send-missed"];
        assert_eq!(
            in_words(&path, &filter[..1]),
            "account acme, automation crm, status failed"
        );
    }

    #[test]
    fn a_count_that_ended_early_is_shown_as_a_lower_bound() {
        assert_eq!(SEND.count(&json!({"count": 23})), "23 events");
        assert_eq!(
            SEND.count(&json!({"count": 1, "incomplete": true})),
            "At least 1 event"
        );
    }

    #[test]
    fn only_a_complete_count_of_zero_says_that_there_is_nothing_to_do() {
        assert!(is_nothing(&json!({"count": 0})));
        assert!(!is_nothing(&json!({"count": 0, "incomplete": true})));
        assert!(!is_nothing(&json!({"count": 1})));
    }
}
