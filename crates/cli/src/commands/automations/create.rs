//! The flags that describe an automation, and the JSON that the command builds from them.

use serde_json::{Map, Value, json};

use crate::Failure;
use crate::input;
use crate::values::comparison::Comparison;
use crate::values::retry_delays::RetryDelays;
use postrider_model::duration;

#[derive(Debug, clap::Args)]
pub(super) struct CreateArgs {
    /// The account's id or uid
    pub account: String,

    /// The automation's name
    #[arg(long, required_unless_present = "definition")]
    name: Option<String>,

    /// Your own id for the automation, unique in the account. Commands accept it in place of the id
    #[arg(long)]
    uid: Option<String>,

    /// What the automation is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,

    /// An event type that triggers the automation, such as `proposal.accepted`, `proposal.*` or `*`.
    /// Repeatable
    #[arg(long, value_name = "TYPE", required_unless_present = "definition")]
    on: Vec<String>,

    /// A comparison that must hold for the event's data, such as `total >= 1000`. Repeatable: all must hold
    #[arg(long, value_name = "FIELD OPERATOR VALUE")]
    only_if: Vec<Comparison>,

    /// Conditions as the API's JSON, for `any`, `not` and nested ones. `@FILE` reads a file, `-` standard
    /// input
    #[arg(long, value_name = "JSON", conflicts_with = "only_if")]
    conditions: Option<String>,

    /// The URL of a webhook action. Repeatable: each URL becomes one action
    #[arg(long, value_name = "URL", required_unless_present_any = ["definition", "email"])]
    to: Vec<String>,

