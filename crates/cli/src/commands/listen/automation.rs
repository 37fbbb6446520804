//! The automation that `listen` creates for the time that it runs.

use http::Method;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::Args;
use crate::Failure;
use crate::client::Call;
use crate::commands::remote::Remote;
use crate::display::cell;

/// The domain by which the server knows URLs that one listens to.
const DOMAIN: &str = "listen.invalid";

/// The uid of the account of `--test-account`.
const TEST_ACCOUNT: &str = "listen-test";

/// Longest part of the machine's name in a uid, so that the uid is a label of a host name.
const MACHINE_CHARACTERS_MAX: usize = 30;

/// Members of an action that `--like` takes over: those that make the body and the headers. Others are
/// secrets, or concern the receiver.
const LIKE: [&str; 7] = [
    "body",
    "body_style",
    "template",
    "content_type",
    "signature_profile",
    "timeout_s",
    "plain_headers",
];

/// What the command listens to.
#[derive(Debug)]
pub(super) struct Listened {
    /// The account, as the user named it.
    pub account: String,
    /// The automation's id.
    pub id: String,
    /// Whether requests are signed with a key that the automation of `--like` does not use.
    pub differs_in_key: bool,
}

impl Listened {
    /// The path of the automation behind `/v1`.
    pub fn path(&self) -> [String; 4] {
        let segments = ["accounts", &self.account, "automations", &self.id];
        segments.map(str::to_owned)
    }
}

/// An automation that another one is to be like.
#[derive(Deserialize)]
struct Model<'a> {
    #[serde(borrow)]
    trigger: &'a RawValue,
    actions: Vec<Map<String, Value>>,
}

/// Creates the automation. One that an earlier run on this machine left behind is replaced.
pub(super) async fn create(args: &Args, remote: &mut Remote) -> Result<Listened, Failure> {
    let account = match &args.account {
        Some(account) => account.clone(),
        None => test_account(remote).await?,
    };
    let machine = machine();
    let uid = uid(&machine, &args.forward_to.to_string());
    let url = format!("https://{uid}.{DOMAIN}{}", args.forward_to.target());
    let mut action = json!({ "type": "send_webhook", "url": url });
    let mut trigger = None;
    let mut differs_in_key = false;
    if let Some(like) = &args.like {
        let call = Call::new(Method::GET, &["accounts", &account, "automations", like]);
        let response = remote.response(call).await?;
        let model: Model<'_> = serde_json::from_str(&response.text)
            .map_err(|error| Failure::Failed(format!("the server sent an invalid automation: {error}")))?;
        differs_in_key = take_over(&model, &mut action)?;
        trigger = Some(model.trigger.get().to_owned());
    }
    for (member, value) in [
        ("body", &args.body),
        ("body_style", &args.body_style),
        ("signature_profile", &args.signature_profile),
    ] {
        if let Some(value) = value {
            action[member] = value.clone().into();
        }
    }
    let trigger = match (trigger, args.on.as_slice()) {
        (Some(trigger), []) => trigger,
        (_, []) => json!({"event_types": ["*"]}).to_string(),
        (_, on) => json!({ "event_types": on }).to_string(),
    };
    let name = format!("postrider listen: {}", args.forward_to);
    let description = format!("Runs on {machine}. Deleted when the command ends.");
    // The trigger is inserted as text, so that no number of its conditions loses a digit.
    let body = format!(
        "{{\"name\":{},\"description\":{},\"actions\":{},\"trigger\":{trigger}}}",
        json!(shortened(&name, 256)),
        json!(description),
        json!([action]),
    );
    let path = ["accounts", &account, "automations", &uid];
    // The action of an earlier run may have been switched off, and would stay off.
    match remote.ask(Call::new(Method::DELETE, &path)).await {
        Err(Failure::Problem(problem)) if problem.code() == Some("automation_not_found") => {}
        other => drop(other?),
    }
    let created = remote.ask(Call::new(Method::PUT, &path).body(body)).await?;
    Ok(Listened {
        account,
        id: cell(&created["id"]),
        differs_in_key,
    })
}

/// Deletes the automation, and cancels what was not delivered.
pub(super) async fn delete(listened: &Listened, remote: &mut Remote) -> Result<(), Failure> {
    let path = listened.path();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match remote.ask(Call::new(Method::DELETE, &path)).await {
        Err(Failure::Problem(problem)) if problem.code() == Some("automation_not_found") => Ok(()),
        other => other.map(drop),
    }
}

