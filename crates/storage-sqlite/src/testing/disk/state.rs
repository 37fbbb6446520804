//! The files of a disk, its faults and its power.

use std::collections::BTreeMap;
use std::sync::Weak;
use std::time::Duration;

use fastrand::Rng;
use rusqlite::ffi;

use super::contents::{Contents, Mood};
use super::faults::{DiskCounts, DiskFault, Failing};
use super::locks::{FileLocks, SharedMemory};
use super::{Code, Outcome};

/// Identifies a file, whatever its names.
pub(super) type FileId = u64;

/// A file and, until the next start of the machine, its locks and shared memory.
#[derive(Debug)]
pub(super) struct File {
    pub(super) contents: Contents,
    pub(super) locks: FileLocks,
    pub(super) memory: Weak<SharedMemory>,
    /// How many handles are open, dead ones included.
    pub(super) handles: usize,
    /// How many syncs have failed.
    pub(super) failed_syncs: u64,
}

/// Everything about a disk that changes.
#[derive(Debug)]
pub(super) struct State {
    rng: Rng,
    sector_bytes: usize,
    /// How often a process was started on this disk. Handles of an earlier one are dead.
    boot: u64,
    is_on: bool,
    pub(super) files: BTreeMap<FileId, File>,
    /// The only folder, as the system shows it.
    names: BTreeMap<String, FileId>,
    /// The folder as it was last synced.
    synced_names: BTreeMap<String, FileId>,
    next_id: u64,
    failing: Option<Failing>,
    /// How many more operations succeed before the power fails.
    power_left: Option<u64>,
    /// How long a sync takes.
    pub(super) sync_duration: Option<Duration>,
    pub(super) counts: DiskCounts,
}

