//! `postrider automations`.

pub(super) mod create;
mod missed;
mod show;
mod test;
mod update;

use std::process::ExitCode;

use http::Method;
use serde_json::json;

use super::remote::Remote;
use crate::client::pages::PageArgs;
use crate::client::{Call, ClientArgs};
use crate::input;
use crate::{Context, Failure};

/// Flags of the group.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  postrider automations create customer-42 --name CRM --on 'proposal.*' --to https://crm.example/hooks
  postrider automations create customer-42 --name Django --on '*' --to https://api.example/in --body-style python
  postrider automations create customer-42 --name Large --on proposal.accepted --only-if 'total >= 1000' --to https://crm.example/hooks
  postrider automations create customer-42 --name Mail --on proposal.accepted --email sales@example.com --subject 'A proposal was accepted' --text @mail.txt
  postrider automations put customer-42 tell-the-crm --definition @tell-the-crm.json
  postrider automations update customer-42 tell-the-crm --to https://crm2.example/hooks
  postrider automations test customer-42 tell-the-crm --wait
  postrider automations send-missed customer-42 tell-the-crm --after 2h
  postrider automations disable customer-42 auto_01jh3qk8v2e9x9d5wq3m4n5p6r")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    client: ClientArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List an account's automations, newest first
    List {
        /// The account's id or uid
        account: String,
        #[command(flatten)]
        pages: PageArgs,
    },
    /// Create an automation: on these event types, send webhooks to these URLs, or an e-mail
    Create(Box<create::CreateArgs>),
    /// Create the automation of this uid, or replace all of it. The same definition again changes nothing
    Put(PutArgs),
    /// Show one automation and its actions
    Show(OneArgs),
    /// Change an automation: only what the flags name
    Update(Box<update::UpdateArgs>),
    /// Enable an automation
    Enable(OneArgs),
    /// Disable an automation and cancel its pending deliveries
    Disable(OneArgs),
    /// Delete an automation
    Delete(OneArgs),
    /// Send a test event to this automation alone
    Test(test::TestArgs),
    /// Send the events that an automation missed while it was off, or before it existed
    SendMissed(missed::MissedArgs),
}

#[derive(Debug, clap::Args)]
struct OneArgs {
    /// The account's id or uid
    account: String,
    /// The automation's id or uid
    automation: String,
}

#[derive(Debug, clap::Args)]
struct PutArgs {
    /// The account's id or uid
    account: String,
    /// The automation's uid
    uid: String,
    /// The whole automation as the API's JSON. `@FILE` reads a file, `-` standard input
    #[arg(long, value_name = "JSON")]
    definition: String,
}

impl OneArgs {
    fn call(&self, method: Method) -> Call<'_> {
        Call::new(
            method,
            &["accounts", &self.account, "automations", &self.automation],
        )
    }
}

/// Runs the command.
pub async fn run(args: Args, context: Context<'_>) -> Result<ExitCode, Failure> {
    let mut remote = Remote::new(&args.client, context)?;
    let done = match args.command {
        Command::Test(args) => return test::run(&args, &mut remote, context).await,
        Command::List { account, pages } => {
            let call = Call::new(Method::GET, &["accounts", &account, "automations"]);
            remote.list(&call, pages, show::table).await
        }
        Command::Create(args) => {
            let call =
                Call::new(Method::POST, &["accounts", &args.account, "automations"]).body(args.body()?);
            remote.show_response(call, show::record).await
        }
        Command::Put(PutArgs {
            account,
            uid,
            definition,
        }) => {
            let path = ["accounts", &account, "automations", &uid];
            let call = Call::new(Method::PUT, &path).body(input::json("--definition", &definition)?);
            remote.show_response(call, show::record).await
        }
        Command::Show(one) => remote.show_response(one.call(Method::GET), show::record).await,
        Command::Enable(one) => switch(&mut remote, &one, true).await,
        Command::Disable(one) => switch(&mut remote, &one, false).await,
        Command::Delete(one) => {
            remote
                .show(one.call(Method::DELETE), |_, _| {
                    format!("Deleted automation {}.", one.automation)
                })
                .await
        }
        Command::Update(args) => update(&mut remote, &args).await,
        Command::SendMissed(args) => missed::run(args, &mut remote, context).await,
    };
    done.map(|()| ExitCode::SUCCESS)
}

async fn update(remote: &mut Remote, args: &update::UpdateArgs) -> Result<(), Failure> {
    let current = match args.needs_current() {
        true => remote.response(args.one.call(Method::GET)).await?.text,
        false => String::new(),
    };
    let call = args.one.call(Method::PATCH).body(args.body(&current)?);
    remote.show_response(call, show::record).await
}

async fn switch(remote: &mut Remote, one: &OneArgs, enabled: bool) -> Result<(), Failure> {
    let word = if enabled { "enabled" } else { "disabled" };
    let call = one.call(Method::PATCH).json(&json!({ "enabled": enabled }));
    remote
        .show(call, |_, _| format!("{} is {word}.", one.automation))
        .await
}
