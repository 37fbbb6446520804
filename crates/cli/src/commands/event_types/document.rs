//! `postrider event-types import` and `export`: the catalogue from and to OpenAPI and AsyncAPI.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::Failure;
use crate::catalogue::export::{Format, document};
use crate::catalogue::{DOCUMENT_BYTES_MAX, import};
use crate::client::ClientArgs;
use crate::commands::apply::{Applying, Steps, read};
use crate::commands::export::save;
use crate::commands::remote::Remote;
use crate::declared::secrets::Sources;
use crate::declared::server::Server;
use crate::declared::settle::Settling;
use crate::declared::write;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
The document is OpenAPI 3.1 or 3.2 with `webhooks`, OpenAPI 3.0 with `x-webhooks`, or AsyncAPI 2 or 3. What it does not \
say stays as it is, and nothing is deleted. docs/configuration-as-code.md describes how it is read.

Examples:
  postrider event-types import openapi.yaml
  postrider event-types import asyncapi.json --dry-run --exit-code")]
pub struct ImportArgs {
    /// The document, in YAML or JSON, or `-` for standard input
    #[arg(value_name = "FILE")]
    file: String,

    #[command(flatten)]
    steps: Steps,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
The document is in YAML; in JSON with --json, or if the name of the file ends in `.json`.

Examples:
  postrider event-types export --format openapi -o webhooks.yaml
  postrider event-types export --format asyncapi --title 'Events of Example' --json")]
pub struct ExportArgs {
    /// The format of the document
    #[arg(long)]
    format: Format,

    /// The title of the document
    #[arg(long, value_name = "TEXT", default_value = "Webhooks")]
    title: String,

    /// Also write event types that customers do not see, marked with `x-internal`
    #[arg(long)]
    all: bool,

    /// The file to write; without it, standard output. A file that exists is not overwritten
    #[arg(short, long, value_name = "FILE")]
    output: Option<String>,

    /// Overwrite the file if it exists
    #[arg(long, requires = "output")]
    force: bool,
}

impl ImportArgs {
    /// Runs the command.
    pub async fn run(self, client: &ClientArgs, remote: Remote) -> Result<ExitCode, Failure> {
        self.steps.check("event-types import", &self.file, client)?;
        let (name, text, _) = read(&self.file, DOCUMENT_BYTES_MAX)?;
        let imported = import(&name, &text)?;
        // A document has no references to variables or files.
        let folder = PathBuf::new();
        let applying = Applying {
            declared: &imported.declared,
            settling: Settling {
                sources: Sources {
                    variable: &|_| None,
                    folder: &folder,
                },
                keeps_secrets: false,
            },
            prune: false,
            notes: imported.notes,
        };
        applying.run(&self.steps, remote).await
    }
}

impl ExportArgs {
    /// Runs the command.
    pub async fn run(self, mut remote: Remote) -> Result<(), Failure> {
        let types = Server::new(&mut remote).list(&["event-types"]).await?;
        let document = document(self.format, &self.title, &types, self.all);
        let is_json = remote.is_json() || self.output.as_ref().is_some_and(|path| path.ends_with(".json"));
        let text = match is_json {
            true => write::indented_json(&document),
            false => write::document(&document),
        };
        match &self.output {
            None => remote.screen().print(&text),
            Some(path) => save(path, self.force, &text),
        }
    }
}
