//! The resource use of a process, from Linux's `/proc`, and the limit on open files of this one.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::Outcome;

/// Microseconds of a clock tick: `USER_HZ` is 100 on every Linux that Rust runs on.
const TICK_US: u64 = 10_000;

/// How often memory is checked.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Processor time of a process, user and system time together, in microseconds.
pub fn cpu_us(pid: u32) -> Outcome<u64> {
    let [user, system, ..] = times_us(pid)?;
    Ok(user + system)
}

/// Processor time of a process and all its children, including those that have ended, in microseconds.
pub fn family_cpu_us(pid: u32) -> Outcome<u64> {
    // If a child ends meanwhile, its time counts with its parent, which is read afterwards.
    let children: u64 = children(pid)
        .into_iter()
        .filter_map(|child| cpu_us(child).ok())
        .sum();
    Ok(children + times_us(pid)?.iter().sum::<u64>())
}

/// User and system time of a process, then those of its ended children.
fn times_us(pid: u32) -> Outcome<[u64; 4]> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, in parentheses, may contain anything. The fields after it are counted from 3 (proc(5)).
    let after_name = stat.rsplit_once(')').ok_or("an odd stat file")?.1;
    let fields: Vec<&str> = after_name.split_ascii_whitespace().collect();
    let time = |field: usize| -> Outcome<u64> {
        Ok(fields.get(field - 3).ok_or("a short stat file")?.parse::<u64>()? * TICK_US)
    };
    Ok([time(14)?, time(15)?, time(16)?, time(17)?])
}

/// The children of a single-threaded process.
fn children(pid: u32) -> Vec<u32> {
    let pids = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    pids.split_ascii_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

/// Anonymous memory of a process, in bytes; 0 if it has ended.
pub fn anonymous_bytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
    kib.and_then(|kib| kib.trim().parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Anonymous memory of a process and its children. Memory shared since a fork counts once for each of them.
pub fn family_anonymous_bytes(pid: u32) -> u64 {
    children(pid).into_iter().chain([pid]).map(anonymous_bytes).sum()
}

/// Bytes that the files of a folder occupy on the disk.
pub fn folder_bytes(folder: &Path) -> Outcome<u64> {
    use std::os::unix::fs::MetadataExt as _;
    let mut total = 0;
    for entry in std::fs::read_dir(folder)? {
        // A block has 512 bytes here, whatever the file system's block size (stat(2)).
        total += entry?.metadata()?.blocks() * 512;
    }
    Ok(total)
}

/// Raises the soft limit on open files, which counts connections too, to the hard limit. If it cannot be
/// raised, only scenarios with many connections at once fail.
pub fn raise_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
}

/// Samples memory until the peak is read.
pub struct MemoryWatch {
    stop: Arc<AtomicBool>,
    peak: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl MemoryWatch {
    /// Starts sampling. `look` returns the bytes that are in use now.
    pub fn start(look: impl Fn() -> u64 + Send + 'static) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let peak = Arc::new(AtomicU64::new(0));
        let (stopped, seen) = (Arc::clone(&stop), Arc::clone(&peak));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                seen.fetch_max(look(), Ordering::Relaxed);
                std::thread::sleep(LOOK_EVERY);
            }
        });
        Self { stop, peak, thread }
    }

    /// The largest sample, in MiB.
    pub fn peak_mib(self) -> Outcome<f64> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the watch panicked")?;
        Ok(self.peak.load(Ordering::Relaxed) as f64 / f64::from(1 << 20))
    }
}
