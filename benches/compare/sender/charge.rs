//! The processor time of a sender: processes with their children, and control groups, from Linux's `/proc`
//! and `/sys/fs/cgroup`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Fault;
use super::description::Charge;

/// Microseconds of a clock tick: `USER_HZ` is 100 on every Linux that Rust runs on.
const TICK_US: u64 = 10_000;

/// Characters of a process's name that the kernel keeps.
const NAME_MAX: usize = 15;

/// What is charged.
#[derive(Debug, Clone, Default)]
pub struct Charged {
    charge: Charge,
    pids: Vec<u32>,
}

/// A process, from `/proc/<id>/stat`.
#[derive(Debug, PartialEq, Eq)]
pub struct Process {
    /// Its name, cut to 15 characters.
    pub name: String,
    /// The process that started it, or that has adopted it.
    pub parent: u32,
    /// User and system time of the process, and of its children that have ended, in microseconds.
    pub cpu_us: u64,
}

impl Charged {
    /// What a description charges.
    pub fn new(charge: Charge) -> Self {
        Self {
            charge,
            pids: Vec::new(),
        }
    }

    /// One process and its children.
    pub fn process(pid: u32) -> Self {
        Self {
            charge: Charge::default(),
            pids: vec![pid],
        }
    }

    /// The processor time so far, in microseconds, user and system together; `None` if nothing is charged.
    pub fn cpu_us(&self) -> Result<Option<u64>, Fault> {
        let Charge {
            pid_files,
            processes,
            cgroups,
        } = &self.charge;
        if self.pids.is_empty() && pid_files.is_empty() && processes.is_empty() && cgroups.is_empty() {
            return Ok(None);
        }
        let all = all_processes()?;
        let family = with_children(&all, self.roots(&all)?);
        let of_processes: u64 = family.iter().map(|pid| all[pid].cpu_us).sum();
        let of_groups = cgroups.iter().map(|folder| group_cpu_us(folder));
        Ok(Some(of_processes + of_groups.sum::<Result<u64, Fault>>()?))
    }

    /// What is charged now, for people.
    pub fn describe(&self) -> Result<String, Fault> {
        let all = all_processes()?;
        let mut by_name: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for pid in with_children(&all, self.roots(&all)?) {
            by_name.entry(&all[&pid].name).or_default().push(pid.to_string());
        }
        let mut parts: Vec<String> = by_name
            .into_iter()
            .map(|(name, pids)| format!("{name} ({})", pids.join(", ")))
            .collect();
        for folder in &self.charge.cgroups {
            group_cpu_us(folder)?;
            parts.push(folder.clone());
        }
        Ok(match parts.is_empty() {
            true => "nothing".to_owned(),
            false => parts.join(", "),
        })
    }

    fn roots(&self, all: &BTreeMap<u32, Process>) -> Result<Vec<u32>, Fault> {
        let mut roots = self.pids.clone();
        for file in &self.charge.pid_files {
            let text = std::fs::read_to_string(file)
                .map_err(|error| Fault::new(format!("charge: the pid file {file}: {error}")))?;
            let pid = text.trim().parse();
            roots.push(pid.map_err(|_| Fault::new(format!("charge: {file} has no process id")))?);
        }
        for name in &self.charge.processes {
            let cut: String = name.chars().take(NAME_MAX).collect();
            let before = roots.len();
            roots.extend(
                all.iter()
                    .filter(|(_, process)| process.name == cut)
                    .map(|(pid, _)| *pid),
            );
            if roots.len() == before {
                return Err(Fault::new(format!(
                    "charge: no process is named {name}; start the sender, or correct its description"
                )));
            }
        }
        if let Some(ended) = roots.iter().find(|pid| !all.contains_key(pid)) {
            return Err(Fault::new(format!("charge: process {ended} does not exist")));
        }
        Ok(roots)
    }
}

/// Parses `/proc/<id>/stat` (proc(5)). The name, in parentheses, may contain anything; the fields after it
/// are counted from 3.
pub fn parse_stat(stat: &str) -> Option<Process> {
    let (before, after) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = after.split_ascii_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some(Process {
        name: before.split_once('(')?.1.to_owned(),
        parent: u32::try_from(field(4)?).ok()?,
        cpu_us: (field(14)? + field(15)? + field(16)? + field(17)?) * TICK_US,
    })
}

fn all_processes() -> Result<BTreeMap<u32, Process>, Fault> {
    let entries = std::fs::read_dir("/proc").map_err(|error| Fault::new(format!("/proc: {error}")))?;
    // A process may end while it is read; then its parent has its time.
    Ok(entries
        .filter_map(|entry| {
            let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
            Some((pid, parse_stat(&String::from_utf8_lossy(&stat))?))
        })
        .collect())
}

/// These processes and everything that they have started.
fn with_children(all: &BTreeMap<u32, Process>, mut found: Vec<u32>) -> BTreeSet<u32> {
    let mut family = BTreeSet::new();
    while let Some(pid) = found.pop() {
        if family.insert(pid) {
            found.extend(
                all.iter()
                    .filter(|(_, process)| process.parent == pid)
                    .map(|(pid, _)| *pid),
            );
        }
    }
    family
}

/// The processor time of a control group, from its `cpu.stat`.
fn group_cpu_us(folder: &str) -> Result<u64, Fault> {
    let path = Path::new(folder).join("cpu.stat");
    let stat = std::fs::read_to_string(&path)
        .map_err(|error| Fault::new(format!("charge: {}: {error}", path.display())))?;
    let usage = stat.lines().find_map(|line| line.strip_prefix("usage_usec "));
    usage
        .and_then(|usage| usage.trim().parse().ok())
        .ok_or_else(|| Fault::new(format!("charge: {} has no usage_usec", path.display())))
}
