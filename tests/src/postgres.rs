//! A PostgreSQL server per test, which can be crashed, replicated and promoted.
//!
//! It syncs its writes, because these tests check what survives a crash. Unlike the server of
//! `scripts/with-postgres`, it is a child of its test, and ends with it.

mod certificate;

use std::fs::{File, OpenOptions};
use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

use crate::port::free_port;

/// How long the server may take to start, including a recovery, and to stop.
const START_MAX: Duration = Duration::from_secs(30);
const STOP_MAX: Duration = Duration::from_secs(20);

/// How often a condition of the server is checked.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The owner of everything in the database.
const USER: &str = "postrider";

/// The variable that names the data folder of a new server, to be copied, because `initdb` takes a second.
const TEMPLATE: &str = "POSTRIDER_TEST_POSTGRES_TEMPLATE";

/// Copies the template. An absolute path, so that it is not looked up among PostgreSQL's programs.
const COPY: &str = "/bin/cp";

/// The name under which a standby asks its primary for the log.
const STANDBY: &str = "standby";

/// Lines of the server's log that a failed test prints.
const LOG_LINES_SHOWN: usize = 60;

/// The server. Dropping it ends the process and removes the folder.
#[derive(Debug)]
pub struct Postgres {
    child: Option<Child>,
    port: u16,
    folder: TempDir,
}

impl Postgres {
    /// A new, empty, running server.
    pub fn start() -> Self {
        let mut server = Self::stopped();
        server.create_data();
        server.start_again();
        server
    }

    /// Creates the data folder of a new server: copies that of `scripts/with-postgres` if there is one,
    /// otherwise runs initdb.
    fn create_data(&self) {
        let data_dir = self.data_dir();
        let mut command = match std::env::var_os(TEMPLATE) {
            Some(template) => {
                let mut copy = self.program(COPY);
                copy.arg("-R").arg(template).arg(data_dir);
                copy
            }
            None => {
                let mut initdb = self.program("initdb");
                initdb.args(["--username", USER, "--auth=trust", "--encoding=UTF8", "--no-sync"]);
                initdb.arg("--pgdata").arg(data_dir);
                initdb
            }
        };
        run(&mut command);
    }

