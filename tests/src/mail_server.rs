//! The mail server of `tests/mail_server/`: aiosmtpd as a child process, with TLS and AUTH.
//!
//! `./test` installs the package into a virtual environment in `tests/.cache/mail_server`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::foreign::port_in;
use crate::log::Log;

/// How long Python may take to start on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// The user who can sign in.
pub const USER: &str = "postrider";

/// The user's password.
pub const PASSWORD: &str = "the-password-of-the-mail-server-in-the-tests";

/// A mail server. Dropping it ends the process.
#[derive(Debug)]
pub struct MailServer {
    options: Vec<String>,
    child: Option<Child>,
    port: u16,
    log: Log,
    folder: TempDir,
}

impl MailServer {
    /// A server that requires STARTTLS and a sign-in.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with further options of `server.py`.
    pub fn start_with(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be created");
        let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]);
        let certified = certified.expect("a certificate can be created");
        for (name, text) in [
            ("cert.pem", certified.cert.pem()),
            ("key.pem", certified.signing_key.serialize_pem()),
            ("password", PASSWORD.to_owned()),
        ] {
            std::fs::write(folder.path().join(name), text).expect("a file can be written");
        }
        let mut server = Self {
            options: options.iter().map(|&option| option.to_owned()).collect(),
            child: None,
            port: 0,
            log: Log::default(),
            folder,
        };
        server.start_again();
        server
    }

    /// Starts it again at its address.
    pub fn start_again(&mut self) {
        assert!(self.child.is_none(), "the mail server runs already");
        let from = self.log.len();
        let mut command = Command::new(python());
        let mut child = command
            .arg(folder().join("server.py"))
            .args(["--user", USER, "--password", PASSWORD])
            .arg("--certificate")
            .arg(self.folder.path().join("cert.pem"))
            .arg("--key")
            .arg(self.folder.path().join("key.pem"))
            .args(["--port", &self.port.to_string()])
            .args(&self.options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; ./test installs what is missing"));
        self.log.follow(child.stdout.take().expect("it was piped"));
        self.log.follow(child.stderr.take().expect("it was piped"));
        self.child = Some(child);
        let Some(port) = self.log.find(from, START_TIMEOUT, port_in) else {
            self.log.print("output of a mail server that did not start");
            panic!("the mail server does not start; ./test installs what is missing");
        };
        self.port = port;
    }

    /// Ends the process. The next start has the same address.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// The flags of a server that sends its e-mails here.
    pub fn flags(&self) -> Vec<String> {
        let file = |name: &str| self.folder.path().join(name).display().to_string();
        let flags = [
            ("--smtp-url", format!("smtp://localhost:{}", self.port)),
            ("--smtp-user", USER.to_owned()),
            ("--smtp-password-file", file("password")),
            ("--smtp-from", "Example GmbH <automations@example.com>".to_owned()),
            ("--extra-ca-file", file("cert.pem")),
        ];
        let flags = flags
            .into_iter()
            .flat_map(|(flag, value)| [flag.to_owned(), value]);
        flags.collect()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The messages that it has accepted, as Python's email package reads them.
    pub fn messages(&self) -> Vec<Value> {
        let lines = self.log.lines();
        let lines = lines
            .iter()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["mail_from"].is_string()).collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            self.log.print("output of the mail server");
        }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("mail_server")
}

/// Python with aiosmtpd, if `./test` has installed it; otherwise the system's.
fn python() -> PathBuf {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/mail_server/bin/python");
    if installed.exists() {
        installed
    } else {
        "python3".into()
    }
}
