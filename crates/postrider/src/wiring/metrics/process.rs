//! What the system knows of this process, under the names that all Prometheus clients use
//! (<https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>). Read from `/proc`; a
//! system without it has none of them.

use std::fs;

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};

use super::text::Text;

/// What does not change while the process runs.
pub(super) struct Process {
    /// In seconds since 1970; `None` if the system does not say.
    started_s: Option<f64>,
}

/// Fields of `/proc/self/stat` (proc_pid_stat(5)), numbered from the state, which is the first one after the
/// name of the program.
const USER_TICKS: usize = 11;
const SYSTEM_TICKS: usize = 12;
const THREADS: usize = 17;
const START_TICKS: usize = 19;
const VIRTUAL_BYTES: usize = 20;
const RESIDENT_PAGES: usize = 21;

impl Process {
    /// This process.
    pub(super) fn new() -> Self {
        let started_s = || {
            let stat = fs::read_to_string("/proc/self/stat").ok()?;
            let started = fields(&stat)?.get(START_TICKS).copied()?;
            let system = fs::read_to_string("/proc/stat").ok()?;
            let booted = system.lines().find_map(|line| line.strip_prefix("btime "))?;
            Some(booted.trim().parse::<f64>().ok()? + seconds(started))
        };
        Self {
            started_s: started_s(),
        }
    }

    /// Writes the metrics.
    pub(super) fn write(&self, text: &mut Text) {
        let Some(stat) = fs::read_to_string("/proc/self/stat").ok() else {
            return;
        };
        let Some(fields) = fields(&stat) else { return };
        let field = |index: usize| fields.get(index).copied().unwrap_or(0);
        text.counter(
            "process_cpu_seconds_total",
            "Total user and system CPU time spent in seconds",
        )
        .value(seconds(field(USER_TICKS) + field(SYSTEM_TICKS)));
        for (name, help, value) in [
            (
                "process_resident_memory_bytes",
                "Resident memory size in bytes",
                field(RESIDENT_PAGES).saturating_mul(page_size() as u64),
            ),
            (
                "process_virtual_memory_bytes",
                "Virtual memory size in bytes",
                field(VIRTUAL_BYTES),
            ),
            ("process_threads", "Threads of the process", field(THREADS)),
        ] {
            text.gauge(name, help).value(value);
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            // Without the descriptor that reads the folder.
            text.gauge("process_open_fds", "Open file descriptors")
                .value(open.count().saturating_sub(1));
        }
        if let Some(max) = getrlimit(Resource::Nofile).current {
            text.gauge("process_max_fds", "Most file descriptors that can be open")
                .value(max);
        }
        if let Some(started) = self.started_s {
            text.gauge(
                "process_start_time_seconds",
                "Start of the process in seconds since 1970",
            )
            .value(started);
        }
    }
}

/// The numbers after the name, which may contain spaces and brackets. The first of them stands for the state,
/// which is a letter.
fn fields(stat: &str) -> Option<Vec<u64>> {
    let (_, rest) = stat.rsplit_once(')')?;
    // Some fields are negative; none of those is read.
    Some(
        rest.split_whitespace()
            .map(|field| field.parse().unwrap_or(0))
            .collect(),
    )
}

fn seconds(ticks: u64) -> f64 {
    // Exact for some million years.
    ticks as f64 / clock_ticks_per_second() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_have_brackets_and_spaces_in_its_name() {
        let stat =
            "42 (a) (b c) S 1 2 3 4 -1 6 7 8 9 10 150 50 13 14 20 0 9 0 777 4096 3 18446744073709551615";
        let fields = fields(stat).unwrap();
        assert_eq!(fields[USER_TICKS] + fields[SYSTEM_TICKS], 200);
        assert_eq!((fields[THREADS], fields[START_TICKS]), (9, 777));
        assert_eq!((fields[VIRTUAL_BYTES], fields[RESIDENT_PAGES]), (4096, 3));
    }
}