    /// A recipient of an e-mail action, at most 10. Repeatable, or separated by commas: all get one message
    #[arg(
        long,
        value_name = "ADDRESS",
        value_delimiter = ',',
        requires = "subject",
        requires = "text"
    )]
    email: Vec<String>,

    /// A template for the e-mail's subject, in Jinja's language: `{{ data.title }} was accepted`
    #[arg(long, value_name = "TEMPLATE", requires = "email")]
    subject: Option<String>,

    /// A template for the e-mail's text, in Jinja's language. `@FILE` reads a file, `-` standard input
    #[arg(long, value_name = "TEMPLATE", requires = "email")]
    text: Option<String>,

    /// Keep the query of the URLs secret: sealed, and `••••` wherever the URL is shown
    #[arg(long)]
    secret_query: bool,

    /// The request body: the envelope (id, type, timestamp and data), `data` alone, or a CloudEvent 1.0 in
    /// structured or in binary mode
    #[arg(long, value_parser = ["envelope", "data", "cloudevents", "cloudevents_binary"], default_value = "envelope")]
    body: String,

    /// A template for the request body, in Jinja's language: `{"text": "{{ data.title }}"}`. `@FILE` reads a
    /// file, `-` standard input
    #[arg(long, value_name = "TEMPLATE", conflicts_with_all = ["body", "body_style"])]
    template: Option<String>,

    /// The content type of the template's output [default: application/json]
    #[arg(long, value_name = "TYPE", requires = "template")]
    content_type: Option<String>,

    /// For receivers that sign the re-serialised body instead of the received bytes: `js` for JSON.stringify,
    /// `python` for json.dumps. `raw` sends the producer's bytes
    #[arg(long, value_parser = ["js", "python", "raw"], default_value = "js")]
    body_style: String,

    /// An additional request header, whose value is a secret that nobody can read again. Repeatable
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(String, String)>,

    /// An additional request header, whose value is shown with the automation and its attempts. Repeatable
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    plain_header: Vec<(String, String)>,

    /// The timeout of one attempt, in whole seconds [default: the server's attempt_timeout]
    #[arg(long, value_name = "DURATION", value_parser = whole_seconds)]
    timeout: Option<u64>,

    /// How often each action may be called, such as `100/60s`: 100 requests in 60 seconds, spaced evenly. Any
    /// 60 seconds may see up to a tenth more [default: no limit; for an e-mail, 60/60s]
    #[arg(long, value_name = "REQUESTS/DURATION", value_parser = rate_limit)]
    rate_limit: Option<(u32, u64)>,

    /// Which headers sign the webhooks: `standard`, `svix`, `github`, `stripe`, `shopify`, or a profile of
    /// the server's settings [default: the server's signature_profile]
    #[arg(long, value_name = "NAME")]
    signature_profile: Option<String>,

    /// Give each action a signing key of its own, instead of the account's
    #[arg(long, value_name = "ALGORITHM", value_parser = ["hmac", "ed25519"])]
    own_key: Option<String>,

    /// The id of the connection that authenticates the requests [default: none]
    #[arg(long, value_name = "ID")]
    connection: Option<String>,

    /// The automation's retry schedule: delays in seconds (`10,100`) or with a unit (`10s,5m,1h`), or `none`
    /// [default: the account's]
    #[arg(long, value_name = "DELAYS")]
    retry_delays: Option<RetryDelays>,

    /// Create the automation disabled
    #[arg(long)]
    disabled: bool,

    /// The whole automation as the API's JSON, instead of the flags. `@FILE` reads a file, `-` standard input
    #[arg(long, value_name = "JSON", conflicts_with_all = [
        "name", "uid", "description", "on", "only_if", "conditions", "to", "email", "subject", "text", "secret_query", "body", "template", "content_type", "body_style", "header", "plain_header", "timeout", "rate_limit", "retry_delays",
         "signature_profile", "own_key",
         "connection",
        "disabled",
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
        for (member, value) in [("uid", &self.uid), ("description", &self.description)] {
            if let Some(value) = value {
                body.insert(member.to_owned(), value.clone().into());
            }
        }
        body.insert("enabled".to_owned(), (!self.disabled).into());
        let template = self
            .template
            .as_deref()
            .map(|template| input::text("--template", template));
        let template = template.transpose()?;
        body.insert(
            "actions".to_owned(),
            self.to
                .iter()
                .map(|url| self.action(url, template.as_deref()))
                .chain(self.email_action()?)
                .collect(),
        );
        if let Some(delays) = &self.retry_delays {
            body.insert("retry_delays_s".to_owned(), delays.schedule().delays_s().into());
        }
        let trigger = json!({ "event_types": self.on }).to_string();
        let mut body = Value::from(body).to_string();
        body.pop();
        match conditions_of(&self.only_if, self.conditions.as_deref())? {
            // Inserted as text, so that no number loses a digit.
            Some(conditions) => {
                let trigger = trigger.trim_end_matches('}');
                body.push_str(&format!(",\"trigger\":{trigger},\"conditions\":{conditions}}}}}"));
            }
            None => body.push_str(&format!(",\"trigger\":{trigger}}}")),
        }
        Ok(body)
    }

    /// The action that sends an e-mail, if the flags describe one.
    fn email_action(&self) -> Result<Option<Value>, Failure> {
        let Some(text) = self.text.as_deref().filter(|_| !self.email.is_empty()) else {
            return Ok(None);
        };
        let mut action = json!({
            "type": "send_email", "to": self.email, "subject": self.subject, "text": input::text("--text", text)?,
        });
        self.limit(&mut action);
        Ok(Some(action))
    }

    fn limit(&self, action: &mut Value) {
        if let Some((requests, per_s)) = self.rate_limit {
            action["rate_limit"] = json!({ "requests": requests, "per_s": per_s });
        }
    }

    fn action(&self, url: &str, template: Option<&str>) -> Value {
        let headers: Map<_, _> = self
            .header
            .iter()
            .chain(&self.plain_header)
            .map(|(name, value)| (name.clone(), value.clone().into()))
            .collect();
        let plain: Vec<_> = self.plain_header.iter().map(|(name, _)| name).collect();
        let mut action = json!({
            "type": "send_webhook", "url": url, "body": self.body, "body_style": self.body_style, "headers": headers,
        });
        if let Some(template) = template {
            action["body"] = "template".into();
            action["template"] = template.into();
            action["content_type"] = json!(self.content_type);
        }
        if self.secret_query {
            action["secret_query"] = true.into();
        }
        if !plain.is_empty() {
            action["plain_headers"] = json!(plain);
        }
        if let Some(timeout_s) = self.timeout {
            action["timeout_s"] = timeout_s.into();
        }
        if let Some(profile) = &self.signature_profile {
            action["signature_profile"] = profile.clone().into();
        }
        if let Some(algorithm) = &self.own_key {
            action["signing_key"] = format!("own_{algorithm}").into();
        }
        if let Some(connection) = &self.connection {
            action["connection_id"] = connection.clone().into();
        }
        self.limit(&mut action);
        action
    }
}

