//! How many files and sockets the process may have.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the soft limit to the hard one: each connection is a file, and the soft limit of most systems is
/// 1024 for the sake of programs that use `select`. Returns the limit; `None` where there is none, or none
/// can be told.
pub fn raise_limit() -> Option<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    let before = limit.current;
    limit.current = limit.maximum;
    match setrlimit(Resource::Nofile, limit) {
        Ok(()) => limit.maximum,
        Err(_) => before,
    }
}
