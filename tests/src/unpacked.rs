//! Programs that `./test` unpacks into `tests/.cache` where the system has none: nginx, Caddy, promtool.

use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::log::Log;
use crate::port::free_port;

/// How long a program may take to listen on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// Ports that are tried: another process may take one between the choice and the start.
const PORTS_MAX: usize = 5;

/// The program of a Debian package, which has it at `path`, such as `usr/sbin/nginx`: the one that `./test`
/// unpacked, the system's there, or the one in `PATH`.
pub fn program(package: &str, path: &str) -> PathBuf {
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!(".cache/{package}/{path}"));
    let places = [unpacked, Path::new("/").join(path)];
    let found = places.into_iter().find(|place| place.exists());
    found.unwrap_or_else(|| Path::new(path).file_name().expect("a program has a name").into())
}

/// Starts a command. Panics with its name, and with what installs it, if it cannot be started.
#[track_caller]
pub fn spawn(command: &mut Command) -> Child {
    command
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; ./test unpacks what is missing"))
}

/// A program that listens on a free port of loopback. Dropping it ends the process.
#[derive(Debug)]
pub struct Listener {
    name: &'static str,
    child: Child,
    port: u16,
    log: Log,
}

impl Listener {
    /// Starts the command that `command` makes for a port, and waits until it listens there.
    #[track_caller]
    pub fn start(name: &'static str, mut command: impl FnMut(u16) -> Command) -> Self {
        let log = Log::default();
        for _ in 0..PORTS_MAX {
            let port = free_port();
            if let Some(child) = start_on(command(port), port, &log) {
                return Self {
                    name,
                    child,
                    port,
                    log,
                };
            }
        }
        log.print(&format!("output of {name}, which did not start"));
        panic!("{name} does not start; ./test unpacks it where it is missing");
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // The process may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            self.log.print(&format!("output of {}", self.name));
        }
    }
}

/// The process, once it listens; `None` if it has ended, or did not listen in time.
#[track_caller]
fn start_on(mut command: Command, port: u16, log: &Log) -> Option<Child> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = spawn(&mut command);
    log.follow(child.stderr.take().expect("it was piped"));
    let started = Instant::now();
    while started.elapsed() < START_TIMEOUT {
        if child.try_wait().expect("a child can be asked").is_some() {
            return None;
        }
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Some(child);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
    None
}
