//! The file with the master key.
//!
//! A new key must be on disk before it seals anything, because what it seals is lost with it. The file
//! therefore changes by a rename: it holds the former keys or the new ones, whatever breaks off in between.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use postrider_cli::Failure;
use postrider_storage::sealing::{MasterKey, MasterKeys, MasterKeysError};

use crate::config::Settings;
use crate::wiring::store::of_folder;

/// Largest file that is read: a ring of 100 keys with a comment for each.
const BYTES_MAX: u64 = 64 * 1024;

/// What others must not have of the file.
const OTHERS: u32 = 0o077;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// There is no such file.
    #[error("the master key file {} does not exist", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
    },
    /// Others can read or change it.
    #[error(
        "others can read the master key file {} (mode {mode:04o}): close it with `chmod 600 '{}'`", file.display(),
        file.display()
    )]
    Open {
        /// The file.
        file: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It has more than [`BYTES_MAX`] bytes.
    #[error("the master key file {} has more than {BYTES_MAX} bytes", file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
    },
    /// With the new key, no server could read it.
    #[error("the master key file {}: {source}", file.display())]
    Keys {
        /// The file.
        file: PathBuf,
        /// The error.
        source: MasterKeysError,
    },
    /// The system's error.
    #[error("the master key file {}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// The error.
        source: io::Error,
    },
}

/// Reads the file, which only its owner may read.
///
/// # Errors
/// See [`KeyFileError`].
pub fn read(file: &Path) -> Result<String, KeyFileError> {
    let of_file = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => KeyFileError::Missing {
            file: file.to_owned(),
        },
        _ => KeyFileError::Io {
            file: file.to_owned(),
            source,
        },
    };
    let opened = File::open(file).map_err(of_file)?;
    let mode = opened.metadata().map_err(of_file)?.permissions().mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(KeyFileError::Open {
            file: file.to_owned(),
            mode,
        });
    }
    let mut text = String::new();
    opened
        .take(BYTES_MAX + 1)
        .read_to_string(&mut text)
        .map_err(of_file)?;
    if text.len() as u64 > BYTES_MAX {
        return Err(KeyFileError::TooLarge {
            file: file.to_owned(),
        });
    }
    Ok(text)
}

/// Creates the file with this key, unless it exists. Creates the data folder if it is missing.
///
/// # Errors
/// The system's error.
pub fn create_if_missing(settings: &Settings, file: &Path, key: &MasterKey) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        Failure::Failed(format!(
            "cannot create the master key file {}: {error}",
            file.display()
        ))
    };
    if file.symlink_metadata().is_ok() {
        return Ok(());
    }
    postrider_storage_sqlite::prepare_folder(&settings.data_dir)
        .map_err(|error| Failure::Failed(of_folder(&settings.data_dir, &error)))?;
    let written = write_beside(file, &format!("{}\n", key.expose())).map_err(failed)?;
    // A link, unlike a rename, never replaces the file of another process that starts at the same time.
    let linked = std::fs::hard_link(&written, file);
    std::fs::remove_file(&written).map_err(failed)?;
    match linked {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(failed(error)),
    }
    sync_folder(file).map_err(failed)?;
    tracing::info!(
        file = %file.display(),
        key = %key.id(),
        "created the master key, which seals the secrets in the database; back it up, apart from the database"
    );
    Ok(())
}

/// Puts a key before those of the file, and returns once it is on disk.
///
/// # Errors
/// See [`KeyFileError`]. The file is then unchanged, or already holds the key.
pub fn put_first(file: &Path, key: &MasterKey) -> Result<(), KeyFileError> {
    let former = read(file)?;
    let of_file = |source| KeyFileError::Io {
        file: file.to_owned(),
        source,
    };
    // The file that a symbolic link names, so that the link stays one.
    let file = &std::fs::canonicalize(file).map_err(of_file)?;
    let text = format!("{}\n{former}", key.expose());
    MasterKeys::parse(&text).map_err(|source| KeyFileError::Keys {
        file: file.to_owned(),
        source,
    })?;
    let written = write_beside(file, &text).map_err(of_file)?;
    std::fs::rename(&written, file).map_err(of_file)?;
    sync_folder(file).map_err(of_file)
}

/// Writes a text to a new file in the same folder, synced.
fn write_beside(file: &Path, text: &str) -> io::Result<PathBuf> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.unfinished", std::process::id()));
    let beside = file.with_file_name(name);
    // From a process that was killed and had the same number.
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    written.write_all(text.as_bytes())?;
    written.sync_all()?;
    Ok(beside)
}

fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;
    use crate::config::declaration;

    fn key(byte: u8) -> MasterKey {
        MasterKey::from_bytes(std::array::from_fn(|n| byte + n as u8))
    }

    /// A folder, its settings, and its file with key 1.
    fn created() -> (tempfile::TempDir, Settings, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            data_dir: folder.path().join("data"),
            ..declaration::read(declaration::defaults()).unwrap()
        };
        let file = settings.data_dir.join("master.key");
        create_if_missing(&settings, &file, &key(1)).unwrap();
        (folder, settings, file)
    }

    fn keys_in(file: &Path) -> Vec<postrider_storage::sealing::KeyId> {
        MasterKeys::parse(&read(file).unwrap()).unwrap().ids()
    }

    #[test]
    fn the_file_is_private_and_created_once() {
        let (_folder, settings, file) = created();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        create_if_missing(&settings, &file, &key(2)).unwrap();
        assert_eq!(keys_in(&file), [key(1).id()]);
        assert_eq!(std::fs::read_dir(&settings.data_dir).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_command_that_closes_it() {
        let (_folder, _, file) = created();
        for mode in [0o640, 0o604, 0o620, 0o644] {
            std::fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            let refused = read(&file).unwrap_err().to_string();
            assert!(
                refused.contains("chmod 600 '") && refused.contains(&format!("{mode:04o}")),
                "{refused}"
            );
        }
    }

    #[test]
    fn a_new_key_goes_before_the_others_and_a_link_stays_a_link() {
        let (folder, _, file) = created();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        put_first(&link, &key(2)).unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(keys_in(&link), [key(2).id(), key(1).id()]);
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn no_key_is_added_or_lost_where_a_start_could_not_read_them_all() {
        let (_folder, _, file) = created();
        for number in 2..=100 {
            put_first(&file, &key(number)).unwrap();
        }
        let full = read(&file).unwrap();
        let refused = put_first(&file, &key(101)).unwrap_err().to_string();
        assert!(refused.contains("more than 100 keys"), "{refused}");
        assert_eq!(read(&file).unwrap(), full);
        let long = format!("{}{full}", "# a comment\n".repeat(6_000));
        std::fs::write(&file, &long).unwrap();
        let refused = put_first(&file, &key(1)).unwrap_err().to_string();
        assert!(refused.contains("more than 65536 bytes"), "{refused}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), long);
    }
}
