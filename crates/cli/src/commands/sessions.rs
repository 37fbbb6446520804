//! `postrider sessions`: who is signed in to the console.

use http::Method;
use serde_json::Value;

use super::remote::Remote;
use crate::client::pages::PageArgs;
use crate::client::{Call, ClientArgs};
use crate::display::{Paint, Table, cell, time};
use crate::{Context, Failure};

/// Flags of the group.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without --account, the commands concern the sessions of the operator's staff.

Examples:
  postrider sessions list
  postrider sessions end grant_01h455vb4pex5vsknk084sn02q
  postrider sessions end-all --account customer-42")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    client: ClientArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List sessions, newest first
    List {
        #[command(flatten)]
        of: OfArgs,
        #[command(flatten)]
        pages: PageArgs,
    },
    /// End a session; the person is signed out at once
    End {
        /// The session's id
        id: String,
        #[command(flatten)]
        of: OfArgs,
    },
    /// End all sessions
    EndAll(OfArgs),
}

#[derive(Debug, clap::Args)]
struct OfArgs {
    /// Sessions of this account's portal links: its id or uid [default: those of the operator's staff]
    #[arg(long)]
    account: Option<String>,
}

impl OfArgs {
    /// The path of the sessions, with these further parts.
    fn path<'a>(&'a self, parts: &[&'a str]) -> Vec<&'a str> {
        let mut path = match &self.account {
            Some(account) => vec!["accounts", account, "sessions"],
            None => vec!["sessions"],
        };
        path.extend(parts);
        path
    }
}

/// Runs the command.
pub async fn run(args: Args, context: Context<'_>) -> Result<(), Failure> {
    let mut remote = Remote::new(&args.client, context)?;
    match args.command {
        Command::List { of, pages } => {
            remote
                .list(&Call::new(Method::GET, &of.path(&[])), pages, table)
                .await
        }
        Command::End { id, of } => {
            let call = Call::new(Method::DELETE, &of.path(&[&id]));
            remote.show(call, |_, _| format!("Ended session {id}.")).await
        }
        Command::EndAll(of) => {
            let call = Call::new(Method::DELETE, &of.path(&[]));
            let text = |ended: &Value, _: Paint| {
                let count = super::counted(&ended["count"], "session", "sessions");
                format!("Ended {count}.")
            };
            remote.show(call, text).await
        }
    }
}

fn table(sessions: &[Value], paint: Paint) -> String {
    let mut table = Table::new(&["ID", "PERMISSIONS", "BEGAN", "EXPIRES", "WHO"]);
    for session in sessions {
        let permissions = session["permissions"].as_array().into_iter().flatten().map(cell);
        let person = &session["person"];
        let with = match (
            &session["portal_link_id"],
            &session["api_key_id"],
            &person["email"],
        ) {
            (Value::Null, Value::Null, _) if person.is_null() => "a one-time link".to_owned(),
            (Value::Null, Value::Null, Value::Null) => {
                format!("{} ({})", cell(&person["name"]), cell(&person["subject"]))
            }
            (Value::Null, Value::Null, email) => format!("{} ({})", cell(&person["name"]), cell(email)),
            (Value::Null, key, _) => cell(key),
            (link, ..) => cell(link),
        };
        table.row([
            cell(&session["id"]),
            permissions.collect::<Vec<_>>().join(", "),
            time(&session["created_at"]),
            time(&session["expires_at"]),
            with,
        ]);
    }
    table.render(paint, "Nobody is signed in.")
}
