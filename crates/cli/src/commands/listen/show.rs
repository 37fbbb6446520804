//! What `listen` prints: how it begins, a line for each request, and totals.

use std::io::Write as _;
use std::sync::Arc;

use postrider_model::{Clock, Outcome};
use serde_json::json;

use super::automation::Listened;
use super::forward::Forwarded;
use super::local_url::LocalUrl;
use super::nodes::Nodes;
use crate::Failure;
use crate::display::{Screen, printable};

/// Most lines of a response that is not a success.
const BODY_LINES_MAX: usize = 5;

/// Longest line of such a response, in characters.
const LINE_CHARACTERS_MAX: usize = 160;

/// Standard output, and counts.
pub(super) struct Show {
    screen: Screen,
    is_json: bool,
    clock: Arc<dyn Clock>,
    requests: u64,
    succeeded: u64,
}

impl Show {
    /// Nothing has happened yet.
    pub fn new(is_json: bool, clock: Arc<dyn Clock>) -> Self {
        Self {
            screen: Screen::new(),
            is_json,
            clock,
            requests: 0,
            succeeded: 0,
        }
    }

    /// The command is ready.
    pub fn begin(
        &self,
        listened: &Listened,
        url: &LocalUrl,
        on: &[String],
        nodes: &Nodes,
    ) -> Result<(), Failure> {
        let paint = self.screen.paint();
        let Listened { account, id, .. } = listened;
        let types = match on {
            [] => String::new(),
            on => format!(" {}", on.join(", ")),
        };
        let key = match listened.differs_in_key {
            true => "The account's key signs them, not the action's own key",
            false => "The account's key signs them, as in production",
        };
        self.say(&format!(
            "Forwarding the events{} of {} to {}\n{key}: postrider keys show {account}\n{}",
            printable(&types),
            paint.bold(&printable(account)),
            paint.bold(&printable(&url.to_string())),
            paint.dim(&format!(
                "Automation {id}, which is deleted at the end. Press ctrl-c to end."
            )),
        ))?;
        let (met, all) = nodes.count();
        if all > 1 {
            self.nodes_in_words(met, all)?;
        }
        self.say("Ready.\n")
    }

    /// At how many nodes the command listens.
    pub fn nodes(&self, nodes: &Nodes) -> Result<(), Failure> {
        let (met, all) = nodes.count();
        self.nodes_in_words(met, all)
    }

    fn nodes_in_words(&self, met: usize, all: usize) -> Result<(), Failure> {
        let paint = self.screen.paint();
        let text = format!("Connected to {met} of {all} nodes");
        self.say(&if met < all {
            paint.yellow(&format!(
                "{text}. Events that another node delivers do not arrive: call the nodes through a load balancer \
                 that takes turns."
            ))
        } else {
            paint.dim(&text)
        })
    }

    /// The server is out of reach.
    pub fn lost(&self) -> Result<(), Failure> {
        self.say(
            &self
                .screen
                .paint()
                .yellow("The connection is lost; trying again."),
        )
    }

    /// A request was forwarded.
    pub fn forwarded(&mut self, forwarded: &Forwarded) -> Result<(), Failure> {
        self.requests += 1;
        self.succeeded += u64::from(forwarded.response.outcome == Outcome::Succeeded);
        if self.is_json {
            return self.screen.print(&self.json(forwarded));
        }
        let mut text = self.line(forwarded);
        if forwarded.response.outcome != Outcome::Succeeded {
            text.push_str(&self.body(&forwarded.response.body));
        }
        if let Some(reason) = &forwarded.not_recorded {
            let reason = format!("not on record: {}", printable(reason));
            text.push_str(&format!("\n  {}", self.screen.paint().red(&reason)));
        }
        self.screen.print(&text)
    }

    fn line(&self, forwarded: &Forwarded) -> String {
        let paint = self.screen.paint();
        let response = &forwarded.response;
        let at = self.clock.wall().to_string();
        let status = match (response.outcome, response.status_code) {
            (Outcome::Succeeded, Some(status)) => paint.green(&format!("HTTP {status}")),
            (Outcome::BadStatus, Some(status)) => paint.red(&format!("HTTP {status}")),
            (outcome, _) => paint.red(outcome.as_str()),
        };
        let error = response.error.as_deref();
        let error = error
            .map(|error| format!(" ({})", printable(error)))
            .unwrap_or_default();
        format!(
            "{}  {}  {}  attempt {}  {status}{error} in {} ms",
            paint.dim(at.get(11..23).unwrap_or_default()),
            printable(header(forwarded, "webhook-id")),
            paint.cyan(&printable(header(forwarded, "-event-type"))),
            printable(header(forwarded, "-attempt")),
            forwarded.took.as_millis(),
        )
    }

    /// The beginning of the response, which says what went wrong.
    fn body(&self, body: &[u8]) -> String {
        let text = String::from_utf8_lossy(body);
        let lines = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .take(BODY_LINES_MAX);
        let bar = self.screen.paint().dim("│");
        lines
            .map(|line| {
                let line: String = line.chars().take(LINE_CHARACTERS_MAX).collect();
                format!("\n  {bar} {}", printable(&line))
            })
            .collect()
    }

    fn json(&self, forwarded: &Forwarded) -> String {
        let response = &forwarded.response;
        json!({
            "at": self.clock.wall().to_string(),
            "event_id": header(forwarded, "webhook-id"),
            "event_type": header(forwarded, "-event-type"),
            "delivery_id": header(forwarded, "-delivery-id"),
            "attempt": header(forwarded, "-attempt").parse::<u32>().ok(),
            "outcome": response.outcome.as_str(),
            "status_code": response.status_code,
            "error": response.error,
            "duration_ms": u64::try_from(forwarded.took.as_millis()).unwrap_or(u64::MAX),
            "is_recorded": forwarded.not_recorded.is_none(),
        })
        .to_string()
    }

    /// The totals, at the end.
    pub fn summary(&self, listened: &Listened) -> Result<(), Failure> {
        let Listened { account, id, .. } = listened;
        let requests = match self.requests {
            1 => "1 request".to_owned(),
            many => format!("{many} requests"),
        };
        let record = match self.requests {
            0 => String::new(),
            _ => format!(" On record: postrider deliveries list {account} --automation {id}"),
        };
        self.say(&format!("\n{requests}, {} succeeded.{record}", self.succeeded))
    }

    /// Prints what is not about a request: with `--json`, on standard error.
    fn say(&self, text: &str) -> Result<(), Failure> {
        if !self.is_json {
            return self.screen.print(text);
        }
        // The terminal may be closed.
        let _ = writeln!(std::io::stderr(), "{}", text.trim());
        Ok(())
    }
}

/// The value of a header whose name is `name`, or ends with it: the installation chooses the prefix.
fn header<'a>(forwarded: &'a Forwarded, name: &str) -> &'a str {
    let is_it = |own: &str| match name.starts_with('-') {
        true => own.to_ascii_lowercase().ends_with(name),
        false => own.eq_ignore_ascii_case(name),
    };
    let found = forwarded.headers.iter().find(|(own, _)| is_it(own));
    found.map_or("", |(_, value)| value)
}
