//! The program of the page as a child process: the relay, and the product that writes to the outbox.

use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use postrider_tests::Postgres;
use postrider_tests::log::Log;
use postrider_tests::server::ADMIN_KEY;
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use super::language::Language;
use crate::pages::page::Page;
use crate::pages::shell::shell;

/// The program in one language, in a folder of its own.
#[derive(Debug)]
pub struct Program {
    language: Language,
    command: String,
    folder: TempDir,
    database: SocketAddr,
    postrider: SocketAddr,
}

/// A running relay. Dropping it kills it.
#[derive(Debug)]
pub struct Relay {
    child: Child,
    log: Log,
}

impl Program {
    /// Writes the page's file for this language.
    pub fn prepare(language: Language, page: &Page, database: &Postgres, postrider: SocketAddr) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("postrider-outbox-")
            .tempdir()
            .unwrap();
        page.write_files(folder.path());
        language.install(folder.path());
        let commands = page
            .commands(language.section())
            .expect("a section says how to start");
        let start = commands.lines().last().unwrap();
        Self {
            language,
            command: start.strip_suffix(" relay").unwrap().to_owned(),
            folder,
            database: database.address(),
            postrider,
        }
    }

    fn run(&self, arguments: &str) -> Command {
        let (database, port) = (self.database, self.database.port());
        let mut command = shell(&format!("{} {arguments}", self.command), self.folder.path());
        command
            .envs(self.language.variables().iter().copied())
            .env(
                "DATABASE_URL",
                format!("postgres://postrider@{database}/postgres?sslmode=disable"),
            )
            .env(
                "DATABASE_DSN",
                format!("pgsql:host=127.0.0.1;port={port};dbname=postgres;user=postrider"),
            )
            .env(
                "JDBC_URL",
                format!("jdbc:postgresql://{database}/postgres?user=postrider"),
            )
            .env("POSTRIDER_URL", format!("http://{}", self.postrider))
            .env("POSTRIDER_API_KEY", ADMIN_KEY);
        command
    }

    /// Accepts these proposals, one transaction each, until one fails. Whether none failed.
    pub fn accept(&self, proposals: &str) -> bool {
        let output = self.run(&format!("accept {proposals}")).output().unwrap();
        if !output.status.success() {
            println!("{}", String::from_utf8_lossy(&output.stderr));
        }
        output.status.success()
    }

    /// Starts the relay.
    pub fn relay(&self) -> Relay {
        let mut command = self.run("relay");
        command
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = Log::of(&mut child);
        Relay { child, log }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // The processes may have ended by themselves.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
        if std::thread::panicking() {
            self.log.print("output of the relay");
        }
    }
}
