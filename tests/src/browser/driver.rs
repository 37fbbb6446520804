//! `chromedriver` as a child process, with everything that it starts.

use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use crate::log::Log;

/// How long a start may take on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// The line that the driver prints once it listens, up to the port.
const LISTENING: &str = "was started successfully on port ";

/// Starts the driver, and kills its process group, including the browser, when standard input ends. The
/// system closes that pipe when the test ends in any way, even by a signal, which drops nothing. The driver
/// chooses a free port of IPv6, and exits if another process has the same one of IPv4: it then starts again.
const GUARD: &str = "for _ in 1 2 3 4 5; do chromedriver --port=0; done & read -r _; kill -KILL 0";

/// A driver on a free port, with its own folder for the browser's profile, home and temporary files. Dropping
/// it kills the driver and its browser, and removes the folder. If the test failed, it first prints its log.
#[derive(Debug)]
pub struct Driver {
    guard: Child,
    address: SocketAddr,
    log: Log,
    readers: Vec<JoinHandle<()>>,
    folder: TempDir,
}

impl Driver {
    /// Starts the driver, and waits until it listens.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("postrider-browser-")
            .tempdir()
            .expect("a folder can be created");
        let mut guard = Command::new("sh")
            .args(["-c", GUARD])
            .envs(["HOME", "TMPDIR"].map(|variable| (variable, folder.path())))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("a shell can be started");
        let log = Log::default();
        let readers = vec![
            log.follow(guard.stdout.take().expect("it was piped")),
            log.follow(guard.stderr.take().expect("it was piped")),
        ];
        let mut driver = Self {
            guard,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            log,
            readers,
            folder,
        };
        let port = driver.log.find(0, START_TIMEOUT, |line| {
            let (_, port) = line.split_once(LISTENING)?;
            port.trim_end_matches('.').parse().ok()
        });
        let port = port.unwrap_or_else(|| panic!("chromedriver does not listen within {START_TIMEOUT:?}"));
        driver.address.set_port(port);
        driver
    }

    /// The address on which the driver listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The driver's folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder for the browser's profile. It does not exist yet.
    pub fn profile(&self) -> PathBuf {
        self.folder().join("profile")
    }

    /// The process group of the driver and its browser.
    pub fn process_group(&self) -> Pid {
        Pid::from_child(&self.guard)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The process may have ended by itself.
        let _ = kill_process_group(self.process_group(), Signal::KILL);
        let _ = self.guard.wait();
        // The streams end with the last process of the group. Then no process writes to the folder any more.
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        if std::thread::panicking() {
            self.log.print("log of chromedriver");
        }
    }
}
