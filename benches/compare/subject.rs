//! The senders to be measured: read from their descriptions, and running.

use std::collections::BTreeMap;
use std::path::Path;

use postrider_engine::SystemClock;
use postrider_model::{Clock as _, Timestamp};
use tempfile::TempDir;

use crate::Outcome;
use crate::args::Args;
use crate::client;
use crate::node::{ADMIN_KEY, Node};
use crate::sender::charge::Charged;
use crate::sender::template::Values;
use crate::sender::{Description, Fault};

/// The description that `--start-postrider` applies to, and the variables by which it learns where Postrider
/// listens.
const POSTRIDER: &str = "Postrider";
const ADDRESS_VARIABLE: &str = "POSTRIDER_ADDRESS";
const KEY_VARIABLE: &str = "POSTRIDER_ADMIN_KEY";

/// A sender that runs.
pub struct Running {
    /// The description with the values of environment variables.
    pub description: Description,
    pub charged: Charged,
    /// Stops when it is dropped, before its folder is removed.
    _started: Option<(Node, TempDir)>,
}

impl Running {
    /// The name in the tables.
    pub fn label(&self) -> String {
        label(&self.description)
    }
}

/// Reads the descriptions. Each has a name of its own, and the variables that it needs are set.
pub fn read_all(args: &Args) -> Outcome<Vec<Description>> {
    let mut descriptions: Vec<Description> = Vec::new();
    for file in args.files() {
        let description = read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        if descriptions
            .iter()
            .any(|known| label(known) == label(&description))
        {
            return Err(format!("two descriptions are of {}", label(&description)).into());
        }
        if !is_started(args, &description) && !args.dry_run {
            let expanded = description.clone().with_environment(&from_environment);
            expanded
                .and_then(|description| description.authority())
                .map_err(|fault| fault.at(&file.display().to_string()))?;
        }
        descriptions.push(description);
    }
    if args.start_postrider.is_some() && !descriptions.iter().any(|one| one.name == POSTRIDER) {
        return Err(format!("--start-postrider: no description has the name {POSTRIDER}").into());
    }
    Ok(descriptions)
}

/// Checks that a sender that this benchmark does not start listens, and that what it charges runs.
pub async fn check(args: &Args, description: &Description) -> Outcome<()> {
    if !is_started(args, description) {
        let description = description.clone().with_environment(&from_environment)?;
        client::connect(&description).await?;
        Charged::new(description.charge).describe()?;
    }
    Ok(())
}

/// Starts the sender if this benchmark is to start it.
pub fn start(args: &Args, description: &Description) -> Outcome<Running> {
    let Some(binary) = args
        .start_postrider
        .as_ref()
        .filter(|_| is_started(args, description))
    else {
        let description = description.clone().with_environment(&from_environment)?;
        let charged = Charged::new(description.charge.clone());
        return Ok(Running {
            description,
            charged,
            _started: None,
        });
    };
    let folder = tempfile::Builder::new().prefix("postrider-bench-").tempdir()?;
    let node = Node::start(
        binary,
        &folder,
        ["--data-dir".as_ref(), folder.path().as_os_str()],
    )?;
    let own = BTreeMap::from([
        (ADDRESS_VARIABLE, node.address().to_string()),
        (KEY_VARIABLE, ADMIN_KEY.to_owned()),
    ]);
    let lookup = |name: &str| own.get(name).cloned().or_else(|| from_environment(name));
    Ok(Running {
        description: description.clone().with_environment(&lookup)?,
        charged: Charged::process(node.pid()),
        _started: Some((node, folder)),
    })
}

/// A set-up, told apart from others by the time at which it begins.
pub struct Run {
    began: Timestamp,
}

impl Run {
    pub fn now() -> Self {
        Self {
            began: SystemClock::new().wall(),
        }
    }

    /// The path to which the sender delivers.
    pub fn sink_path(&self) -> String {
        format!("/{}", self.name())
    }

    /// The values that every request may use; see [`crate::sender::description::EVERYWHERE`].
    pub fn values(&self, sink_url: &str) -> Values {
        Values::from([
            ("sink".to_owned(), sink_url.to_owned()),
            ("run".to_owned(), self.name()),
            ("now".to_owned(), self.began.to_string()),
        ])
    }

    /// Eight hexadecimal digits, which repeat after seven weeks.
    fn name(&self) -> String {
        format!("{:08x}", self.began.unix_ms() & 0xffff_ffff)
    }
}

/// A variable of this process.
pub fn from_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn is_started(args: &Args, description: &Description) -> bool {
    args.start_postrider.is_some() && description.name == POSTRIDER
}

fn label(description: &Description) -> String {
    format!("{} {}", description.name, description.version)
}

fn read(file: &Path) -> Outcome<Description> {
    let text = std::fs::read_to_string(file)?;
    Ok(Description::parse(&text).map_err(|fault: Fault| fault.to_string())?)
}