impl State {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let sector_bytes = if rng.bool() { 512 } else { 4096 };
        Self {
            rng,
            sector_bytes,
            boot: 0,
            is_on: true,
            files: BTreeMap::new(),
            names: BTreeMap::new(),
            synced_names: BTreeMap::new(),
            next_id: 0,
            failing: None,
            power_left: None,
            sync_duration: None,
            counts: DiskCounts::default(),
        }
    }

    /// Starts a process and, if the power had failed, the machine. Returns its number.
    pub(super) fn boot(&mut self) -> u64 {
        self.end_process();
        self.is_on = true;
        self.boot
    }

    /// Makes every handle dead. What was written stays, and unsynced parts can still be lost.
    pub(super) fn end_process(&mut self) {
        self.boot += 1;
        for file in self.files.values_mut() {
            file.locks = FileLocks::default();
            file.memory = Weak::new();
        }
    }

    pub(super) fn is_alive(&self, boot: u64) -> bool {
        self.is_on && boot == self.boot
    }

    pub(super) fn set_failing(&mut self, failing: Option<Failing>) {
        self.failing = failing;
    }

    pub(super) fn set_power_left(&mut self, operations: Option<u64>) {
        self.power_left = operations;
    }

    pub(super) fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// The file with this name, created if `creates`.
    pub(super) fn open(&mut self, name: Option<&str>, creates: bool) -> Result<FileId, Code> {
        let found = name.and_then(|name| self.names.get(name).copied());
        let id = match found {
            Some(id) => id,
            None if creates => self.create(name),
            None => return Err(ffi::SQLITE_CANTOPEN),
        };
        self.file(id)?.handles += 1;
        Ok(id)
    }

    fn create(&mut self, name: Option<&str>) -> FileId {
        let id = self.new_id();
        let file = File {
            contents: Contents::new(self.sector_bytes),
            locks: FileLocks::default(),
            memory: Weak::new(),
            handles: 0,
            failed_syncs: 0,
        };
        self.files.insert(id, file);
        if let Some(name) = name {
            self.names.insert(name.to_owned(), id);
        }
        id
    }

    /// Releases a handle; a file without handles and names is gone.
    pub(super) fn close(&mut self, id: FileId) {
        if let Some(file) = self.files.get_mut(&id) {
            file.handles -= 1;
        }
        self.forget_files();
    }

    /// The length of the file with this name.
    pub(super) fn len_of(&self, name: &str) -> Option<usize> {
        let file = self.files.get(self.names.get(name)?)?;
        Some(file.contents.len())
    }

    pub(super) fn delete(&mut self, name: &str, syncs_folder: bool) -> Outcome {
        if !self.names.contains_key(name) {
            return Err(ffi::SQLITE_IOERR_DELETE_NOENT);
        }
        let fails = self.operation();
        self.names.remove(name);
        if fails {
            self.power_failure();
            return Err(ffi::SQLITE_IOERR_DELETE);
        }
        if syncs_folder {
            self.sync_folder()?;
        }
        self.forget_files();
        Ok(())
    }

    pub(super) fn sync_folder(&mut self) -> Outcome {
        if self.strikes(DiskFault::SyncError) {
            return Err(ffi::SQLITE_IOERR_DIR_FSYNC);
        }
        self.synced_names.clone_from(&self.names);
        self.forget_files();
        Ok(())
    }

    pub(super) fn read(&mut self, id: FileId, offset: usize, into: &mut [u8]) -> Outcome {
        if self.strikes(DiskFault::ReadError) {
            return Err(ffi::SQLITE_IOERR_READ);
        }
        if self.file(id)?.contents.read(offset, into) {
            Ok(())
        } else {
            Err(ffi::SQLITE_IOERR_SHORT_READ)
        }
    }

    pub(super) fn write(&mut self, id: FileId, offset: usize, data: &[u8]) -> Outcome {
        let fails = self.operation();
        let grows = offset + data.len() > self.file(id)?.contents.len();
        let code = if grows && self.strikes(DiskFault::Full) {
            Some(ffi::SQLITE_FULL)
        } else if self.strikes(DiskFault::WriteError) {
            Some(ffi::SQLITE_IOERR_WRITE)
        } else {
            None
        };
        let data = match code {
            Some(_) => &data[..self.rng.usize(0..=data.len())],
            None => data,
        };
        self.file(id)?.contents.write(offset, data);
        if fails {
            self.power_failure();
            return Err(ffi::SQLITE_IOERR_WRITE);
        }
        if let Some(code) = code {
            return Err(code);
        }
        self.counts.writes += 1;
        self.counts.bytes += data.len() as u64;
        Ok(())
    }

    pub(super) fn truncate(&mut self, id: FileId, len: usize) -> Outcome {
        let fails = self.operation();
        if self.strikes(DiskFault::WriteError) {
            return Err(ffi::SQLITE_IOERR_TRUNCATE);
        }
        self.file(id)?.contents.truncate(len);
        if fails {
            self.power_failure();
            return Err(ffi::SQLITE_IOERR_TRUNCATE);
        }
        Ok(())
    }

    /// Syncs a file. Fails also if another handle's sync has failed since the last one of this handle, as on
    /// Linux; `known` counts the failures that this handle knows.
    pub(super) fn sync(&mut self, id: FileId, with_folder: bool, known: &mut u64) -> Outcome {
        let fails = self.operation();
        if fails {
            // The power may fail before the sync ends, or before the process hears that it ended.
            if self.rng.bool() {
                self.file(id)?.contents.sync();
            }
            self.power_failure();
            return Err(ffi::SQLITE_IOERR_FSYNC);
        }
        if self.strikes(DiskFault::SyncError) {
            let mut rng = self.rng.fork();
            let file = self.file(id)?;
            file.contents.sync_in_part(&mut rng);
            file.failed_syncs += 1;
            *known = file.failed_syncs;
            return Err(ffi::SQLITE_IOERR_FSYNC);
        }
        let file = self.file(id)?;
        file.contents.sync();
        if std::mem::replace(known, file.failed_syncs) < file.failed_syncs {
            return Err(ffi::SQLITE_IOERR_FSYNC);
        }
        if with_folder {
            self.sync_folder()?;
        }
        self.counts.syncs += 1;
        Ok(())
    }

    /// Counts an operation. True if the power fails during it.
    fn operation(&mut self) -> bool {
        self.counts.operations += 1;
        match &mut self.power_left {
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        }
    }

    /// Whether this fault hits the present call.
    pub(super) fn strikes(&mut self, fault: DiskFault) -> bool {
        let Some(failing) = self.failing.filter(|failing| failing.fault == fault) else {
            return false;
        };
        let strikes = failing.one_in <= 1 || self.rng.u32(0..failing.one_in) == 0;
        self.counts.faults += u64::from(strikes);
        strikes
    }

    pub(super) fn power_failure(&mut self) {
        self.end_process();
        self.is_on = false;
        self.power_left = None;
        self.counts.power_failures += 1;
        let mood = Mood::drawn(&mut self.rng);
        for file in self.files.values_mut() {
            file.contents.lose_power(&mut self.rng, mood);
        }
        let mut names = self.synced_names.clone();
        names.extend(self.names.clone());
        names.retain(|name, id| {
            let versions = [self.synced_names.get(name), self.names.get(name)];
            match versions[mood.pick(&mut self.rng, 2)] {
                Some(survivor) => {
                    *id = *survivor;
                    true
                }
                None => false,
            }
        });
        self.names.clone_from(&names);
        self.synced_names = names;
        self.forget_files();
    }

    pub(super) fn file(&mut self, id: FileId) -> Result<&mut File, Code> {
        self.files.get_mut(&id).ok_or(ffi::SQLITE_IOERR)
    }

    fn forget_files(&mut self) {
        let (names, synced) = (&self.names, &self.synced_names);
        let is_named = |id| names.values().chain(synced.values()).any(|named| *named == id);
        self.files.retain(|id, file| file.handles > 0 || is_named(*id));
    }
}
