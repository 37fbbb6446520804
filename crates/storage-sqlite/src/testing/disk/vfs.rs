//! The C interface between SQLite and [`Handle`]: conversions only, no behaviour.
#![expect(
    unsafe_code,
    reason = "SQLite calls a file system through C function pointers"
)]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;
use std::sync::Once;
use std::time::Duration;

use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_vfs};

use super::handle::Handle;
use super::{Code, Outcome, VFS_NAME, locate, temporary};

/// Longest path, in bytes; those of simulated disks are short.
const PATH_BYTES_MAX: c_int = 512;

/// SQLite's unit for paths and files on a disk whose sectors are not larger.
const SECTOR_BYTES: c_int = 4096;

/// 2026-01-15T00:00:00Z in milliseconds of the Julian day. No statement of the store asks SQLite for the
/// time.
const JULIAN_MS: sqlite3_int64 = 212_635_195_200_000;

/// How long SQLite really waits when it waits for a lock.
const PAUSE: Duration = Duration::from_micros(500);

/// SQLite's open file: it allocates `szOsFile` bytes for it and sees only the first field.
#[repr(C)]
struct OpenFile {
    base: sqlite3_file,
    handle: *mut Handle,
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    // Version 2: with shared memory, without memory maps.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// Registers the VFS, once in the life of the process.
pub(super) fn register() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        let vfs = Box::leak(Box::new(sqlite3_vfs {
            iVersion: 2,
            szOsFile: c_int::try_from(size_of::<OpenFile>()).unwrap_or(c_int::MAX),
            mxPathname: PATH_BYTES_MAX,
            pNext: ptr::null_mut(),
            zName: VFS_NAME.as_ptr(),
            pAppData: ptr::null_mut(),
            xOpen: Some(open),
            xDelete: Some(delete),
            xAccess: Some(access),
            xFullPathname: Some(full_pathname),
            xDlOpen: None,
            xDlError: None,
            xDlSym: None,
            xDlClose: None,
            xRandomness: Some(randomness),
            xSleep: Some(sleep),
            xCurrentTime: None,
            xGetLastError: None,
            xCurrentTimeInt64: Some(current_time),
            xSetSystemCall: None,
            xGetSystemCall: None,
            xNextSystemCall: None,
        }));
        // SAFETY: the VFS and its name are never freed, and its functions are those of version 2.
        let code = unsafe { ffi::sqlite3_vfs_register(vfs, 0) };
        assert_eq!(code, ffi::SQLITE_OK, "SQLite accepts a VFS");
    });
}

unsafe extern "C" fn open(
    _: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes null or a path that outlives the call.
    let opened = match unsafe { path_of(name) } {
        Some(path) => {
            located(path).and_then(|(disk, boot, name)| Handle::open(disk, boot, Some(name), flags))
        }
        None => Handle::open(temporary(), 0, None, flags),
    };
    let (methods, handle, code) = match opened {
        Ok(handle) => (
            &raw const METHODS,
            Box::into_raw(Box::new(handle)),
            ffi::SQLITE_OK,
        ),
        // Without methods, SQLite does not close the file.
        Err(code) => (ptr::null(), ptr::null_mut(), code),
    };
    let base = sqlite3_file { pMethods: methods };
    // SAFETY: `file` has room for `szOsFile` bytes.
    unsafe { file.cast::<OpenFile>().write(OpenFile { base, handle }) };
    if !out_flags.is_null() {
        // SAFETY: it is not null, so it is where SQLite wants the flags.
        unsafe { out_flags.write(flags) };
    }
    code
}

unsafe extern "C" fn delete(_: *mut sqlite3_vfs, name: *const c_char, syncs_folder: c_int) -> c_int {
    // SAFETY: SQLite passes a path that outlives the call.
    let path = unsafe { path_of(name) }.unwrap_or(Path::new(""));
    code(located(path).and_then(|(disk, boot, name)| disk.alive(boot)?.delete(name, syncs_folder != 0)))
}

unsafe extern "C" fn access(
    _: *mut sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes a path that outlives the call.
    let path = unsafe { path_of(name) }.unwrap_or(Path::new(""));
    let len = located(path).and_then(|(disk, boot, name)| Ok(disk.alive(boot)?.len_of(name)));
    // As on Unix, an empty file does not exist for this question.
    let exists = len.map(|len| match flags {
        ffi::SQLITE_ACCESS_EXISTS => len.is_some_and(|len| len > 0),
        _ => len.is_some(),
    });
    // SAFETY: `out` is where SQLite wants the result.
    code(exists.map(|exists| unsafe { out.write(c_int::from(exists)) }))
}