/// The conditions that the flags describe, as JSON, if they describe some.
pub(super) fn conditions_of(
    only_if: &[Comparison],
    conditions: Option<&str>,
) -> Result<Option<String>, Failure> {
    if let Some(conditions) = conditions {
        return input::json("--conditions", conditions).map(Some);
    }
    let rows: Vec<_> = only_if.iter().map(Comparison::json).collect();
    Ok((!rows.is_empty()).then(|| format!("{{\"all\":[{}]}}", rows.join(","))))
}

pub(in crate::commands) fn header(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once(':').ok_or("expected `Name: value`")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

pub(super) fn rate_limit(text: &str) -> Result<(u32, u64), String> {
    let (requests, time) = text
        .split_once('/')
        .ok_or("expected requests and a time, such as `100/60s`")?;
    let requests = requests
        .trim()
        .parse()
        .map_err(|_| "expected a number of requests, such as `100/60s`")?;
    Ok((requests, whole_seconds(time.trim())?))
}

pub(super) fn whole_seconds(text: &str) -> Result<u64, String> {
    let duration = duration::parse(text).map_err(|error| error.to_string())?;
    if duration.subsec_nanos() == 0 {
        Ok(duration.as_secs())
    } else {
        Err("expected whole seconds, such as `15s`".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        create: CreateArgs,
    }

    /// The rate limits of the actions that a command line with this `--rate-limit` creates.
    fn rate_limits(text: &str) -> Result<Vec<Value>, String> {
        let line = [
            "create",
            "acct",
            "--name",
            "n",
            "--on",
            "*",
            "--to",
            "https://a.example",
            "--to",
        ];
        let end = ["https://b.example", "--rate-limit", text];
        let parsed = <Command as clap::Parser>::try_parse_from(line.into_iter().chain(end));
        let command = parsed.map_err(|error| error.to_string())?;
        let body: Value = serde_json::from_str(&command.create.body().unwrap()).unwrap();
        let actions = body["actions"].as_array().unwrap();
        Ok(actions
            .iter()
            .map(|action| action["rate_limit"].clone())
            .collect())
    }

    #[test]
    fn a_rate_limit_is_set_for_each_action() {
        let both = |requests, per_s| {
            let limit = json!({"requests": requests, "per_s": per_s});
            Ok(vec![limit.clone(), limit])
        };
        assert_eq!(rate_limits("100/60s"), both(100, 60));
        assert_eq!(rate_limits("1 / 1h"), both(1, 3_600));
    }

    #[test]
    fn an_email_needs_recipients_a_subject_and_a_text() {
        let parse = |rest: &[&str]| {
            let line = ["create", "acct", "--name", "n", "--on", "*"];
            <Command as clap::Parser>::try_parse_from(line.iter().chain(rest))
        };
        let flags = [
            "--email",
            "a@x.example,b@x.example",
            "--subject",
            "{{ data.a }}",
            "--text",
            "t",
        ];
        let command = parse(&flags).map_err(|error| error.to_string()).unwrap();
        let body: Value = serde_json::from_str(&command.create.body().unwrap()).unwrap();
        let action = json!({
            "type": "send_email", "to": ["a@x.example", "b@x.example"], "subject": "{{ data.a }}", "text": "t",
        });
        assert_eq!(body["actions"], json!([action]));
        for incomplete in [&flags[..2], &flags[..4], &flags[2..], &[]] {
            assert!(parse(incomplete).is_err(), "{incomplete:?}");
        }
    }

    #[test]
    fn a_rate_limit_that_cannot_be_read_is_refused() {
        for (text, reason) in [
            ("100", "expected requests and a time, such as `100/60s`"),
            ("many/60s", "expected a number of requests, such as `100/60s`"),
            ("100/500ms", "expected whole seconds"),
            ("100/soon", "invalid value"),
        ] {
            let refused = rate_limits(text).unwrap_err();
            assert!(refused.contains(reason), "{refused}");
        }
    }
}
