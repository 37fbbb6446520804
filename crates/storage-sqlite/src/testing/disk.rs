//! A disk in memory that loses power and fails, as a seed decides.
//!
//! SQLite reaches it through a VFS ([`vfs`], the only file with unsafe code). It promises what a Linux
//! file system on an honest disk promises, and breaks everything else:
//!
//! - Written bytes are visible at once, and durable after a sync. Until then a power failure keeps any
//!   earlier version of each sector, or tears it between two versions. Bytes next to a write stay as they
//!   are, as SQLite assumes on Unix (`SQLITE_IOCAP_POWERSAFE_OVERWRITE`).
//! - Names in the folder are durable after a sync of the folder.
//! - Locks and shared memory work between the connections of one process, and end with it.
//!
//! To add a fault: a variant of [`DiskFault`], a `strikes` where it hits in [`state`], and a line in
//! `tests/power`.

mod contents;
mod faults;
mod handle;
mod locks;
mod state;
mod vfs;

use std::collections::BTreeMap;
use std::ffi::c_int;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Weak};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use rusqlite::ffi;

use self::faults::Failing;
pub use self::faults::{DiskCounts, DiskFault};
use self::state::{FileId, State};

/// The parent of the folders that are on simulated disks. A disk's folder is `/simulated-disk/DISK/BOOT`.
const ROOT: &str = "simulated-disk";

/// The name of SQLite's VFS for all simulated disks.
const VFS_NAME: &std::ffi::CStr = c"simulated-disk";

/// The disks that exist, by number. SQLite names one by its path.
static DISKS: Mutex<BTreeMap<u64, Weak<Disk>>> = Mutex::new(BTreeMap::new());

/// How many disks were created.
static CREATED: AtomicU64 = AtomicU64::new(0);

/// An error that SQLite understands (`SQLITE_…`).
type Code = c_int;

/// What a call of SQLite comes to.
type Outcome = Result<(), Code>;

/// A disk in memory: one folder for one [`SqliteStore`](crate::SqliteStore), which
/// [`open_on`](crate::SqliteStore::open_on) opens. Clones are handles of the same disk.
///
/// From the same seed and the same calls follow the same faults.
#[derive(Debug, Clone)]
pub struct SimulatedDisk(Arc<Disk>);

#[derive(Debug)]
struct Disk {
    number: u64,
    state: Mutex<State>,
}

impl SimulatedDisk {
    /// An empty disk. Its sectors have 512 or 4,096 bytes.
    pub fn new(seed: u64) -> Self {
        vfs::register();
        let number = CREATED.fetch_add(1, Ordering::Relaxed);
        let disk = Arc::new(Disk {
            number,
            state: Mutex::new(State::new(seed)),
        });
        DISKS.lock().insert(number, Arc::downgrade(&disk));
        Self(disk)
    }

    /// The power fails. Whatever is open is dead: each further call fails with `SQLITE_IOERR`. Synced bytes
    /// and names stay; others are kept, lost or torn, sector by sector. The disk is off until a store is
    /// opened on it.
    pub fn power_failure(&self) {
        self.0.state.lock().power_failure();
    }

    /// The power fails during the operation after the next `operations` ones (see
    /// [`DiskCounts::operations`]); `None` cancels that.
    pub fn power_failure_after(&self, operations: impl Into<Option<u64>>) {
        self.0.state.lock().set_power_left(operations.into());
    }

    /// The process dies, as by `kill -9`. Whatever is open is dead, what was written stays, and what was not
    /// synced can still be lost at a later power failure.
    pub fn kill_process(&self) {
        self.0.state.lock().end_process();
    }

    /// From now on every call that the fault concerns fails; `None` ends all faults.
    pub fn fail(&self, fault: Option<DiskFault>) {
        let failing = fault.map(|fault| Failing { fault, one_in: 1 });
        self.0.state.lock().set_failing(failing);
    }

    /// From now on one in `one_in` calls that the fault concerns fails.
    pub fn fail_one_in(&self, one_in: u32, fault: DiskFault) {
        self.0.state.lock().set_failing(Some(Failing { fault, one_in }));
    }

    /// From now on each sync takes this long (`None`: no time). A store without threads
    /// ([`open_on`](crate::SqliteStore::open_on)) delays the results of its writes by that, one after the
    /// other; they are on disk before. On tokio's clock, so it costs no time where that is virtual.
    pub fn sync_takes(&self, duration: Option<Duration>) {
        self.0.state.lock().sync_duration = duration;
    }