unsafe extern "C" fn full_pathname(
    _: *mut sqlite3_vfs,
    name: *const c_char,
    len: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite passes a path that outlives the call.
    let path = unsafe { CStr::from_ptr(name) }.to_bytes_with_nul();
    if path.len() > size(len) {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: `out` has `len` bytes, at least as many as the path.
    unsafe { ptr::copy_nonoverlapping(path.as_ptr().cast(), out, path.len()) };
    ffi::SQLITE_OK
}

/// SQLite takes randomness from its default VFS only.
unsafe extern "C" fn randomness(_: *mut sqlite3_vfs, _: c_int, _: *mut c_char) -> c_int {
    0
}

/// Waits for another thread to release a lock, but not long: without threads none would.
unsafe extern "C" fn sleep(_: *mut sqlite3_vfs, microseconds: c_int) -> c_int {
    std::thread::sleep(PAUSE);
    microseconds
}

unsafe extern "C" fn current_time(_: *mut sqlite3_vfs, out: *mut sqlite3_int64) -> c_int {
    // SAFETY: `out` is where SQLite wants the result.
    unsafe { out.write(JULIAN_MS) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: `open` wrote the handle, and SQLite closes a file once.
    drop(unsafe { Box::from_raw((*file.cast::<OpenFile>()).handle) });
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    into: *mut c_void,
    len: c_int,
    offset: sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite passes `len` bytes of initialized memory, which nothing else uses meanwhile.
    let into = unsafe { std::slice::from_raw_parts_mut(into.cast::<u8>(), size(len)) };
    // SAFETY: the file is open.
    code(unsafe { handle(file) }.read(size(offset), into))
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    from: *const c_void,
    len: c_int,
    offset: sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite passes `len` bytes, which do not change meanwhile.
    let from = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), size(len)) };
    // SAFETY: the file is open.
    code(unsafe { handle(file) }.write(size(offset), from))
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, len: sqlite3_int64) -> c_int {
    // SAFETY: the file is open.
    code(unsafe { handle(file) }.truncate(size(len)))
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, _: c_int) -> c_int {
    // SAFETY: the file is open.
    code(unsafe { handle(file) }.sync())
}

unsafe extern "C" fn file_size(file: *mut sqlite3_file, out: *mut sqlite3_int64) -> c_int {
    // SAFETY: the file is open.
    let len = unsafe { handle(file) }.len();
    // SAFETY: `out` is where SQLite wants the result.
    code(len.map(|len| unsafe { out.write(len as sqlite3_int64) }))
}

unsafe extern "C" fn lock(file: *mut sqlite3_file, level: c_int) -> c_int {
    // SAFETY: the file is open.
    code(unsafe { handle(file) }.lock(level))
}

unsafe extern "C" fn unlock(file: *mut sqlite3_file, level: c_int) -> c_int {
    // SAFETY: the file is open.
    unsafe { handle(file) }.unlock(level);
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved_lock(file: *mut sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: the file is open.
    let is_reserved = unsafe { handle(file) }.is_reserved();
    // SAFETY: `out` is where SQLite wants the result.
    code(is_reserved.map(|is_reserved| unsafe { out.write(c_int::from(is_reserved)) }))
}

unsafe extern "C" fn file_control(_: *mut sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_: *mut sqlite3_file) -> c_int {
    SECTOR_BYTES
}

/// What SQLite assumes of every disk on Unix.
unsafe extern "C" fn device_characteristics(_: *mut sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn shm_map(
    file: *mut sqlite3_file,
    number: c_int,
    len: c_int,
    extends: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: the file is open.
    let region = unsafe { handle(file) }.map(size(number), size(len), extends != 0);
    let address = match &region {
        // The handle keeps the region. SQLite writes to it through the address, which atomics permit.
        Ok(Some(region)) => region.as_ptr().cast_mut().cast(),
        _ => ptr::null_mut(),
    };
    // SAFETY: `out` is where SQLite wants the address.
    unsafe { out.write(address) };
    code(region.map(drop))
}

unsafe extern "C" fn shm_lock(file: *mut sqlite3_file, first: c_int, count: c_int, flags: c_int) -> c_int {
    // SAFETY: the file is open.
    code(unsafe { handle(file) }.lock_memory(first.cast_unsigned(), count.cast_unsigned(), flags))
}

unsafe extern "C" fn shm_barrier(_: *mut sqlite3_file) {
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
}

/// The last connection's unmapping frees the memory, whether SQLite wants it deleted or not: the next one
/// would have to initialize it anyway.
unsafe extern "C" fn shm_unmap(file: *mut sqlite3_file, _: c_int) -> c_int {
    // SAFETY: the file is open.
    unsafe { handle(file) }.unmap();
    ffi::SQLITE_OK
}

/// The handle of an open file.
///
/// # Safety
/// `open` filled the file, `close` did not yet get it, and no other call uses it: a connection is used by one
/// thread at a time.
unsafe fn handle<'a>(file: *mut sqlite3_file) -> &'a mut Handle {
    // SAFETY: by the above, `handle` is the box that `open` made.
    unsafe { &mut *(*file.cast::<OpenFile>()).handle }
}

/// # Safety
/// `name` is null or a string that lives for `'a`.
unsafe fn path_of<'a>(name: *const c_char) -> Option<&'a Path> {
    if name.is_null() {
        return None;
    }
    // SAFETY: by the above.
    let name = unsafe { CStr::from_ptr(name) };
    Some(Path::new(name.to_str().unwrap_or_default()))
}

fn located(path: &Path) -> Result<(std::sync::Arc<super::Disk>, u64, &str), Code> {
    locate(path).ok_or(ffi::SQLITE_CANTOPEN)
}

fn code(outcome: Outcome) -> c_int {
    outcome.err().unwrap_or(ffi::SQLITE_OK)
}

/// Sizes and offsets, which SQLite never passes negative.
fn size(number: impl TryInto<usize>) -> usize {
    number.try_into().unwrap_or_default()
}
