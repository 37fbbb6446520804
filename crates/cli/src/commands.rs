//! The commands: one command, or one group of commands, per file.
//!
//! * Client commands, over the API: [`accounts`], [`automations`], [`events`], [`deliveries`], [`keys`],
//!   [`event_types`], [`api_keys`], [`portal_links`], [`sessions`], [`audit`], [`statistics`],
//!   [`connections`], built on [`remote`].
//! * What happens now: [`trigger`], [`tail`], [`listen`]; `waiting` waits for the deliveries of an event.
//! * Configuration in a file: [`apply`], [`export`].
//! * This machine's profiles: [`login`], [`profiles`]. The console: [`open`].
//! * Offline: [`sign`], [`verify`]; both read signing keys with [`secrets`].
//!
//! To add a command: see the crate's documentation.

pub mod accounts;
pub mod api_keys;
pub mod apply;
pub mod audit;
pub mod automations;
mod bulk;
mod confirm;
pub mod connections;
pub mod deliveries;
pub mod event_types;
pub mod events;
pub mod export;
pub mod keys;
pub mod listen;
pub mod login;
pub mod open;
mod patch;
pub mod portal_links;
pub mod profiles;
pub mod remote;
mod secret_prompt;
pub mod secrets;
pub mod sessions;
pub mod sign;
pub mod statistics;
pub mod tail;
pub mod trigger;
pub mod verify;
mod waiting;

use std::process::ExitCode;

use serde_json::Value;

use crate::display::cell;
use crate::{Context, Failure};

/// The commands.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List, create, show, update and delete accounts
    Accounts(accounts::Args),
    /// List, create, show, update, enable, disable, test and delete automations
    Automations(automations::Args),
    /// Send, list and show events
    Events(events::Args),
    /// List deliveries, show their attempts, resend, replay and cancel them
    Deliveries(deliveries::Args),
    /// Show and rotate an account's signing keys, or the master key
    Keys(keys::Args),
    /// List, create, update and delete connections: how actions authenticate at receivers
    Connections(connections::Args),
    /// Document event types in the catalogue
    EventTypes(event_types::Args),
    /// Create, list and delete API keys
    ApiKeys(api_keys::Args),
    /// Create, list and revoke links that sign customers in to the console
    PortalLinks(portal_links::Args),
    /// List and end sessions of the console
    Sessions(sessions::Args),
    /// List who did what
    Audit(audit::Args),
    /// Show what was accepted and delivered in each hour, minute or day
    Statistics(statistics::Args),
    /// Make the server have the configuration of a file
    Apply(apply::Args),
    /// Write the server's configuration to a file
    Export(export::Args),
    /// Send the catalogue's example of an event type, and show what its deliveries get
    Trigger(trigger::Args),
    /// Follow the deliveries of an account, or of all accounts: a line for each attempt
    Tail(tail::Args),
    /// Forward an account's events to a URL on this machine, signed as in production
    Listen(Box<listen::Args>),
    /// Open the console at an account, an event, a delivery or an automation
    Open(open::Args),
    /// Store a server and an API key for it as a profile
    Login(login::Args),
    /// Remove a profile and its key from this machine
    Logout(profiles::LogoutArgs),
    /// List profiles, and choose the current one
    Profiles(profiles::Args),
    /// Print the headers that a delivery of a body would carry
    Sign(Box<sign::Args>),
    /// Check the signatures of a request, and explain a mismatch
    Verify(Box<verify::Args>),
}

/// The commands under the headings of the help, in its order.
pub const GROUPS: [(&str, &[&str]); 4] = [
    (
        "Client, over the API of a server",
        &[
            "accounts",
            "automations",
            "events",
            "deliveries",
            "keys",
            "connections",
            "event-types",
            "api-keys",
            "portal-links",
            "sessions",
            "audit",
            "statistics",
            "apply",
            "export",
        ],
    ),
    ("While you develop", &["listen", "trigger", "tail", "open"]),
    ("This machine", &["login", "logout", "profiles"]),
    ("Offline", &["sign", "verify"]),
];

/// Runs a command and returns its exit code.
pub async fn run(command: Command, context: Context<'_>) -> Result<ExitCode, Failure> {
    match command {
        Command::Accounts(args) => accounts::run(args, context).await?,
        Command::Automations(args) => return automations::run(args, context).await,
        Command::Events(args) => return events::run(args, context).await,
        Command::Deliveries(args) => deliveries::run(args, context).await?,
        Command::Keys(args) => keys::run(args, context).await?,
        Command::Connections(args) => connections::run(args, context).await?,
        Command::EventTypes(args) => return event_types::run(args, context).await,
        Command::ApiKeys(args) => api_keys::run(args, context).await?,
        Command::PortalLinks(args) => portal_links::run(args, context).await?,
        Command::Sessions(args) => sessions::run(args, context).await?,
        Command::Audit(args) => audit::run(args, context).await?,
        Command::Statistics(args) => statistics::run(args, context).await?,
        Command::Apply(args) => return apply::run(args, context).await,
        Command::Export(args) => export::run(args, context).await?,
        Command::Trigger(args) => return trigger::run(args, context).await,
        Command::Tail(args) => tail::run(args, context).await?,
        Command::Listen(args) => listen::run(*args, context).await?,
        Command::Open(args) => open::run(args, context).await?,
        Command::Login(args) => login::run(args, context).await?,
        Command::Logout(args) => profiles::logout(&args, context)?,
        Command::Profiles(args) => profiles::run(&args, context)?,
        Command::Sign(args) => sign::run(&args, context)?,
        Command::Verify(args) => return verify::run(&args, context),
    }
    Ok(ExitCode::SUCCESS)
}

/// The API's retry schedule in words; an empty text if there is none.
fn delays(delays_s: &Value) -> String {
    match delays_s.as_array() {
        None => String::new(),
        Some(delays_s) if delays_s.is_empty() => "none: one attempt".to_owned(),
        Some(delays_s) => delays_s
            .iter()
            .map(|delay| format!("{} s", cell(delay)))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// A number of things in words.
fn counted(number: &Value, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        cell(number),
        if number.as_u64() == Some(1) { one } else { many }
    )
}
