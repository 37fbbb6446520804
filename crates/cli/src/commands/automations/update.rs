//! `postrider automations update`: the flags, and the merge patch (RFC 7396) that they describe.
//!
//! The API replaces `actions` as a whole. A flag that concerns an action is therefore applied to the action
//! as the server shows it, and all actions are sent back with their ids, so that they keep their record and
//! their secrets.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::create::{conditions_of, header, rate_limit, whole_seconds};
use crate::Failure;
use crate::commands::patch::Patch;
use crate::input;
use crate::values::comparison::Comparison;
use crate::values::retry_delays::RetryDelays;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  postrider automations update customer-42 tell-the-crm --name 'Tell the new CRM' --to https://crm2.example/hooks
  postrider automations update customer-42 tell-the-crm --on 'proposal.*' --only-if 'total >= 1000'
  postrider automations update customer-42 tell-the-crm --header 'Authorization: Bearer …' --unset-header X-Old
  postrider automations update customer-42 tell-the-crm --action act_01jh3qk8v2e9x9d5wq3m4n5p6r --timeout 30s
  postrider automations update customer-42 tell-the-crm --unset conditions --unset rate-limit
  postrider automations update customer-42 tell-the-crm --patch '{\"enabled\":false}'")]
pub(super) struct UpdateArgs {
    #[command(flatten)]
    pub one: super::OneArgs,

    /// The automation's name
    #[arg(long)]
    name: Option<String>,

    /// Your own id for the automation
    #[arg(long)]
    uid: Option<String>,

    /// What the automation is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,

    /// Members to change in the automation's metadata, as JSON; null removes one. `@FILE` reads a file, `-`
    /// standard input
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,

    /// The event types that trigger the automation from now on, such as `proposal.accepted`. Repeatable
    #[arg(long, value_name = "TYPE")]
    on: Vec<String>,

    /// A comparison that must hold for the event's data. Replaces all conditions. Repeatable: all must hold
    #[arg(long, value_name = "FIELD OPERATOR VALUE")]
    only_if: Vec<Comparison>,

    /// All conditions as the API's JSON. `@FILE` reads a file, `-` standard input
    #[arg(long, value_name = "JSON", conflicts_with = "only_if")]
    conditions: Option<String>,

    /// The automation's retry schedule in seconds, such as `10,100`, or `none`
    #[arg(long, value_name = "SECONDS,…")]
    retry_delays: Option<RetryDelays>,

    /// The id of the action that the following flags change [default: the only one]
    #[arg(long, value_name = "ID")]
    action: Option<String>,

    /// The URL of the webhook
    #[arg(long, value_name = "URL")]
    to: Option<String>,

    /// What the webhook's body holds
    #[arg(long, value_parser = ["envelope", "data", "cloudevents", "cloudevents_binary"])]
    body: Option<String>,

    /// How the webhook's body is serialised
    #[arg(long, value_parser = ["js", "python", "raw"])]
    body_style: Option<String>,

    /// A template for the webhook's body, in Jinja's language. `@FILE` reads a file, `-` standard input
    #[arg(long, value_name = "TEMPLATE", conflicts_with_all = ["body", "body_style"])]
    template: Option<String>,

    /// A header to add or to replace, whose value is a secret. Repeatable
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(String, String)>,

    /// A header to add or to replace, whose value is shown. Repeatable
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    plain_header: Vec<(String, String)>,

    /// A header to remove. Repeatable
    #[arg(long, value_name = "NAME")]
    unset_header: Vec<String>,

    /// The timeout of one attempt, in whole seconds
    #[arg(long, value_name = "DURATION", value_parser = whole_seconds)]
    timeout: Option<u64>,

    /// How often the action may be called, such as `100/60s`
    #[arg(long, value_name = "REQUESTS/DURATION", value_parser = rate_limit)]
    rate_limit: Option<(u32, u64)>,

    /// The signature profile
    #[arg(long, value_name = "NAME")]
    signature_profile: Option<String>,

    /// The id of the connection that authenticates the requests
    #[arg(long, value_name = "ID")]
    connection: Option<String>,

    /// The recipients of the e-mail. Repeatable, or separated by commas
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    email: Vec<String>,

    /// The template of the e-mail's subject
    #[arg(long, value_name = "TEMPLATE")]
    subject: Option<String>,

