//! The locks of a database file and of its shared memory, between the connections of one process.

use std::collections::BTreeMap;
use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use parking_lot::Mutex;
use rusqlite::ffi;

use super::{Code, Outcome};

/// Identifies an open file.
pub(super) type HandleId = u64;

/// The locks on a database file, as <https://www.sqlite.org/lockingv3.html> defines them.
#[derive(Debug, Default)]
pub(super) struct FileLocks(BTreeMap<HandleId, c_int>);

impl FileLocks {
    /// Raises the lock of a handle to `level`.
    pub(super) fn lock(&mut self, handle: HandleId, level: c_int) -> Outcome {
        if self.level(handle) >= level {
            return Ok(());
        }
        let others = self.others(handle);
        match level {
            ffi::SQLITE_LOCK_SHARED if others >= ffi::SQLITE_LOCK_PENDING => return Err(ffi::SQLITE_BUSY),
            ffi::SQLITE_LOCK_RESERVED if others >= ffi::SQLITE_LOCK_RESERVED => return Err(ffi::SQLITE_BUSY),
            ffi::SQLITE_LOCK_EXCLUSIVE if others >= ffi::SQLITE_LOCK_RESERVED => {
                return Err(ffi::SQLITE_BUSY);
            }
            ffi::SQLITE_LOCK_EXCLUSIVE if others >= ffi::SQLITE_LOCK_SHARED => {
                // No new reader may begin while this handle waits for the last one to end.
                self.0.insert(handle, ffi::SQLITE_LOCK_PENDING);
                return Err(ffi::SQLITE_BUSY);
            }
            _ => {}
        }
        self.0.insert(handle, level);
        Ok(())
    }

    /// Lowers the lock of a handle to `level`.
    pub(super) fn unlock(&mut self, handle: HandleId, level: c_int) {
        if level == ffi::SQLITE_LOCK_NONE {
            self.0.remove(&handle);
        } else if self.level(handle) > level {
            self.0.insert(handle, level);
        }
    }

    /// Whether a handle intends to write.
    pub(super) fn is_reserved(&self) -> bool {
        self.0.values().any(|level| *level >= ffi::SQLITE_LOCK_RESERVED)
    }

    fn level(&self, handle: HandleId) -> c_int {
        self.0.get(&handle).copied().unwrap_or(ffi::SQLITE_LOCK_NONE)
    }

    fn others(&self, handle: HandleId) -> c_int {
        let others = self.0.iter().filter(|(other, _)| **other != handle);
        others
            .map(|(_, level)| *level)
            .max()
            .unwrap_or(ffi::SQLITE_LOCK_NONE)
    }
}

/// The shared memory of a database in WAL mode. It lives as long as a connection uses it.
#[derive(Debug, Default)]
pub(super) struct SharedMemory(Mutex<Shared>);

#[derive(Debug, Default)]
struct Shared {
    regions: Vec<Region>,
    /// The slots that each handle holds, as bits.
    slots: BTreeMap<HandleId, Slots>,
}

/// Size of a region in words: SQLite always asks for 32 KiB.
const REGION_WORDS: usize = 8192;

/// A part of the shared memory. SQLite orders its accesses by locks and barriers.
pub(super) type Region = Arc<[AtomicU32; REGION_WORDS]>;

#[derive(Debug, Default, Clone, Copy)]
struct Slots {
    shared: u32,
    exclusive: u32,
}

impl SharedMemory {
    /// The region with this number, of zeros if it is new; `None` if it is missing and not to be created.
    pub(super) fn region(
        &self,
        number: usize,
        bytes: usize,
        may_grow: impl FnOnce() -> Result<bool, Code>,
    ) -> Result<Option<Region>, Code> {
        let mut shared = self.0.lock();
        if shared.regions.len() <= number {
            if !may_grow()? {
                return Ok(None);
            }
            if bytes > size_of::<[AtomicU32; REGION_WORDS]>() {
                return Err(ffi::SQLITE_IOERR_SHMMAP);
            }
            let zeros = || Arc::new([const { AtomicU32::new(0) }; REGION_WORDS]);
            shared.regions.resize_with(number + 1, zeros);
        }
        Ok(Some(Arc::clone(&shared.regions[number])))
    }

    /// Takes or releases the slots in `slots`, as `flags` (`SQLITE_SHM_…`) say.
    pub(super) fn lock(&self, handle: HandleId, slots: u32, flags: c_int) -> Outcome {
        let mut shared = self.0.lock();
        let others = shared.slots.iter().filter(|(other, _)| **other != handle);
        let (mut read, mut written) = (0, 0);
        for (_, held) in others {
            read |= held.shared;
            written |= held.exclusive;
        }
        let own = shared.slots.entry(handle).or_default();
        if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
            own.shared &= !slots;
            own.exclusive &= !slots;
        } else if flags & ffi::SQLITE_SHM_SHARED != 0 {
            if written & slots != 0 {
                return Err(ffi::SQLITE_BUSY);
            }
            own.shared |= slots;
        } else {
            if (read | written) & slots != 0 {
                return Err(ffi::SQLITE_BUSY);
            }
            own.exclusive |= slots;
        }
        Ok(())
    }

    /// Releases every slot of a handle.
    pub(super) fn release(&self, handle: HandleId) {
        self.0.lock().slots.remove(&handle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writer_waits_for_readers_and_keeps_new_ones_out() {
        let mut locks = FileLocks::default();
        assert_eq!(locks.lock(1, ffi::SQLITE_LOCK_SHARED), Ok(()));
        assert_eq!(locks.lock(2, ffi::SQLITE_LOCK_SHARED), Ok(()));
        assert_eq!(locks.lock(1, ffi::SQLITE_LOCK_RESERVED), Ok(()));
        assert_eq!(locks.lock(2, ffi::SQLITE_LOCK_RESERVED), Err(ffi::SQLITE_BUSY));
        assert_eq!(locks.lock(1, ffi::SQLITE_LOCK_EXCLUSIVE), Err(ffi::SQLITE_BUSY));
        assert_eq!(locks.lock(3, ffi::SQLITE_LOCK_SHARED), Err(ffi::SQLITE_BUSY));
        locks.unlock(2, ffi::SQLITE_LOCK_NONE);
        assert_eq!(locks.lock(1, ffi::SQLITE_LOCK_EXCLUSIVE), Ok(()));
        locks.unlock(1, ffi::SQLITE_LOCK_SHARED);
        assert_eq!(locks.lock(3, ffi::SQLITE_LOCK_SHARED), Ok(()));
    }

    #[test]
    fn a_slot_of_shared_memory_has_many_readers_or_one_writer() {
        let (take, give) = (ffi::SQLITE_SHM_LOCK, ffi::SQLITE_SHM_UNLOCK);
        let (shared, exclusive) = (ffi::SQLITE_SHM_SHARED, ffi::SQLITE_SHM_EXCLUSIVE);
        let memory = SharedMemory::default();
        assert_eq!(memory.lock(1, 0b01, take | shared), Ok(()));
        assert_eq!(memory.lock(2, 0b01, take | shared), Ok(()));
        assert_eq!(memory.lock(2, 0b10, take | exclusive), Ok(()));
        assert_eq!(memory.lock(1, 0b11, take | exclusive), Err(ffi::SQLITE_BUSY));
        assert_eq!(memory.lock(2, 0b01, give | shared), Ok(()));
        assert_eq!(memory.lock(1, 0b11, take | shared), Err(ffi::SQLITE_BUSY));
        memory.release(2);
        assert_eq!(memory.lock(1, 0b11, take | exclusive), Ok(()));
    }
}