/// Makes the action like the first webhook of the automation. Whether that one has a key of its own.
fn take_over(model: &Model<'_>, action: &mut Value) -> Result<bool, Failure> {
    let webhook = model.actions.iter().find(|it| it["type"] == "send_webhook");
    let webhook =
        webhook.ok_or_else(|| Failure::Usage("--like: the automation sends no webhooks".to_owned()))?;
    for member in LIKE {
        if let Some(value) = webhook.get(member) {
            action[member] = value.clone();
        }
    }
    let plain = webhook.get("plain_headers").and_then(Value::as_array);
    let is_plain = |name: &str| plain.is_some_and(|plain| plain.iter().any(|it| it == name));
    let headers = webhook.get("headers").and_then(Value::as_object);
    let shown = headers.into_iter().flatten().filter(|(name, _)| is_plain(name));
    action["headers"] = shown
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect::<Map<_, _>>()
        .into();
    Ok(webhook.get("signing_key").is_some_and(|key| key != "account"))
}

/// The uid of the test account, which exists afterwards. Only creating it needs the permission `admin`.
async fn test_account(remote: &mut Remote) -> Result<String, Failure> {
    let automations = Call::new(Method::GET, &["accounts", TEST_ACCOUNT, "automations"]);
    match remote.ask(automations).await {
        Err(Failure::Problem(problem)) if problem.code() == Some("account_not_found") => {}
        other => return other.map(|_| TEST_ACCOUNT.to_owned()),
    }
    let account = json!({"name": "Listen test", "uid": TEST_ACCOUNT});
    match remote
        .ask(Call::new(Method::POST, &["accounts"]).json(&account))
        .await
    {
        Err(Failure::Problem(problem)) if problem.code() == Some("uid_taken") => {}
        other => drop(other?),
    }
    Ok(TEST_ACCOUNT.to_owned())
}

/// A uid that is the same for the same command of the same user on the same machine, so that a second run
/// takes over what a crashed one left. Also a label of a host name.
fn uid(machine: &str, forward_to: &str) -> String {
    let user = std::env::var("USER").unwrap_or_default();
    let mut hash = Sha256::new();
    for part in [machine, &user, forward_to] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let hash = hash.finalize();
    let readable: String = machine
        .chars()
        .map(|it| {
            if it.is_ascii_alphanumeric() {
                it.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .take(MACHINE_CHARACTERS_MAX)
        .collect();
    let readable = readable.trim_matches('-');
    let number = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
    match readable {
        "" => format!("listen-{number:08x}"),
        readable => format!("listen-{readable}-{number:08x}"),
    }
}

/// The name of this machine.
fn machine() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    shortened(&name, 64).to_owned()
}

fn shortened(text: &str, characters_max: usize) -> &str {
    let end = text
        .char_indices()
        .nth(characters_max)
        .map_or(text.len(), |(end, _)| end);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_a_label_that_the_same_command_has_again() {
        let first = uid("Zoë's laptop.local", "http://localhost:3000/");
        assert_eq!(first, uid("Zoë's laptop.local", "http://localhost:3000/"));
        assert_ne!(first, uid("Zoë's laptop.local", "http://localhost:3001/"));
        assert!(first.starts_with("listen-zo--s-laptop-local-"), "{first}");
        assert!(uid(&"x".repeat(100), "").len() <= 63 && uid("", "").len() == 15);
    }

    #[test]
    fn the_action_is_like_another_without_its_secrets() {
        let text = json!({
            "trigger": {"event_types": ["a"]},
            "actions": [{"type": "send_email"}, {"type": "send_webhook", "url": "https://a.example", "body": "data",
                "headers": {"X-Token": "••••", "X-Team": "sales"}, "plain_headers": ["X-Team"],
                "signing_key": "own_hmac", "connection_id": "conn_1"}],
        })
        .to_string();
        let mut action = json!({"type": "send_webhook", "url": "https://b.listen.invalid/"});
        assert!(take_over(&serde_json::from_str(&text).unwrap(), &mut action).unwrap());
        assert_eq!(
            action,
            json!({"type": "send_webhook", "url": "https://b.listen.invalid/", "body": "data",
                "headers": {"X-Team": "sales"}, "plain_headers": ["X-Team"]})
        );
    }
}