    /// The template of the e-mail's text. `@FILE` reads a file, `-` standard input
    #[arg(long, value_name = "TEMPLATE")]
    text: Option<String>,

    /// Remove a value, so that the default holds. Repeatable
    #[arg(long, value_name = "WHAT", value_parser = [
        "uid", "description", "metadata", "conditions", "retry-delays", "timeout", "rate-limit",
        "signature-profile", "connection",
    ])]
    unset: Vec<String>,

    /// The merge patch as the API's JSON, instead of the flags. `@FILE` reads a file, `-` standard input
    #[arg(long, value_name = "JSON", conflicts_with_all = [
        "name", "uid", "description", "metadata", "on", "only_if", "conditions", "retry_delays", "action", "to",
        "body", "body_style", "template", "header", "plain_header", "unset_header", "timeout", "rate_limit",
        "signature_profile", "connection", "email", "subject", "text", "unset",
    ])]
    patch: Option<String>,
}

/// Members of an action that `--unset` removes, by its names.
const OF_ACTION: [(&str, &str); 4] = [
    ("timeout", "timeout_s"),
    ("rate-limit", "rate_limit"),
    ("signature-profile", "signature_profile"),
    ("connection", "connection_id"),
];

/// The automation as the server shows it, as far as a patch depends on it.
#[derive(Deserialize)]
struct Shown<'a> {
    #[serde(borrow)]
    trigger: Trigger<'a>,
    actions: Vec<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Trigger<'a> {
    #[serde(borrow)]
    conditions: Option<&'a RawValue>,
}

impl UpdateArgs {
    /// Whether the patch depends on the automation as it is.
    pub fn needs_current(&self) -> bool {
        self.changes_action() || self.changes_conditions()
    }

