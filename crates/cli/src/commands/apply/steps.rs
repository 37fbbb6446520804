//! From what a file declares to a server that has it: the plan, the question, the changes.

use std::process::ExitCode;

use crate::Failure;
use crate::client::ClientArgs;
use crate::commands::confirm;
use crate::commands::remote::Remote;
use crate::declared::carry_out::{Done, carry_out};
use crate::declared::file::Declared;
use crate::declared::plan::{Plan, Planning, Verb};
use crate::declared::server::Server;
use crate::declared::settle::Settling;
use crate::declared::state::State;
use crate::failure::exit;

/// Flags: how far to go.
#[derive(Debug, clap::Args)]
pub struct Steps {
    /// Print the plan and change nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,

    /// With --dry-run: exit with 4 if there is something to change. Secrets do not count
    #[arg(long, requires = "dry_run")]
    exit_code: bool,

    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
}

/// What to apply.
pub struct Applying<'a> {
    /// The file.
    pub declared: &'a Declared,
    /// How references of objects that do not exist yet are resolved.
    pub settling: Settling<'a>,
    /// Whether to delete what the file does not name.
    pub prune: bool,
    /// What people should know about the file, for the plan.
    pub notes: Vec<String>,
}

impl Steps {
    /// Fails if the command, called with this file, needs to ask a person and cannot.
    pub fn check(&self, command: &str, file: &str, client: &ClientArgs) -> Result<(), Failure> {
        if self.yes || self.dry_run || (!client.json && file != "-" && confirm::can_ask()) {
            return Ok(());
        }
        Err(Failure::Usage(format!(
            "{command} cannot ask for confirmation here: add --yes, or --dry-run to see the plan"
        )))
    }
}

impl Applying<'_> {
    /// Plans, asks and changes, as far as `steps` say.
    pub async fn run(self, steps: &Steps, mut remote: Remote) -> Result<ExitCode, Failure> {
        let mut state = State::read(&mut Server::new(&mut remote), self.declared).await?;
        let planning = Planning {
            declared: self.declared,
            settling: self.settling,
            prune: self.prune,
        };
        let mut plan = planning.plan(&mut Server::new(&mut remote), &state).await?;
        plan.notes.extend(self.notes);
        if !remote.is_json() {
            let paint = remote.screen().paint();
            remote.screen().print(&plan.text(paint))?;
        }
        if steps.dry_run {
            if remote.is_json() {
                remote.screen().print(&plan.json(None))?;
            }
            let differs = steps.exit_code && plan.has_changes();
            return Ok(if differs {
                ExitCode::from(exit::DIFFERENT)
            } else {
                ExitCode::SUCCESS
            });
        }
        if !steps.yes && !plan.changes.is_empty() && !confirm::is_yes(&confirm::ask(question(&plan))?) {
            return Err(Failure::Failed("nothing was changed".to_owned()));
        }
        let mut server = Server::new(&mut remote);
        server.disconnect();
        let done = carry_out(&plan, &mut server, &mut state.connections, &self.declared.name).await;
        report(&plan, done, &remote)
    }
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
