//! `postrider serve` as a child process.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::binary;
use crate::client::Api;
use crate::log::Log;

/// The admin key of every server under test.
pub const ADMIN_KEY: &str = "prk_the-admin-key-of-the-tests";

/// The name of the file with the master key in a data folder.
pub const MASTER_KEY_FILE: &str = "master.key";

/// The master key of all servers in tests.
pub const MASTER_KEY: &str = "pmk_AwoRGB8mLTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dw";

/// The flag that allows webhooks to the receivers of the tests.
pub const LOOPBACK_ALLOWED: [&str; 2] = ["--allow-destination", "127.0.0.0/8"];

/// How long a start may take on a busy machine, including a migration.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a stop may take: the longest grace that a test sets, and a margin.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// The line that the server prints once it listens.
const LISTENING: &str = "listening on http://";

/// A server with its own data folder, or on a database. Dropping it kills the process and removes the folder.
/// If the test failed, it first prints its log.
#[derive(Debug)]
pub struct Server {
    child: Option<Child>,
    address: SocketAddr,
    log: Log,
    readers: Vec<JoinHandle<()>>,
    data_dir: TempDir,
    database_url: Option<String>,
    admin_key: Option<&'static str>,
}

impl Server {
    /// A new server that may send to loopback addresses.
    pub fn start() -> Self {
        Self::start_with(&LOOPBACK_ALLOWED)
    }

    /// A new server with a free port, a data folder and these flags.
    pub fn start_with(flags: &[&str]) -> Self {
        let mut server = Self::stopped();
        server.start_again_with(flags);
        server
    }

    /// A server with an empty data folder, not started yet.
    pub fn stopped() -> Self {
        let data_dir = tempfile::Builder::new()
            .prefix("postrider-test-")
            .tempdir()
            .expect("a folder can be created");
        write_master_key(data_dir.path()).expect("a file can be created");
        Self {
            child: None,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            log: Log::default(),
            readers: Vec::new(),
            data_dir,
            database_url: None,
            admin_key: Some(ADMIN_KEY),
        }
    }

    /// A node on this database, not started yet. Its data folder is only the working folder.
    pub fn stopped_on_database(url: String) -> Self {
        let mut server = Self::stopped();
        server.database_url = Some(url);
        server
    }

    /// Starts the server without the admin key from the next start on.
    pub fn withhold_admin_key(&mut self) {
        self.admin_key = None;
    }

    /// Lets the first start create the master key in the data folder. Otherwise all servers have one key, so
    /// that they can share a database and open each other's copies.
    pub fn without_master_key(self) -> Self {
        std::fs::remove_file(self.data_dir.path().join(MASTER_KEY_FILE)).expect("it had one");
        self
    }

    /// Starts the server again on the same data folder, on a new free port.
    pub fn start_again(&mut self) {
        self.start_again_with(&LOOPBACK_ALLOWED);
    }

    /// Starts the server again with these flags.
    pub fn start_again_with(&mut self, flags: &[&str]) {
        let from = self.spawn(flags);
        let address = self.log.find(from, START_TIMEOUT, |line| {
            let listening = line.split_once(LISTENING).map(|(_, address)| address.to_owned());
            listening.or_else(|| listening_in_json(line))?.trim().parse().ok()
        });
        let Some(address) = address else {
            self.log.print("log of a server that did not start");
            panic!("the server does not listen within {START_TIMEOUT:?}");
        };
        self.address = address;
    }

    /// Starts the server and expects it to give up by itself. Returns its exit status and its output.
    pub fn start_that_fails(&mut self, flags: &[&str]) -> (ExitStatus, String) {
        let from = self.spawn(flags);
        let status = self.wait_for_exit(START_TIMEOUT);
        (status, self.log.lines()[from..].join("\n"))
    }

    fn spawn(&mut self, flags: &[&str]) -> usize {
        assert!(self.child.is_none(), "the server runs already");
        let from = self.log.len();
        let mut command = binary::command();
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        match &self.database_url {
            Some(url) => command
                .args(["--database-url", url])
                .env("POSTRIDER_MASTER_KEY", MASTER_KEY),
            None => command.arg("--data-dir").arg(self.data_dir.path()),
        };
        if let Some(key) = self.admin_key {
            command.env("POSTRIDER_ADMIN_KEY", key);
        }
        let mut child = command
            .args(flags)
            // A folder without a developer's postrider.toml.
            .current_dir(self.data_dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server can be started");
        self.readers
            .push(self.log.follow(child.stdout.take().expect("it was piped")));
        self.readers
            .push(self.log.follow(child.stderr.take().expect("it was piped")));
        self.child = Some(child);
        from
    }

    /// A client of the server, with the admin key. A restart requires a new one.
    pub fn api(&self) -> Api {
        Api::new(self.address, Some(ADMIN_KEY))
    }

    /// The address on which the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The server's data folder.
    pub fn data_dir(&self) -> &Path {
        self.data_dir.path()
    }

    /// The server's output, over all its starts.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Asks the server to stop (SIGTERM) without waiting.
    pub fn terminate(&mut self) {
        self.signal(Signal::TERM);
    }

    /// Freezes the server (SIGSTOP): its connections stay open, and it does nothing.
    pub fn freeze(&mut self) {
        self.signal(Signal::STOP);
    }

    /// Resumes the server (SIGCONT), which has not noticed the time that has passed.
    pub fn thaw(&mut self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().expect("the server runs");
        kill_process(Pid::from_child(child), signal).expect("a child can be signalled");
    }

    /// Stops the server (SIGTERM), and waits for its end.
    pub fn stop(&mut self) -> ExitStatus {
        self.terminate();
        self.wait_for_exit(STOP_TIMEOUT)
    }

    /// Kills the server (SIGKILL): it can do nothing more.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("a child can be killed");
            child.wait().expect("a child that was killed ends");
            self.read_to_the_end();
        }
    }

    /// Waits for the server's end.
    pub fn wait_for_exit(&mut self, within: Duration) -> ExitStatus {
        let child = self.child.as_mut().expect("the server runs");
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = child.try_wait().expect("a child can be waited for") {
                self.child = None;
                self.read_to_the_end();
                return status;
            }
            if Instant::now() > deadline {
                self.kill();
                panic!("the server does not end within {within:?}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Collects the last output of the process, whose streams have ended with it.
    fn read_to_the_end(&mut self) {
        for reader in self.readers.drain(..) {
            reader.join().expect("a reader of a log does not panic");
        }
    }
}

/// The address in the line of a JSON log that says that the server listens.
fn listening_in_json(line: &str) -> Option<String> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    let address = (line["message"] == "listening").then(|| line["address"].as_str())?;
    address.map(str::to_owned)
}

fn write_master_key(data_dir: &Path) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(data_dir.join(MASTER_KEY_FILE))?;
    file.write_all(MASTER_KEY.as_bytes())
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            self.log.print("log of the server");
        }
    }
}
