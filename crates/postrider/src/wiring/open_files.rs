//! The limit on open files and sockets of the process.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the soft limit to the hard limit. Each connection is a file, and most systems keep the soft limit
/// at 1024 for programs that use `select`. Returns the limit; `None` if there is no limit, or it cannot be
/// read.
pub fn raise_limit() -> Option<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    let before = limit.current;
    limit.current = limit.maximum;
    match setrlimit(Resource::Nofile, limit) {
        Ok(()) => limit.maximum,
        Err(_) => before,
    }
}
