//! The flags that describe an automation, and the JSON they make.

use serde_json::{Map, Value, json};

use crate::Failure;
use crate::input;
use crate::values::duration;
use crate::values::retry_delays::RetryDelays;

#[derive(Debug, clap::Args)]
pub(super) struct CreateArgs {
    /// The account's id or uid
    pub account: String,

    /// What people call it
    #[arg(long, required_unless_present = "definition")]
    name: Option<String>,

    /// An event type that sets it off, such as `proposal.accepted`, `proposal.*` or `*`. Can be given more than once
    #[arg(long, value_name = "TYPE", required_unless_present = "definition")]
    on: Vec<String>,

    /// Where a webhook goes. Can be given more than once: one action each
    #[arg(long, value_name = "URL", required_unless_present = "definition")]
    to: Vec<String>,

    /// What the body holds: the envelope with id, type, timestamp and data, or data alone
    #[arg(long, value_parser = ["envelope", "data"], default_value = "envelope")]
    body: String,

    /// What the receiver re-serialises to where it does not sign the bytes as received: JSON.stringify (js),
    /// json.dumps (python); raw sends the producer's bytes
    #[arg(long, value_parser = ["js", "python", "raw"], default_value = "js")]
    body_style: String,

    /// A further header of the request. Can be given more than once
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(String, String)>,

    /// How long one attempt may take in all, in whole seconds; the installation's setting unless given
    #[arg(long, value_name = "DURATION", value_parser = whole_seconds)]
    timeout: Option<u64>,

    /// A retry schedule of its own, such as `10,100`, or `none`
    #[arg(long, value_name = "SECONDS,…")]
    retry_delays: Option<RetryDelays>,

    /// Make it switched off
    #[arg(long)]
    disabled: bool,

    /// The whole automation as the API takes it, in place of the flags; `@FILE` and `-` read it from a file or
    /// standard input
    #[arg(long, value_name = "JSON", conflicts_with_all = [
        "name", "on", "to", "body", "body_style", "header", "timeout", "retry_delays", "disabled",
    ])]
    definition: Option<String>,
}

impl CreateArgs {
    /// The request's body.
    pub fn body(&self) -> Result<String, Failure> {
        if let Some(definition) = &self.definition {
            return input::json("--definition", definition);
        }
        let mut body = Map::new();
        body.insert("name".to_owned(), self.name.clone().into());
        body.insert("enabled".to_owned(), (!self.disabled).into());
        body.insert("trigger".to_owned(), json!({ "event_types": self.on }));
        body.insert(
            "actions".to_owned(),
            self.to.iter().map(|url| self.action(url)).collect(),
        );
        if let Some(delays) = &self.retry_delays {
            body.insert("retry_delays_s".to_owned(), delays.schedule().delays_s().into());
        }
        Ok(Value::from(body).to_string())
    }

    fn action(&self, url: &str) -> Value {
        let headers: Map<_, _> = self
            .header
            .iter()
            .map(|(name, value)| (name.clone(), value.clone().into()))
            .collect();
        let mut action = json!({
            "type": "send_webhook", "url": url, "body": self.body, "body_style": self.body_style, "headers": headers,
        });
        if let Some(timeout_s) = self.timeout {
            action["timeout_s"] = timeout_s.into();
        }
        action
    }
}

fn header(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once(':').ok_or("expected `Name: value`")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn whole_seconds(text: &str) -> Result<u64, String> {
    let duration = duration::parse(text).map_err(|error| error.to_string())?;
    if duration.subsec_nanos() == 0 {
        Ok(duration.as_secs())
    } else {
        Err("expected whole seconds".to_owned())
    }
}
