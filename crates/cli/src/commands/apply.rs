//! `postrider apply`: makes a server have what a file declares.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::confirm;
use super::remote::Remote;
use crate::client::ClientArgs;
use crate::declared::carry_out::{Done, carry_out};
use crate::declared::file::Declared;
use crate::declared::plan::{Plan, Planning, Verb};
use crate::declared::read::FILE_BYTES_MAX;
use crate::declared::secrets::Sources;
use crate::declared::server::Server;
use crate::declared::settle::Settling;
use crate::declared::state::State;
use crate::failure::exit;
use crate::{Context, Failure, input};

/// Flags of `apply`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The file declares event types, connections, accounts and their automations; `postrider export` writes one. What it does \
not name stays as it is. docs/configuration-as-code.md describes it.

Examples:
  postrider apply -f postrider.yaml
  postrider apply -f postrider.yaml --dry-run --exit-code
  postrider apply -f postrider.yaml --prune --yes")]
pub struct Args {
    /// The file, in YAML or JSON, or `-` for standard input
    #[arg(short, long, value_name = "FILE")]
    file: String,

    /// Also delete what the file does not name, within the maps that it has: `event_types`, `connections`,
    /// and those of its accounts. Accounts are never deleted
    #[arg(long)]
    prune: bool,

    /// Leave the secrets of objects that exist as they are, without the variables and files that hold them
    #[arg(long)]
    keep_secrets: bool,

    /// Print the plan and change nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,

    /// With --dry-run: exit with 4 if there is something to change. Secrets do not count
    #[arg(long, requires = "dry_run")]
    exit_code: bool,

    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    client: ClientArgs,
}

/// Runs the command.
pub async fn run(args: Args, context: Context<'_>) -> Result<ExitCode, Failure> {
    if !args.yes && !args.dry_run && (args.client.json || args.file == "-" || !confirm::can_ask()) {
        return Err(Failure::Usage(
            "apply cannot ask for confirmation here: add --yes, or --dry-run to see the plan".to_owned(),
        ));
    }
    let (name, text, folder) = read(&args.file)?;
    let variable = |name: &str| std::env::var(name).ok();
    let settling = Settling {
        sources: Sources {
            variable: &variable,
            folder: &folder,
        },
        keeps_secrets: args.keep_secrets,
    };
    let declared = Declared::read(&name, &text, &settling)?;
    let mut remote = Remote::new(&args.client, context)?;
    let mut state = State::read(&mut Server::new(&mut remote), &declared).await?;
    let planning = Planning {
        declared: &declared,
        settling,
        prune: args.prune,
    };
    let plan = planning.plan(&mut Server::new(&mut remote), &state).await?;
    if !remote.is_json() {
        let paint = remote.screen().paint();
        remote.screen().print(&plan.text(paint))?;
    }
    if args.dry_run {
        if remote.is_json() {
            remote.screen().print(&plan.json(None))?;
        }
        let differs = args.exit_code && plan.has_changes();
        return Ok(if differs {
            ExitCode::from(exit::DIFFERENT)
        } else {
            ExitCode::SUCCESS
        });
    }
    if !args.yes && !plan.changes.is_empty() && !confirm::is_yes(&confirm::ask(question(&plan))?) {
        return Err(Failure::Failed("nothing was changed".to_owned()));
    }
    let mut server = Server::new(&mut remote);
    server.disconnect();
    let done = carry_out(&plan, &mut server, &mut state.connections, &name).await;
    report(&plan, done, &remote)
}

fn question(plan: &Plan) -> &'static str {
    match (plan.has_changes(), plan.count(Verb::Delete) > 0) {
        (false, _) => "Send the secrets? [y/N]",
        (true, false) => "Apply? [y/N]",
        (true, true) => "Apply, and delete what is marked with `-`? [y/N]",
    }
}

fn report(plan: &Plan, done: Done, remote: &Remote) -> Result<ExitCode, Failure> {
    if remote.is_json() {
        remote.screen().print(&plan.json(Some(&done)))?;
    } else if !plan.changes.is_empty() {
        remote.screen().print(&done.text(plan))?;
    }
    match done.failure {
        None => Ok(ExitCode::SUCCESS),
        Some(Failure::Failed(message)) => Err(Failure::Failed(format!(
            "{message}\n{} of {} changes were made before that; apply again to make the others",
            done.count,
            plan.changes.len()
        ))),
        Some(failure) => Err(failure),
    }
}

/// The name of the file for messages, its text, and the folder that its paths are relative to.
fn read(file: &str) -> Result<(String, String, PathBuf), Failure> {
    let name = if file == "-" { "standard input" } else { file };
    let bytes = input::read(file)?;
    if bytes.len() > FILE_BYTES_MAX {
        let bound = FILE_BYTES_MAX >> 20;
        return Err(Failure::Usage(format!("{name} is larger than {bound} MiB")));
    }
    let text = String::from_utf8(bytes).map_err(|_| Failure::Usage(format!("{name}: not valid UTF-8")))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned();
    let folder = Path::new(file).parent().unwrap_or(Path::new(""));
    Ok((name.to_owned(), text, folder.to_owned()))
}
