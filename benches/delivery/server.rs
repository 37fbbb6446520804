//! `postrider serve` as a process with a data folder of its own.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::args::Args;
use crate::setup::Client;
use crate::{Outcome, process};

/// The key that opens its API.
pub const ADMIN_KEY: &str = "prk_the-admin-key-of-the-benchmark";

/// What it says once it listens.
const LISTENING: &str = "listening on http://";

/// How long it may take to stop: its own grace, and some.
const STOP_MAX: Duration = Duration::from_secs(40);

/// A running server. Dropping it kills the process and removes the folder.
pub struct Server {
    child: Child,
    address: SocketAddr,
    data_dir: TempDir,
}

impl Server {
    /// Starts a build on an empty folder; `TMPDIR` decides on which disk.
    pub fn start(binary: &Path, args: &Args) -> Outcome<Self> {
        let data_dir = tempfile::Builder::new().prefix("postrider-bench-").tempdir()?;
        let mut command = Command::new(binary);
        // Settings of whoever runs the benchmark are not measured, and unknown ones would be refused.
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("POSTRIDER_"))
        {
            command.env_remove(name);
        }
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--log-level", "warn"])
            .args(["--allow-destination", "127.0.0.0/8", "--data-dir"])
            .arg(data_dir.path())
            .args(args.serve_flags.split_ascii_whitespace())
            .env("POSTRIDER_ADMIN_KEY", ADMIN_KEY)
            .current_dir(data_dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("its output was not piped")?;
        // It prints nothing more after this line, so the pipe cannot fill up.
        let address = BufReader::new(output)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.split_once(LISTENING)?.1.trim().parse().ok());
        match address {
            Some(address) => Ok(Self {
                child,
                address,
                data_dir,
            }),
            None => {
                let _ = child.kill();
                Err(format!("{} does not start: {}", binary.display(), child.wait()?).into())
            }
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// Processor time used so far, in microseconds.
    pub fn cpu_us(&self) -> Outcome<u64> {
        process::cpu_us(self.pid())
    }

    /// Stops it in order and answers what its folder takes on the disk then, in bytes.
    pub fn stop(mut self) -> Outcome<u64> {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM)?;
        let until = Instant::now() + STOP_MAX;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > until {
                return Err("the server does not stop".into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        process::folder_bytes(self.data_dir.path())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Errors say that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
