//! What a process uses, as Linux tells it in `/proc`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::Outcome;

/// Microseconds of a clock tick: `USER_HZ` is 100 on every Linux that Rust runs on.
const TICK_US: u64 = 10_000;

/// How often memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Processor time that a process has used, in user and system mode together, in microseconds.
pub fn cpu_us(pid: u32) -> Outcome<u64> {
    let [user, system, ..] = times_us(pid)?;
    Ok(user + system)
}

/// The same of a process and all its children, those that have ended included.
pub fn family_cpu_us(pid: u32) -> Outcome<u64> {
    // A child that ends meanwhile is found with its parent, who is asked after it.
    let children: u64 = children(pid)
        .into_iter()
        .filter_map(|child| cpu_us(child).ok())
        .sum();
    Ok(children + times_us(pid)?.iter().sum::<u64>())
}

/// Of a process, and of its children that have ended: user and system time each.
fn times_us(pid: u32) -> Outcome<[u64; 4]> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, in parentheses, may hold anything; the fields after it are counted from 3 (proc(5)).
    let after_name = stat.rsplit_once(')').ok_or("an odd stat file")?.1;
    let fields: Vec<&str> = after_name.split_ascii_whitespace().collect();
    let time = |field: usize| -> Outcome<u64> {
        Ok(fields.get(field - 3).ok_or("a short stat file")?.parse::<u64>()? * TICK_US)
    };
    Ok([time(14)?, time(15)?, time(16)?, time(17)?])
}

/// The children of a process of one thread.
fn children(pid: u32) -> Vec<u32> {
    let pids = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    pids.split_ascii_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

/// Anonymous memory that a process holds, in bytes; 0 where it has ended.
pub fn anonymous_bytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
    kib.and_then(|kib| kib.trim().parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// The same of a process and its children. What they share since they forked is counted for each of them.
pub fn family_anonymous_bytes(pid: u32) -> u64 {
    children(pid).into_iter().chain([pid]).map(anonymous_bytes).sum()
}

/// Bytes of the files of a folder, as they lie on the disk.
pub fn folder_bytes(folder: &Path) -> Outcome<u64> {
    use std::os::unix::fs::MetadataExt as _;
    let mut total = 0;
    for entry in std::fs::read_dir(folder)? {
        // Blocks are of 512 bytes here, whatever the file system's are (stat(2)).
        total += entry?.metadata()?.blocks() * 512;
    }
    Ok(total)
}

/// Looks at memory until it is asked for the peak.
pub struct MemoryWatch {
    stop: Arc<AtomicBool>,
    peak: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl MemoryWatch {
    /// `look` tells how many bytes are held now.
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

    /// The most that was seen, in MiB.
    pub fn peak_mib(self) -> Outcome<f64> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the watch panicked")?;
        Ok(self.peak.load(Ordering::Relaxed) as f64 / f64::from(1 << 20))
    }
}
