//! `postrider accounts portal-link`.

use std::ops::RangeInclusive;
use std::time::Duration;

use http::Method;
use serde_json::{Map, Value};

use crate::Failure;
use crate::client::Call;
use crate::commands::remote::Remote;
use crate::display::{Paint, Record, cell, time};
use crate::values::duration;

/// Bounds on the lifetime of a portal link, as in the API.
const LIFETIME: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(7 * 86_400);

/// Flags of the command.
#[derive(Debug, clap::Args)]
pub(super) struct PortalLinkArgs {
    /// The account's id or uid
    account: String,
    /// How long the link is valid, from 1m to 7d [default: 1h]
    #[arg(long, value_name = "DURATION", value_parser = lifetime)]
    expires_in: Option<Duration>,
    /// Do not allow changes
    #[arg(long)]
    read_only: bool,
    /// The colour theme of the pages [default: that of the customer's system]
    #[arg(long, value_name = "THEME")]
    theme: Option<Theme>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Theme {
    Light,
    Dark,
}

/// Creates a portal link and shows it.
pub(super) async fn run(args: PortalLinkArgs, remote: &mut Remote) -> Result<(), Failure> {
    let mut body = Map::new();
    if let Some(lifetime) = args.expires_in {
        body.insert("expires_in_s".to_owned(), lifetime.as_secs().into());
    }
    if args.read_only {
        body.insert("read_only".to_owned(), true.into());
    }
    if let Some(theme) = args.theme {
        let name = match theme {
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        body.insert("theme".to_owned(), name.into());
    }
    let call = Call::new(Method::POST, &["accounts", &args.account, "portal-link"]);
    remote.show(call.json(&Value::from(body)), record).await
}

fn lifetime(text: &str) -> Result<Duration, duration::DurationError> {
    duration::parse_within(text, LIFETIME)
}

fn record(link: &Value, paint: Paint) -> String {
    let may = if link["read_only"] == true {
        "read"
    } else {
        "read and change"
    };
    Record::new()
        .field("Portal link", cell(&link["url"]))
        .field("Expires", time(&link["expires_at"]))
        .field("May", may.to_owned())
        .field("Theme", cell(&link["theme"]))
        .render(paint)
}
