//! The operator's API key: configured, or created at the first start.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use postrider_access::{Access, AdminKey, AdminKeyError, ShownKey};

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

/// The key that the operator configured, if any.
pub fn configured(settings: &Settings, environment: &Environment) -> Result<Option<String>, Failure> {
    let in_variable = environment.get(VARIABLE);
    match (&settings.admin_key_file, in_variable) {
        (Some(_), Some(_)) => Err(Failure::Usage(format!(
            "{VARIABLE} and admin_key_file are both set; remove one"
        ))),
        (Some(file), None) => {
            let text = fs::read_to_string(file)
                .map_err(|error| Failure::Usage(format!("admin_key_file {}: {error}", file.display())))?;
            Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
        }
        (None, key) => Ok(key.map(str::to_owned)),
    }
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

/// The file is complete before the store knows the key, so that a crash in between loses no key.
async fn create(access: &Access, keep: &KeepCreated) -> Result<FirstKey, Failure> {
    let first = access.first_key();
    if let KeepCreated::File(file) = keep {
        write(file, first.shown().expose()).map_err(|error| {
            Failure::Failed(format!(
                "cannot write the first API key to {}: {error}. Set {VARIABLE} or admin_key_file instead",
                file.display()
            ))
        })?;
    }
    let added = access.add_first_key(&first).await;
    let is_added =
        added.map_err(|error| Failure::Failed(format!("cannot store the first API key: {error}")))?;
    match keep {
        // Another node was faster: its key is the first one.
        KeepCreated::File(file) if !is_added => {
            // If it stays, it is only a key that opens nothing.
            let _ = fs::remove_file(file);
            Ok(FirstKey::Existing)
        }
        KeepCreated::Shown if !is_added => Ok(FirstKey::Existing),
        KeepCreated::File(file) => Ok(FirstKey::InFile(file.clone())),
        KeepCreated::Shown => Ok(FirstKey::Shown(first.into_shown())),
    }
}

/// Writes the key to a file that only its owner can read, and replaces an earlier one.
fn write(file: &Path, key: &str) -> io::Result<()> {
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    let temporary = PathBuf::from(name);
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut new = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)?;
    writeln!(new, "{key}")?;
    new.sync_all()?;
    fs::rename(&temporary, file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn only_the_owner_reads_a_written_key() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("admin.key");
        for key in ["prk_first", "prk_second"] {
            write(&file, key).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), format!("{key}\n"));
            let mode = fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
