//! The operator's API key: configured, or created at the first start.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use postrider_access::{Access, AdminKey, AdminKeyError, ShownKey, check_admin_key};

use crate::config::Settings;
use postrider_cli::{Environment, Failure};

/// The variable that holds the operator's key.
const VARIABLE: &str = "POSTRIDER_ADMIN_KEY";

/// Where a created key is kept for the operator. It cannot be read from the store again.
#[derive(Debug, Clone)]
pub enum KeepCreated {
    /// The caller shows it to the operator.
    Shown,
    /// In this file, which only the owner can read.
    File(PathBuf),
}

/// What opening the API found.
#[derive(Debug)]
pub enum FirstKey {
    /// Nothing was created.
    Existing,
    /// A key was created, to be shown.
    Shown(ShownKey),
    /// A key was created, and is in this file.
    InFile(PathBuf),
}

/// The key that the operator configured, if any. One that is refused is refused before the store is opened.
pub fn configured(settings: &Settings, environment: &Environment) -> Result<Option<String>, Failure> {
    let in_variable = environment.get(VARIABLE);
    let (source, key) = match (&settings.admin_key_file, in_variable) {
        (Some(_), Some(_)) => {
            let both = format!("{VARIABLE} and admin_key_file are both set; remove one");
            return Err(Failure::Usage(both));
        }
        (Some(file), None) => {
            let source = format!("admin_key_file {}", file.display());
            let text = fs::read_to_string(file);
            let text = text.map_err(|error| Failure::Usage(format!("{source}: {error}")))?;
            (source, text.trim_end_matches(['\r', '\n']).to_owned())
        }
        (None, Some(key)) => (VARIABLE.to_owned(), key.to_owned()),
        (None, None) => return Ok(None),
    };
    check_admin_key(&key).map_err(|error| Failure::Usage(format!("{source}: {error}")))?;
    Ok(Some(key))
}

/// The file for the first key of a server whose output is not a terminal.
pub fn file_for_created(settings: &Settings) -> PathBuf {
    match &settings.database_url {
        None => settings.data_dir.join("admin.key"),
        Some(_) => PathBuf::from("postrider-admin.key"),
    }
}

/// Opens the API with the configured key, or creates the first key where there is none.
pub async fn open(
    access: &Access,
    configured: Option<&str>,
    keep: &KeepCreated,
) -> Result<FirstKey, Failure> {
    let opened = access.open(configured).await;
    let opened = opened.map_err(|error| match error {
        AdminKeyError::Unfit | AdminKeyError::Weak => Failure::Usage(format!("the admin key: {error}")),
        AdminKeyError::Store(error) => Failure::Failed(format!("cannot read the API keys: {error}")),
    })?;
    match opened {
        AdminKey::Configured | AdminKey::Existing => Ok(FirstKey::Existing),
        AdminKey::Missing => create(access, keep).await,
    }
}

/// A file with the key is complete before the store knows the key, so that a crash in between loses no key.
async fn create(access: &Access, keep: &KeepCreated) -> Result<FirstKey, Failure> {
    let first = access.first_key();
    let kept = match keep {
        KeepCreated::Shown => None,
        KeepCreated::File(file) => Some(KeptKey::write(file, &first).map_err(|error| {
            let file = file.display();
            Failure::Failed(format!(
                "cannot write the first API key to {file}: {error}. Set {VARIABLE} or admin_key_file instead"
            ))
        })?),
    };
    let added = access.add_first_key(&first).await;
    let is_added =
        added.map_err(|error| Failure::Failed(format!("cannot store the first API key: {error}")))?;
    match kept {
        Some(kept) if is_added => Ok(FirstKey::InFile(kept.keep())),
        // Another node was faster: its key is the first one.
        Some(kept) => {
            kept.remove();
            Ok(FirstKey::Existing)
        }
        None if is_added => Ok(FirstKey::Shown(first.into_shown())),
        None => Ok(FirstKey::Existing),
    }
}

/// A key in a file of its own, until it is certain that it is the first one. Nodes that start at the same
/// moment in the same folder do not touch each other's files.
struct KeptKey {
    file: PathBuf,
    own: PathBuf,
}

impl KeptKey {
    /// Writes the key to a file that only its owner can read.
    fn write(file: &Path, first: &postrider_access::FirstKey) -> io::Result<Self> {
        let mut own = file.as_os_str().to_owned();
        own.push(format!(".{}", first.id()));
        let own = PathBuf::from(own);
        let mut new = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&own)?;
        writeln!(new, "{}", first.shown().expose())?;
        new.sync_all()?;
        Ok(Self {
            file: file.to_owned(),
            own,
        })
    }

    /// Gives the file its name, and returns where the key is.
    fn keep(self) -> PathBuf {
        match fs::rename(&self.own, &self.file) {
            Ok(()) => self.file,
            Err(_) => self.own,
        }
    }

    /// Removes the file. If it stays, it is only a key that opens nothing.
    fn remove(self) {
        let _ = fs::remove_file(self.own);
    }
}