    pub(crate) fn sync_duration(&self) -> Option<Duration> {
        self.0.state.lock().sync_duration
    }

    /// What was done on this disk.
    pub fn counts(&self) -> DiskCounts {
        self.0.state.lock().counts
    }

    /// Starts a process, which ends an earlier one as [`Self::kill_process`] does, and returns the path of
    /// its data folder.
    pub(crate) fn start_process(&self) -> PathBuf {
        let boot = self.0.state.lock().boot();
        Path::new("/")
            .join(ROOT)
            .join(self.0.number.to_string())
            .join(boot.to_string())
    }
}

/// The VFS for a data folder, if it is on a simulated disk.
pub(crate) fn vfs_of(data_dir: &Path) -> Option<&'static std::ffi::CStr> {
    data_dir
        .starts_with(Path::new("/").join(ROOT))
        .then_some(VFS_NAME)
}

/// Whether a data folder is on a simulated disk, and its process has ended.
pub(crate) fn is_dead(data_dir: &Path) -> bool {
    vfs_of(data_dir).is_some()
        && locate(&data_dir.join("any")).is_none_or(|(disk, boot, _)| disk.alive(boot).is_err())
}

impl Disk {
    /// The state, while the process with this number lives.
    fn alive(&self, boot: u64) -> Result<MutexGuard<'_, State>, Code> {
        let state = self.state.lock();
        if state.is_alive(boot) {
            Ok(state)
        } else {
            Err(ffi::SQLITE_IOERR)
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        DISKS.lock().remove(&self.number);
    }
}

/// The disk, the process and the name of a file, from its path.
fn locate(path: &Path) -> Option<(Arc<Disk>, u64, &str)> {
    let mut parts = path.components().filter_map(|part| match part {
        Component::Normal(part) => part.to_str(),
        _ => None,
    });
    parts.next().filter(|root| *root == ROOT)?;
    let number = parts.next()?.parse().ok()?;
    let boot = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let disk = DISKS.lock().get(&number)?.upgrade()?;
    Some((disk, boot, name))
}

/// Writes a file once more, as it is, and syncs it and its name. Does nothing if there is none.
pub(crate) fn write_again(path: &Path) -> io::Result<()> {
    on_file(path, |state, id, len| {
        let mut bytes = vec![0; len];
        state.read(id, 0, &mut bytes)?;
        state.write(id, 0, &bytes)?;
        let mut known = state.file(id)?.failed_syncs;
        state.sync(id, true, &mut known)
    })
}

/// A file that is open to be synced.
#[derive(Debug)]
pub(crate) struct SyncHandle {
    path: PathBuf,
    failed_syncs: Mutex<u64>,
}

impl SyncHandle {
    /// Opens a file, which need not exist, and syncs its folder.
    pub(crate) fn open(path: PathBuf) -> io::Result<Self> {
        let mut failed_syncs = 0;
        on_file(&path, |state, id, _| {
            failed_syncs = state.file(id)?.failed_syncs;
            state.sync_folder()
        })?;
        Ok(Self {
            path,
            failed_syncs: Mutex::new(failed_syncs),
        })
    }

    /// Syncs the file. Does nothing if there is none.
    pub(crate) fn sync(&self) -> io::Result<()> {
        let mut known = self.failed_syncs.lock();
        on_file(&self.path, |state, id, _| state.sync(id, false, &mut known))
    }
}

/// Opens a file, if it exists, for this work, which also receives its length.
fn on_file(path: &Path, work: impl FnOnce(&mut State, FileId, usize) -> Outcome) -> io::Result<()> {
    let Some((disk, boot, name)) = locate(path) else {
        return Err(io::ErrorKind::NotFound.into());
    };
    let mut state = disk.state.lock();
    if !state.is_alive(boot) {
        return Err(io::Error::other("the process is dead"));
    }
    let Some(len) = state.len_of(name) else {
        return Ok(());
    };
    let outcome = state.open(Some(name), false).and_then(|id| {
        let outcome = work(&mut state, id, len);
        state.close(id);
        outcome
    });
    outcome.map_err(|code| io::Error::other(format!("SQLite's error {code}")))
}

/// The disk for temporary files, which SQLite opens without a name. It never fails.
fn temporary() -> Arc<Disk> {
    static TEMPORARY: LazyLock<Arc<Disk>> = LazyLock::new(|| {
        Arc::new(Disk {
            number: u64::MAX,
            state: Mutex::new(State::new(0)),
        })
    });
    Arc::clone(&TEMPORARY)
}
