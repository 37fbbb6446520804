//! `postrider export`: writes the file that declares what a server has.

use std::fs::File;
use std::io::Write as _;

use super::remote::Remote;
use crate::client::ClientArgs;
use crate::declared::export::Export;
use crate::declared::file::SYSTEM;
use crate::declared::server::Server;
use crate::declared::state::{Connections, Stored, read_account};
use crate::declared::write;
use crate::{Context, Failure};

/// The account of `postrider listen --test-account`.
const LISTEN_TEST: &str = "listen-test";

/// Flags of `export`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The server does not reveal secrets: the file refers to environment variables for them, and lists these at its top.

Examples:
  postrider export -o postrider.yaml
  postrider export --account acme --account globex")]
pub struct Args {
    /// Only this account, by its uid or id, without event types and the installation's connections.
    /// Repeatable
    #[arg(long, value_name = "ACCOUNT")]
    account: Vec<String>,

    /// The file to write; without it, standard output. A file that exists is not overwritten
    #[arg(short, long, value_name = "FILE")]
    output: Option<String>,

    /// Overwrite the file if it exists
    #[arg(long, requires = "output")]
    force: bool,

    /// Write nothing, and fail, if anything has to be left out, such as an automation without a uid
    #[arg(long)]
    complete: bool,

    #[command(flatten)]
    client: ClientArgs,
}

/// Runs the command.
pub async fn run(args: Args, context: Context<'_>) -> Result<(), Failure> {
    let mut remote = Remote::new(&args.client, context)?;
    let mut server = Server::new(&mut remote);
    let mut export = Export::default();
    let mut connections = Connections::default();
    let accounts = match args.account.is_empty() {
        false => args.account.clone(),
        true => {
            let list = server.list(&["event-types"]).await?;
            let list: Vec<_> = list.into_iter().map(|view| Stored::of(view, "name")).collect();
            export.event_types(&list);
            connections.add(SYSTEM, server.list(&["accounts", SYSTEM, "connections"]).await?);
            export.installation(&connections);
            all_accounts(&mut server).await?
        }
    };
    for account in accounts {
        let found = read_account(&mut server, &account, true).await?;
        let found = found.ok_or_else(|| Failure::Failed(format!("there is no account {account}")))?;
        let key = found.account.key.as_deref().unwrap_or(&account);
        connections.add(key, server.list(&["accounts", &account, "connections"]).await?);
        export.account(&found, &connections);
    }
    for note in &export.left_out {
        eprintln!("Left out: {}", crate::display::printable(note));
    }
    if args.complete && !export.left_out.is_empty() {
        let incomplete = "the file would not be complete; see what is left out above";
        return Err(Failure::Failed(incomplete.to_owned()));
    }
    let text = text(&export);
    match &args.output {
        None => remote.screen().print(&text),
        Some(path) => save(path, args.force, &text),
    }
}

/// The ids of all accounts but those of commands, in the order of their uids.
async fn all_accounts(server: &mut Server<'_>) -> Result<Vec<String>, Failure> {
    let list = server.list(&["accounts"]).await?;
    let mut list: Vec<_> = list.into_iter().map(|view| Stored::of(view, "uid")).collect();
    list.sort_by(|one, other| (&one.key, &one.id).cmp(&(&other.key, &other.id)));
    let is_wanted = |it: &Stored| !matches!(it.key.as_deref(), Some(LISTEN_TEST | SYSTEM));
    let wanted = list.into_iter().filter(is_wanted).map(|stored| stored.id);
    // The list does not show the account of the operator.
    Ok(wanted.chain([SYSTEM.to_owned()]).collect())
}

fn text(export: &Export) -> String {
    let mut text =
        "# What a Postrider server has. `postrider apply -f FILE` makes a server have it.\n".to_owned();
    let line = |text: &str| format!("# {}\n", text.replace(char::is_control, " "));
    if !export.variables.is_empty() {
        text.push_str("#\n# Its secrets stand in these environment variables:\n");
        for (name, of) in &export.variables {
            text.push_str(&line(&format!("  {name}  ({of})")));
        }
    }
    if !export.left_out.is_empty() {
        text.push_str("#\n# Left out:\n");
        for note in &export.left_out {
            text.push_str(&line(&format!("  {note}")));
        }
    }
    text.push('\n');
    match export.root.members().is_empty() {
        true => text.push_str("event_types: {}\n"),
        false => text.push_str(&write::document(&export.root)),
    }
    text
}

/// Writes a file. One that exists is overwritten with `force` only.
pub fn save(path: &str, force: bool, text: &str) -> Result<(), Failure> {
    let opened = match force {
        true => File::create(path),
        false => File::create_new(path),
    };
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::Usage(format!("{path} exists already: --force overwrites it"))
        }
        _ => Failure::Usage(format!("cannot write {path}: {error}")),
    })
}
