//! An open file, as SQLite uses it.

use std::ffi::c_int;
use std::sync::Arc;

use parking_lot::MutexGuard;
use rusqlite::ffi;

use super::faults::DiskFault;
use super::locks::{HandleId, Region, SharedMemory};
use super::state::{FileId, State};
use super::{Code, Disk, Outcome};

/// An open file. Once its process has ended, every call fails, except those that give something back.
pub(super) struct Handle {
    disk: Arc<Disk>,
    id: HandleId,
    file: FileId,
    boot: u64,
    /// The failed syncs of the file that this handle knows.
    failed_syncs: u64,
    /// Whether the next sync also makes the names in the folder durable, as SQLite does on Unix after it
    /// opened a log or journal.
    syncs_folder: bool,
    /// The name to delete on close.
    temporary: Option<String>,
    memory: Option<Arc<SharedMemory>>,
    /// The mapped regions: SQLite has their addresses until the last connection unmaps them.
    regions: Vec<Region>,
}

impl Handle {
    /// Opens a file of a process, with SQLite's flags; without a name it is a temporary file.
    pub(super) fn open(disk: Arc<Disk>, boot: u64, name: Option<&str>, flags: c_int) -> Result<Self, Code> {
        let creates = flags & ffi::SQLITE_OPEN_CREATE != 0;
        let logs = ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL;
        let is_temporary = flags & ffi::SQLITE_OPEN_DELETEONCLOSE != 0;
        let mut state = disk.alive(boot)?;
        let file = state.open(name, creates || name.is_none())?;
        let id = state.new_id();
        let failed_syncs = state.file(file)?.failed_syncs;
        drop(state);
        Ok(Self {
            disk,
            id,
            file,
            boot,
            failed_syncs,
            syncs_folder: creates && flags & logs != 0,
            temporary: name.filter(|_| is_temporary).map(str::to_owned),
            memory: None,
            regions: Vec::new(),
        })
    }

    pub(super) fn read(&self, offset: usize, into: &mut [u8]) -> Outcome {
        self.state()?.read(self.file, offset, into)
    }

    pub(super) fn write(&self, offset: usize, data: &[u8]) -> Outcome {
        self.state()?.write(self.file, offset, data)
    }

    pub(super) fn truncate(&self, len: usize) -> Outcome {
        self.state()?.truncate(self.file, len)
    }

    pub(super) fn sync(&mut self) -> Outcome {
        let mut known = self.failed_syncs;
        let outcome = self.state()?.sync(self.file, self.syncs_folder, &mut known);
        self.failed_syncs = known;
        outcome?;
        self.syncs_folder = false;
        Ok(())
    }

    pub(super) fn len(&self) -> Result<usize, Code> {
        Ok(self.state()?.file(self.file)?.contents.len())
    }

    pub(super) fn lock(&self, level: c_int) -> Outcome {
        self.state()?.file(self.file)?.locks.lock(self.id, level)
    }

    pub(super) fn unlock(&self, level: c_int) {
        if let Ok(mut state) = self.state()
            && let Ok(file) = state.file(self.file)
        {
            file.locks.unlock(self.id, level);
        }
    }

    pub(super) fn is_reserved(&self) -> Result<bool, Code> {
        Ok(self.state()?.file(self.file)?.locks.is_reserved())
    }

    /// The shared memory's region with this number. Its address stays valid while the handle is open.
    pub(super) fn map(&mut self, number: usize, bytes: usize, extends: bool) -> Result<Option<Region>, Code> {
        let mut state = self.disk.alive(self.boot)?;
        let memory = match &self.memory {
            Some(memory) => Arc::clone(memory),
            None => {
                let file = state.file(self.file)?;
                let memory = file.memory.upgrade().unwrap_or_default();
                file.memory = Arc::downgrade(&memory);
                memory
            }
        };
        self.memory = Some(Arc::clone(&memory));
        let region = memory.region(number, bytes, || match extends {
            // The memory is a file in the same folder.
            true if state.strikes(DiskFault::Full) => Err(ffi::SQLITE_IOERR_SHMSIZE),
            extends => Ok(extends),
        })?;
        self.regions.extend(region.clone());
        Ok(region)
    }

    pub(super) fn lock_memory(&self, first: u32, count: u32, flags: c_int) -> Outcome {
        let Some(memory) = &self.memory else {
            return Err(ffi::SQLITE_IOERR_SHMLOCK);
        };
        if flags & ffi::SQLITE_SHM_UNLOCK == 0 {
            drop(self.state()?);
        }
        memory.lock(self.id, ((1 << count) - 1) << first, flags)
    }

    pub(super) fn unmap(&mut self) {
        self.regions.clear();
        if let Some(memory) = self.memory.take() {
            memory.release(self.id);
        }
    }

    fn state(&self) -> Result<MutexGuard<'_, State>, Code> {
        self.disk.alive(self.boot)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.unmap();
        self.unlock(ffi::SQLITE_LOCK_NONE);
        if let (Some(name), Ok(mut state)) = (&self.temporary, self.disk.alive(self.boot)) {
            // A temporary file that cannot be deleted is no loss.
            let _ = state.delete(name, false);
        }
        self.disk.state.lock().close(self.file);
    }
}