    fn stopped() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("postrider-postgres-")
            .tempdir()
            .expect("a folder can be created");
        if let Some((uid, gid)) = other_user() {
            chown(folder.path(), Some(uid), Some(gid)).expect("root may give its folders away");
        }
        Self {
            child: None,
            port: free_port(),
            folder,
        }
    }

    /// The address on which the server listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        url(self.address(), database)
    }

    /// Starts the server again, with the same port and data.
    pub fn start_again(&mut self) {
        assert!(self.child.is_none(), "the database runs already");
        let log = self.log();
        let child = self
            .program("postgres")
            .arg("-D")
            .arg(self.data_dir())
            .arg("-k")
            .arg(self.folder.path())
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
            .args(["-c", "max_connections=200", "-c", "shared_buffers=64MB"])
            .stdout(log.try_clone().expect("an open file can be shared"))
            .stderr(log)
            .spawn();
        self.child = Some(child.expect("the database can be started"));
        self.wait_until("lets clients in", |server| {
            run_quietly(server.program("pg_isready").args([
                "-q",
                "-h",
                "127.0.0.1",
                "-p",
                &server.port.to_string(),
            ]))
        });
    }

    /// Stops the server in order, without waiting for its clients.
    pub fn stop(&mut self) {
        self.end(Signal::INT);
    }

    /// Stops the server as a crash would, with `pg_ctl stop -m immediate`: it writes nothing more,
    /// disconnects its clients at once, and has to recover at the next start.
    pub fn stop_immediately(&mut self) {
        self.end(Signal::QUIT);
    }

    /// A synchronous standby: from now on, an acknowledged commit is on both servers.
    pub fn synchronous_standby(&self) -> Self {
        let mut standby = Self::stopped();
        let source = format!(
            "host=127.0.0.1 port={} user={USER} application_name={STANDBY}",
            self.port
        );
        let data_dir = standby.data_dir();
        run(standby
            .program("pg_basebackup")
            .args(["-d", &source, "-R", "-X", "stream", "-c", "fast", "--no-sync"])
            .arg("-D")
            .arg(data_dir));
        standby.start_again();
        self.sql(&format!(
            "ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'"
        ));
        self.sql("SELECT pg_reload_conf()");
        self.wait_until("waits for its standby at each commit", |server| {
            server.sql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1"
        });
        standby
    }

    /// Promotes a standby to primary.
    pub fn promote(&self) {
        run(self
            .program("pg_ctl")
            .args(["promote", "-w", "-D"])
            .arg(self.data_dir()));
        self.wait_until("takes writes", |server| {
            server.sql("SELECT pg_is_in_recovery()") == "f"
        });
    }

    /// Runs a statement and returns its output: columns separated by `|`, a line per row.
    #[track_caller]
    pub fn sql(&self, statement: &str) -> String {
        self.sql_at(&self.url("postgres"), statement)
    }

    /// The same, at this URL, as another role or in another database.
    #[track_caller]
    pub fn sql_at(&self, url: &str, statement: &str) -> String {
        let mut psql = self.program("psql");
        run(psql.args(["-d", url, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement]))
    }

    /// From now on, the server presents this certificate, and admits only clients that connect over TLS and
    /// know this password.
    pub fn require_tls_and_password(&self, certificate_pem: &str, key_pem: &str, password: &str) {
        for (file, text, mode) in [
            ("server.crt", certificate_pem, 0o644),
            ("server.key", key_pem, 0o600),
            (
                "pg_hba.conf",
                "hostssl all all 127.0.0.1/32 scram-sha-256\n",
                0o600,
            ),
        ] {
            self.put(file, text, mode);
        }
        self.sql(&format!("ALTER USER {USER} PASSWORD '{password}'"));
        self.sql("ALTER SYSTEM SET ssl = on");
        self.sql("SELECT pg_reload_conf()");
        self.wait_until("refuses who has no password", |server| {
            let port = server.port.to_string();
            let mut psql = server.program("psql");
            psql.args([
                "-h",
                "127.0.0.1",
                "-p",
                &port,
                "-U",
                USER,
                "-d",
                "postgres",
                "-w",
                "-c",
                "SELECT 1",
            ]);
            !run_quietly(&mut psql)
        });
    }

    fn end(&mut self, signal: Signal) {
        let child = self.child.as_ref().expect("the database runs");
        kill_process(Pid::from_child(child), signal).expect("a child can be signalled");
        let deadline = Instant::now() + STOP_MAX;
        while self.is_running() {
            assert!(
                Instant::now() < deadline,
                "the database does not stop within {STOP_MAX:?}"
            );
            std::thread::sleep(LOOK_EVERY);
        }
        self.child = None;
    }

    fn is_running(&mut self) -> bool {
        let exit = self.child.as_mut().map(|child| child.try_wait());
        match exit {
            None => false,
            Some(exit) => exit.expect("a child can be waited for").is_none(),
        }
    }

    fn wait_until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + START_MAX;
        while !is_so(self) {
            if Instant::now() > deadline {
                self.print_log();
                panic!("this did not happen within {START_MAX:?}: the database {what}");
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// One of PostgreSQL's programs, run as the user that may run the server.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(programs().join(name));
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("PG") {
                command.env_remove(variable);
            }
        }
        // That user may have no access to the tests' folder.
        command.env("LC_ALL", "C").current_dir(self.folder.path());
        command.stdin(Stdio::null());
        if let Some((uid, gid)) = other_user() {
            command.uid(uid).gid(gid);
        }
        command
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("postgres.log")
    }

    fn log(&self) -> File {
        let opened = OpenOptions::new().create(true).append(true).open(self.log_file());
        opened.expect("a log can be written")
    }

    fn print_log(&self) {
        let text = std::fs::read_to_string(self.log_file()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        eprintln!("--- the end of the database's log");
        for line in &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..] {
            eprintln!("{line}");
        }
        eprintln!("--- end of the database's log");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.print_log();
        }
        let Some(mut child) = self.child.take() else {
            return;
        };
        // The process may have ended by itself.
        let _ = kill_process(Pid::from_child(&child), Signal::INT);
        let deadline = Instant::now() + STOP_MAX;
        while matches!(child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                let _ = child.kill();
                let _ = child.wait();
                return;
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

/// The URL of a database at this address, that of the server or of a [`crate::Proxy`] in front of it.
pub fn url(address: SocketAddr, database: &str) -> String {
    format!("postgres://{USER}@{address}/{database}")
}

/// The folder of the programs. Debian keeps each version in its own folder, outside the `PATH`.
fn programs() -> &'static Path {
    static PROGRAMS: OnceLock<PathBuf> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let versions = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten();
        let newest = versions
            .filter_map(|entry| {
                let version: u32 = entry.file_name().to_str()?.parse().ok()?;
                Some((version, entry.path().join("bin")))
            })
            .filter(|(_, folder)| folder.join("initdb").is_file())
            .max();
        let on_the_path = || {
            let path = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&path).find(|folder| folder.join("initdb").is_file())
        };
        newest.map(|(_, folder)| folder).or_else(on_the_path).expect(
            "PostgreSQL's server is installed: there is an initdb in /usr/lib/postgresql or on the PATH",
        )
    })
}

/// The user that runs the server if the tests run as root, because the server refuses root.
fn other_user() -> Option<(u32, u32)> {
    if !geteuid().is_root() {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").expect("the system has users");
    let nobody = users.lines().find(|line| line.starts_with("nobody:"))?;
    let mut fields = nobody.split(':').skip(2);
    let mut id = || fields.next()?.parse().ok();
    Some((id()?, id()?))
}

/// The output of a program that must succeed.
#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().expect("a program of PostgreSQL can be started");
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn run_quietly(command: &mut Command) -> bool {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
