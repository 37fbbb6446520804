//! A receiver, started by the commands of its page in a folder of its own.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use postrider_tests::log::Log;
use postrider_tests::port::free_port;
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use super::framework::Framework;
use crate::pages::page::Page;
use crate::pages::shell::{link_postrider, shell};

/// How long a framework may take to build and start on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(150);

/// How often it is checked meanwhile, and whether it has printed a line.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The port in the commands of every page.
const PORT_ON_THE_PAGES: &str = "3000";

/// A running receiver. Dropping it ends its processes and removes its folder.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: Log,
    port: u16,
    secret: String,
    page: Page,
    folder: TempDir,
}

impl Process {
    /// Follows the page: creates the project, writes the files and starts the receiver with this key.
    pub fn start(framework: Framework, secret: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("postrider-page-")
            .tempdir()
            .unwrap();
        let page = Page::read(&framework.page());
        link_postrider(folder.path());
        if let Some(packages) = framework.node_packages() {
            link_tree(&packages, &folder.path().join("node_modules"));
        }
        copy_tree(&framework.harness(), folder.path());
        if let Some(create) = page.commands("Create") {
            let output = shell(&create, folder.path()).output().unwrap();
            assert!(output.status.success(), "{create}: {output:?}");
        }
        page.write_files(folder.path());
        let port = free_port();
        let commands = page.commands("Start").expect("a page says how to start it");
        let mut command = shell(&on_port(&commands, port), folder.path());
        command
            .env("WEBHOOK_SECRET", secret)
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = Log::of(&mut child);
        let mut process = Self {
            child,
            log,
            port,
            secret: secret.to_owned(),
            page,
            folder,
        };
        process.wait_until_it_listens();
        process
    }

    fn wait_until_it_listens(&mut self) {
        let deadline = Instant::now() + START_TIMEOUT;
        while TcpStream::connect(self.address()).is_err() {
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "the receiver does not listen: {ended:?}; ./test installs what is missing"
            );
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// Runs the commands of the page's section *Try it*, and returns what they print.
    pub fn try_it(&self) -> String {
        let commands = self.page.commands("Try").expect("a page says how to try it");
        let output = shell(&on_port(&commands, self.port), self.folder.path())
            .env("WEBHOOK_SECRET", &self.secret)
            .output()
            .unwrap();
        assert!(output.status.success(), "{commands}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Waits until the receiver has worked on this event.
    pub fn wait_until_it_worked_on(&self, event: &str) {
        let is_about_it = |line: &str| line.contains(&working_on(event)).then_some(());
        let found = self.log.find(0, postrider_tests::wait::SOON, is_about_it);
        assert!(found.is_some(), "the receiver does not work on {event}");
    }

    /// How often the receiver has worked on this event.
    pub fn times_it_worked_on(&self, event: &str) -> usize {
        let lines = self.log.lines();
        lines
            .iter()
            .filter(|line| line.contains(&working_on(event)))
            .count()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The processes may have ended by themselves.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
        if std::thread::panicking() {
            self.log.print("output of the receiver");
        }
    }
}

/// What every page prints in place of its reader's work.
fn working_on(event: &str) -> String {
    format!("working on {event}: ")
}

fn on_port(commands: &str, port: u16) -> String {
    assert!(commands.contains(PORT_ON_THE_PAGES), "{commands}");
    commands.replace(PORT_ON_THE_PAGES, &port.to_string())
}

/// Copies a folder's files and folders, if there is one.
fn copy_tree(from: &Path, to: &Path) {
    let Ok(entries) = std::fs::read_dir(from) else {
        return;
    };
    for entry in entries {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy_tree(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Makes a folder of packages appear in another place.
fn link_tree(from: &Path, to: &Path) {
    assert!(
        from.is_dir(),
        "{}: ./test installs what is missing",
        from.display()
    );
    symlink(from, to).unwrap();
}
