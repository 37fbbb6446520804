//! Who can read the data folder: its owner alone.
//!
//! New folders and files get their modes when they are created, whatever the umask is. Existing ones that
//! others can read are closed at the start, because they hold events, responses and hashes of keys in the
//! clear.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use crate::log;
use crate::open::{DATABASE_FILE, LOCK_FILE, OpenError};

/// The number of the user root.
const ROOT: u32 = 0;

/// What others must not have of a folder or file.
const OTHERS: u32 = 0o077;

/// A folder in which everybody may create files, such as `/tmp`.
const STICKY: u32 = 0o1000;

/// Files of the folder that may exist before a start.
const FILES: [&str; 4] = [DATABASE_FILE, LOCK_FILE, log::LOG_FILE, SHARED_MEMORY_FILE];

/// What SQLite's processes know of the log, in the data folder.
pub(crate) const SHARED_MEMORY_FILE: &str = "postrider.db-shm";

/// Creates a data folder that is missing. Closes a folder, and a database in it, that others can read.
///
/// # Errors
/// [`OpenError::Exposed`] if another user owns what others can read, or the system's error.
pub fn prepare_folder(data_dir: &Path) -> Result<(), OpenError> {
    if !data_dir.is_dir() {
        return make_folder(data_dir).map_err(|error| OpenError::io(data_dir, error));
    }
    close(data_dir, "chmod 700")?;
    for name in FILES {
        close(&data_dir.join(name), "chmod 600")?;
    }
    Ok(())
}

/// Creates the folder, and syncs its parent, so that the new name survives a crash of the machine. SQLite
/// makes the names within the folder durable, with the first sync of the log.
fn make_folder(data_dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(data_dir)?;
    let parent = data_dir.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// Takes every right of others away from a folder or file. Does nothing if there is no such file.
fn close(path: &Path, command: &'static str) -> Result<(), OpenError> {
    let found = match path.metadata() {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(OpenError::io(path, error)),
    };
    let mode = found.permissions().mode() & 0o7777;
    if mode & OTHERS == 0 {
        return Ok(());
    }
    let exposed = || OpenError::Exposed {
        path: path.to_owned(),
        mode,
        command,
    };
    // A folder for everybody's files is not this server's to close.
    if mode & STICKY != 0 {
        return Err(exposed());
    }
    // Only the owner may change a mode.
    std::fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS)).map_err(|_| exposed())?;
    tracing::warn!(
        path = %path.display(),
        mode = format!("{mode:04o}"),
        "other users of this machine could read it; closed it for them"
    );
    Ok(())
}

/// Gives what root created to the owner of the folder that it is in, who runs the server.
pub(crate) fn give_to_owner(path: &Path) -> io::Result<()> {
    let created = path.metadata()?;
    let folder = path.parent().unwrap_or(Path::new(".")).metadata()?;
    if created.uid() != ROOT || folder.uid() == ROOT {
        return Ok(());
    }
    std::os::unix::fs::chown(path, Some(folder.uid()), Some(folder.gid()))
}

/// The error with the file that it is about.
pub(crate) fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Creates a file for its owner alone, which must not exist.
pub(crate) fn new_private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Opens a file for its owner alone, created if it is missing.
pub(crate) fn private_file(path: &Path) -> Result<File, OpenError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|error| OpenError::io(path, error))
}
