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
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, in parentheses, may hold anything; the fields after it are counted from 3 (proc(5)).
    let after_name = stat.rsplit_once(')').ok_or("an odd stat file")?.1;
    let fields: Vec<&str> = after_name.split_ascii_whitespace().collect();
    let ticks =
        |field: usize| -> Outcome<u64> { Ok(fields.get(field - 3).ok_or("a short stat file")?.parse()?) };
    Ok((ticks(14)? + ticks(15)?) * TICK_US)
}

/// Anonymous memory that a process holds, in bytes.
pub fn anonymous_bytes(pid: u32) -> Outcome<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
    Ok(kib.ok_or("no RssAnon")?.trim().parse::<u64>()? * 1024)
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

/// Looks at a process's memory until it is asked for the peak.
pub struct MemoryWatch {
    stop: Arc<AtomicBool>,
    peak: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl MemoryWatch {
    pub fn start(pid: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let peak = Arc::new(AtomicU64::new(0));
        let (stopped, seen) = (Arc::clone(&stop), Arc::clone(&peak));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                seen.fetch_max(anonymous_bytes(pid).unwrap_or(0), Ordering::Relaxed);
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
