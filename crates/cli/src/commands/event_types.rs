//! `postrider event-types`: the catalogue.

mod document;

use std::process::ExitCode;

use http::Method;
use serde_json::{Map, Value};

use super::remote::Remote;
use crate::client::pages::PageArgs;
use crate::client::{Call, ClientArgs};
use crate::display::{Paint, Record, Table, cell, time};
use crate::input;
use crate::{Context, Failure};

/// Flags of the group.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  postrider event-types set proposal.accepted --description 'A customer accepted' --example @proposal.json
  postrider event-types import openapi.yaml
  postrider event-types list")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    client: ClientArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the event types in the catalogue
    List(PageArgs),
    /// Show an event type
    Show {
        /// The event type's name
        name: String,
    },
    /// Create an event type, or replace its documentation
    Set(SetArgs),
    /// Delete an event type from the catalogue
    Delete {
        /// The event type's name
        name: String,
    },
    /// Create and update event types from the webhooks of an OpenAPI document, or the messages of an
    /// AsyncAPI document
    Import(document::ImportArgs),
    /// Write the catalogue as an OpenAPI or AsyncAPI document
    Export(document::ExportArgs),
}

#[derive(Debug, clap::Args)]
struct SetArgs {
    /// The event type's name, such as `proposal.accepted`
    name: String,
    /// When this event happens
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Example `data` as JSON. `@FILE` reads a file, `-` standard input
    #[arg(long, value_name = "JSON")]
    example: Option<String>,
    /// A JSON Schema for `data`; events that do not match are refused. `@FILE` reads a file, `-` standard
    /// input
    #[arg(long, value_name = "JSON")]
    schema: Option<String>,
    /// Do not show the type to customers
    #[arg(long)]
    hidden: bool,
}

/// Runs the command.
pub async fn run(args: Args, context: Context<'_>) -> Result<ExitCode, Failure> {
    let mut remote = Remote::new(&args.client, context)?;
    match args.command {
        Command::Import(import) => return import.run(&args.client, remote).await,
        Command::Export(export) => export.run(remote).await,
        Command::List(pages) => {
            remote
                .list(&Call::new(Method::GET, &["event-types"]), pages, table)
                .await
        }
        Command::Show { name } => {
            remote
                .show(Call::new(Method::GET, &["event-types", &name]), record)
                .await
        }
        Command::Set(args) => {
            let call = Call::new(Method::PUT, &["event-types", &args.name]).body(body(&args)?);
            remote.show(call, record).await
        }
        Command::Delete { name } => {
            let call = Call::new(Method::DELETE, &["event-types", &name]);
            remote
                .show(call, |_, _| format!("Deleted event type {name}."))
                .await
        }
    }?;
    Ok(ExitCode::SUCCESS)
}

/// The request's body. Example and schema are inserted as text, so that no number loses a digit.
fn body(args: &SetArgs) -> Result<String, Failure> {
    let mut body = Map::new();
    if args.hidden {
        body.insert("visible".to_owned(), false.into());
    }
    if let Some(description) = &args.description {
        body.insert("description".to_owned(), description.clone().into());
    }
    let mut body = Value::from(body).to_string();
    for (name, flag, value) in [
        ("example", "--example", &args.example),
        ("schema", "--schema", &args.schema),
    ] {
        if let Some(value) = value {
            body.pop();
            let comma = if body.len() > 1 { "," } else { "" };
            body.push_str(&format!("{comma}\"{name}\":{}}}", input::json(flag, value)?));
        }
    }
    Ok(body)
}

fn table(types: &[Value], paint: Paint) -> String {
    let mut table = Table::new(&["NAME", "CUSTOMERS", "SCHEMA", "DESCRIPTION"]);
    for event_type in types {
        let schema = if event_type["schema"].is_null() {
            "no"
        } else {
            "yes"
        };
        table.row([
            cell(&event_type["name"]),
            customers(event_type).to_owned(),
            schema.to_owned(),
            cell(&event_type["description"]),
        ]);
    }
    table.render(
        paint,
        "The catalogue is empty. The first event of a type adds it.",
    )
}

/// Whether customers see the type.
fn customers(event_type: &Value) -> &'static str {
    if event_type["visible"] == true {
        "see it"
    } else {
        "do not see it"
    }
}

fn record(event_type: &Value, paint: Paint) -> String {
    let pretty = |value: &Value| match value {
        Value::Null => String::new(),
        value => serde_json::to_string_pretty(value).unwrap_or_default(),
    };
    Record::new()
        .field("Name", cell(&event_type["name"]))
        .field("Description", cell(&event_type["description"]))
        .field("Customers", customers(event_type))
        .field("Created", time(&event_type["created_at"]))
        .field("Example", pretty(&event_type["example"]))
        .field("Schema", pretty(&event_type["schema"]))
        .render(paint)
}