    /// The request's body; `current` is the automation as the server shows it, if the patch depends on it.
    pub fn body(&self, current: &str) -> Result<String, Failure> {
        if let Some(patch) = &self.patch {
            return input::json("--patch", patch);
        }
        let shown: Option<Shown<'_>> = match self.needs_current() {
            true => Some(serde_json::from_str(current).map_err(|error| {
                Failure::Failed(format!("the server sent an invalid automation: {error}"))
            })?),
            false => None,
        };
        let mut patch = Patch::default();
        patch.text("name", "--name", self.name.as_deref());
        patch.text("uid", "--uid", self.uid.as_deref());
        patch.text("description", "--description", self.description.as_deref());
        let metadata = self.metadata.as_deref();
        let metadata = metadata.map(|metadata| input::json("--metadata", metadata));
        patch.json("metadata", "--metadata", metadata.transpose()?);
        let delays = self.retry_delays.as_ref();
        let delays = delays.map(|delays| json!(delays.schedule().delays_s()).to_string());
        patch.json("retry_delays_s", "--retry-delays", delays);
        patch.json("trigger", "--on", self.trigger(shown.as_ref())?);
        if let Some(shown) = shown.filter(|_| self.changes_action()) {
            patch.json("actions", "--action", Some(self.actions(shown.actions)?));
        }
        for name in &self.unset {
            match name.as_str() {
                "retry-delays" => patch.unset("retry_delays_s", name),
                "uid" | "description" | "metadata" => patch.unset(name, name),
                _ => {}
            }
        }
        patch.finish()
    }

    fn unsets(&self, name: &str) -> bool {
        self.unset.iter().any(|it| it == name)
    }

    fn changes_conditions(&self) -> bool {
        !self.only_if.is_empty() || self.conditions.is_some() || self.unsets("conditions")
    }

    fn changes_action(&self) -> bool {
        let texts = [
            &self.action,
            &self.to,
            &self.body,
            &self.body_style,
            &self.template,
            &self.signature_profile,
            &self.connection,
            &self.subject,
            &self.text,
        ];
        texts.into_iter().any(Option::is_some)
            || !(self.header.is_empty() && self.plain_header.is_empty() && self.unset_header.is_empty())
            || !self.email.is_empty()
            || self.timeout.is_some()
            || self.rate_limit.is_some()
            || OF_ACTION.iter().any(|(name, _)| self.unsets(name))
    }

    /// The patch of the trigger, if the flags change it. A merge keeps members that it does not name, so
    /// those of the current conditions that the new ones do not have are removed by name.
    fn trigger(&self, shown: Option<&Shown<'_>>) -> Result<Option<String>, Failure> {
        let mut members = Vec::new();
        if !self.on.is_empty() {
            members.push(format!("\"event_types\":{}", json!(self.on)));
        }
        let new = conditions_of(&self.only_if, self.conditions.as_deref())?;
        match (new, self.unsets("conditions")) {
            (Some(_), true) => {
                return Err(Failure::Usage(
                    "conditions and --unset conditions contradict each other".to_owned(),
                ));
            }
            (None, true) => members.push("\"conditions\":null".to_owned()),
            (None, false) => {}
            (Some(new), false) => {
                let of = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default();
                let kept = of(&new);
                let current = shown.and_then(|shown| shown.trigger.conditions);
                let gone = current.map(|current| of(current.get())).unwrap_or_default();
                let gone = gone.keys().filter(|name| !kept.contains_key(*name));
                let nulls: String = gone.map(|name| format!("{}:null,", json!(name))).collect();
                let rest = new.trim_start().strip_prefix('{').unwrap_or(&new);
                members.push(format!("\"conditions\":{{{nulls}{rest}"));
            }
        }
        Ok((!members.is_empty()).then(|| format!("{{{}}}", members.join(","))))
    }

    /// All actions, with the changes of the flags in one of them.
    fn actions(&self, mut actions: Vec<Map<String, Value>>) -> Result<String, Failure> {
        let count = actions.len();
        let chosen = match &self.action {
            Some(id) => actions.iter_mut().find(|action| action["id"] == **id),
            None if count == 1 => actions.first_mut(),
            None => {
                return Err(Failure::Usage(format!(
                    "the automation has {count} actions: say which one with --action ID"
                )));
            }
        };
        let Some(action) = chosen else {
            return Err(Failure::Usage(
                "--action: the automation has no action with this id".to_owned(),
            ));
        };
        self.change(action)?;
        Ok(json!(actions).to_string())
    }

    fn change(&self, action: &mut Map<String, Value>) -> Result<(), Failure> {
        let mut set = |member: &str, value: Value| {
            action.insert(member.to_owned(), value);
        };
        for (name, member) in OF_ACTION {
            if self.unsets(name) {
                set(member, Value::Null);
            }
        }
        let texts = [
            ("url", &self.to),
            ("body", &self.body),
            ("body_style", &self.body_style),
            ("signature_profile", &self.signature_profile),
            ("connection_id", &self.connection),
            ("subject", &self.subject),
        ];
        for (member, value) in texts {
            if let Some(value) = value {
                set(member, value.clone().into());
            }
        }
        if self.body.is_some() {
            set("template", Value::Null);
            set("content_type", Value::Null);
        }
        if let Some(template) = &self.template {
            set("body", "template".into());
            set("template", input::text("--template", template)?.into());
        }
        if let Some(text) = &self.text {
            set("text", input::text("--text", text)?.into());
        }
        if !self.email.is_empty() {
            set("to", json!(self.email));
        }
        if let Some(timeout_s) = self.timeout {
            set("timeout_s", timeout_s.into());
        }
        if let Some((requests, per_s)) = self.rate_limit {
            set("rate_limit", json!({"requests": requests, "per_s": per_s}));
        }
        self.change_headers(action);
        Ok(())
    }

    /// Header names are compared without regard to case.
    fn change_headers(&self, action: &mut Map<String, Value>) {
        let (header, plain) = (&self.header, &self.plain_header);
        if header.is_empty() && plain.is_empty() && self.unset_header.is_empty() {
            return;
        }
        let mut headers = action["headers"].as_object().cloned().unwrap_or_default();
        let shown = action.get("plain_headers").and_then(Value::as_array);
        let mut shown: Vec<Value> = shown.cloned().unwrap_or_default();
        let named = header.iter().chain(plain).map(|(name, _)| name);
        for gone in named.chain(&self.unset_header) {
            headers.retain(|name, _| !name.eq_ignore_ascii_case(gone));
            shown.retain(|name| !name.as_str().is_some_and(|name| name.eq_ignore_ascii_case(gone)));
        }
        for (name, value) in header.iter().chain(plain) {
            headers.insert(name.clone(), value.clone().into());
        }
        shown.extend(plain.iter().map(|(name, _)| Value::from(name.as_str())));
        action.insert("headers".to_owned(), headers.into());
        action.insert("plain_headers".to_owned(), shown.into());
    }
}

#[cfg(test)]
mod tests;
