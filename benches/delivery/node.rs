//! `postrider serve` as a child process.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::Outcome;

/// The server's admin key.
pub const ADMIN_KEY: &str = "prk_the-admin-key-of-the-benchmark";

/// The master key of all nodes, which may share a database.
const MASTER_KEY: &str = "pmk_AwoRGB8mLTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dw";

/// The line that the server prints once it listens, up to the address.
const LISTENING: &str = "listening on http://";

/// How long the server may take to stop: its own grace, and a margin.
const STOP_MAX: Duration = Duration::from_secs(40);

/// A running process. Dropping it kills it.
pub struct Node {
    child: Child,
    address: SocketAddr,
}

impl Node {
    /// Starts a build in its own folder, with these arguments after the usual ones.
    pub fn start<'a>(
        binary: &Path,
        folder: &TempDir,
        arguments: impl IntoIterator<Item = &'a OsStr>,
    ) -> Outcome<Self> {
        // The path must be absolute, because the process starts in another folder.
        let mut command = Command::new(std::path::absolute(binary)?);
        // The user's own settings must not affect the measurement, and unknown ones would be refused.
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("POSTRIDER_"))
        {
            command.env_remove(name);
        }
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--log-level", "warn"])
            .args(["--allow-destination", "127.0.0.0/8"])
            .args(arguments)
            .env("POSTRIDER_ADMIN_KEY", ADMIN_KEY)
            .env("POSTRIDER_MASTER_KEY", MASTER_KEY)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("its output was not piped")?;
        // The server prints nothing more after this line, so the pipe cannot fill up.
        let address = BufReader::new(output)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.split_once(LISTENING)?.1.trim().parse().ok());
        match address {
            Some(address) => Ok(Self { child, address }),
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

    /// Stops the server in order.
    pub fn stop(mut self) -> Outcome<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let until = Instant::now() + STOP_MAX;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > until {
                return Err("the server does not stop".into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Errors mean that the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
