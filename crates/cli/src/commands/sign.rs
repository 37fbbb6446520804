//! `postrider sign`: the headers that a delivery of a body would carry. Offline.

use std::sync::Arc;

use postrider_model::event_type::EventTypeName;
use postrider_model::{Clock, EventId, IdGenerator};
use postrider_signing::HeaderNames;
use postrider_signing::profile::{LiveKeys, Message, ProfileSigners};
use postrider_signing::standard_webhooks::ID_HEADER;
use serde_json::Value;

use super::secrets::SecretArgs;
use crate::display::Screen;
use crate::input;
use crate::values::header_prefix::HeaderPrefix;
use crate::values::signature_profile::ProfileArgs;
use crate::{Context, Failure};

/// Flags of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
To sign as during the overlap of a key rotation, give all keys, the newest first. The profiles `standard` and `svix` \
also sign with an Ed25519 key, `whsk_…`; its receivers have the public key.

Examples:
  export POSTRIDER_SIGNING_SECRET=whsec_…
  postrider sign --body body.json
  postrider sign --body body.json --id evt_01jh3qk8v2e9x9d5wq3m4n5p6r --timestamp 1769851800
  postrider sign --body body.json --profile stripe
  postrider sign --body body.json --curl http://localhost:3000/hooks | sh    # a signed test request")]
pub struct Args {
    #[command(flatten)]
    secrets: SecretArgs,

    /// The body, byte for byte: a file, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    body: String,

    /// The event's id [default: the id in the body's envelope, or a new one]
    #[arg(long, value_name = "ID")]
    id: Option<String>,

    /// When the request is sent, in Unix seconds [default: now]
    #[arg(long, value_name = "SECONDS")]
    timestamp: Option<i64>,

    #[command(flatten)]
    profile: ProfileArgs,

    /// The prefix of the header names
    #[arg(long, value_name = "NAME", default_value = "Postrider")]
    header_prefix: HeaderPrefix,

    /// Print a curl command that sends the body with these headers to this URL
    #[arg(long, value_name = "URL")]
    curl: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, context: Context<'_>) -> Result<(), Failure> {
    if args.body == "-" && args.secrets.uses_stdin() {
        return Err(Failure::Usage(
            "only one of --body and --secret-file can read standard input".to_owned(),
        ));
    }
    if args.body == "-" && args.curl.is_some() {
        return Err(Failure::Usage(
            "--curl needs --body FILE, because curl reads the body again".to_owned(),
        ));
    }
    let mut keys = args.secrets.read(context.environment)?.into_iter();
    let Some(current) = keys.next() else {
        return Err(Failure::Usage("expected a signing key".to_owned()));
    };
    let keys = LiveKeys {
        current,
        previous: keys.collect(),
    };
    let names = HeaderNames::new(args.header_prefix.as_str());
    let profile = args.profile.read(&names)?;
    let signers =
        ProfileSigners::new(&Arc::new(profile), &keys).map_err(|error| Failure::Usage(error.to_string()))?;
    let headers = headers(args, &names, &signers, &input::read(&args.body)?, context.clock)?;
    let text = match &args.curl {
        None => headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\n"))
            .collect(),
        Some(url) => curl(url, &headers, &args.body),
    };
    Screen::new().print(&text)
}

/// All headers of a first attempt, except `Postrider-Delivery-Id`: there is no delivery.
fn headers(
    args: &Args,
    names: &HeaderNames,
    signers: &ProfileSigners,
    body: &[u8],
    clock: &dyn Clock,
) -> Result<Vec<(String, String)>, Failure> {
    let envelope: Value = serde_json::from_slice(body).unwrap_or_default();
    let id = match (&args.id, envelope["id"].as_str()) {
        (Some(id), _) => id.clone(),
        (None, Some(id)) if id.parse::<EventId>().is_ok() => id.to_owned(),
        _ => fresh_id(clock)?,
    };
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Failure::Usage(
            "--id: expected visible ASCII characters".to_owned(),
        ));
    }
    let timestamp_s = args.timestamp.unwrap_or_else(|| clock.wall().unix_s());
    let mut headers = vec![
        ("Content-Type".to_owned(), "application/json".to_owned()),
        ("User-Agent".to_owned(), names.user_agent.clone()),
    ];
    let message = Message {
        id: &id,
        timestamp_s,
        body,
    };
    signers.sign(&message, |name, value| headers.push((name.to_owned(), value)));
    // Every request carries the event's id, so that receivers can drop repeats.
    if !headers.iter().any(|(name, _)| name == ID_HEADER) {
        headers.push((ID_HEADER.to_owned(), id));
    }
    let event_type = envelope["type"]
        .as_str()
        .filter(|name| name.parse::<EventTypeName>().is_ok());
    headers.extend(event_type.map(|name| (names.event_type.clone(), name.to_owned())));
    headers.push((names.attempt.clone(), "1".to_owned()));
    Ok(headers)
}

fn fresh_id(clock: &dyn Clock) -> Result<String, Failure> {
    let entropy = getrandom::u64().map_err(|error| Failure::Failed(format!("no randomness: {error}")))?;
    Ok(IdGenerator::new(entropy).event(clock.wall()).to_string())
}

/// A command that a shell can run unchanged: every value is in single quotes.
fn curl(url: &str, headers: &[(String, String)], file: &str) -> String {
    let mut command = format!("curl -i -X POST {}", quoted(url));
    for (name, value) in headers {
        command.push_str(&format!(" \\\n  -H {}", quoted(&format!("{name}: {value}"))));
    }
    command + &format!(" \\\n  --data-binary {}\n", quoted(&format!("@{file}")))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_cannot_escape_their_quotes() {
        assert_eq!(quoted("a'; rm -rf /"), r"'a'\''; rm -rf /'");
    }
}
