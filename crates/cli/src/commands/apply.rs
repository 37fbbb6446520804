//! `postrider apply`: makes a server have what a file declares.

mod steps;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub use steps::{Applying, Steps};

use super::remote::Remote;
use crate::client::ClientArgs;
use crate::declared::file::Declared;
use crate::declared::read::FILE_BYTES_MAX;
use crate::declared::secrets::Sources;
use crate::declared::settle::Settling;
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

    #[command(flatten)]
    steps: Steps,

    #[command(flatten)]
    client: ClientArgs,
}

/// Runs the command.
pub async fn run(args: Args, context: Context<'_>) -> Result<ExitCode, Failure> {
    args.steps.check("apply", &args.file, &args.client)?;
    let (name, text, folder) = read(&args.file, FILE_BYTES_MAX)?;
    let variable = |name: &str| std::env::var(name).ok();
    let settling = Settling {
        sources: Sources {
            variable: &variable,
            folder: &folder,
        },
        keeps_secrets: args.keep_secrets,
    };
    let declared = Declared::read(&name, &text, &settling)?;
    let remote = Remote::new(&args.client, context)?;
    let applying = Applying {
        declared: &declared,
        settling,
        prune: args.prune,
        notes: Vec::new(),
    };
    applying.run(&args.steps, remote).await
}

/// Reads a file of at most so many bytes: its name for messages, its text, and the folder that its paths are
/// relative to.
pub fn read(file: &str, bytes_max: usize) -> Result<(String, String, PathBuf), Failure> {
    let name = if file == "-" { "standard input" } else { file };
    let bytes = input::read(file)?;
    if bytes.len() > bytes_max {
        let bound = bytes_max >> 20;
        return Err(Failure::Usage(format!("{name} is larger than {bound} MiB")));
    }
    let text = String::from_utf8(bytes).map_err(|_| Failure::Usage(format!("{name}: not valid UTF-8")))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned();
    let folder = Path::new(file).parent().unwrap_or(Path::new(""));
    Ok((name.to_owned(), text, folder.to_owned()))
}
