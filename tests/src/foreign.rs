//! The receivers in Node, Python and PHP in `tests/receivers/`. Each prints its port, then a verdict per
//! delivery.
//!
//! `./test` installs their dependencies: `node_modules` beside the Node receiver, and a virtual environment
//! in `tests/.cache/python`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::log::Log;
use crate::wait::{SOON, until};

/// How long an interpreter may take to start.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// The language of a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// `node:http`, and the package `standardwebhooks` of npm.
    Node,
    /// `http.server`, and the package `standardwebhooks` of PyPI.
    Python,
    /// The server of `php -S`, and `hash_hmac`.
    Php,
}

/// A receiver as a child process. Dropping it ends the process.
#[derive(Debug)]
pub struct Foreign {
    child: Child,
    port: u16,
    log: Log,
}

/// A receiver's verdict on one delivery: for each of its signing keys, whether the signature is valid.
#[derive(Debug)]
pub struct Verdict {
    /// `Postrider-Signature` over the bytes received.
    pub raw: Vec<bool>,
    /// `Postrider-Signature-Next` over the bytes received.
    pub raw_next: Vec<bool>,
    /// `Postrider-Signature` over the body, parsed and serialised again. Empty for PHP.
    pub reserialised: Vec<bool>,
    /// `webhook-signature`, checked by the language's Standard Webhooks library (PHP: by hand).
    pub library: Vec<bool>,
    /// The bytes received.
    pub body: Vec<u8>,
}

impl Foreign {
    /// Starts a receiver that verifies with these signing keys.
    pub fn start(language: Language, secrets: &[&str]) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("receivers");
        let mut command = match language {
            Language::Node => interpreted("node", folder.join("node/receiver.mjs")),
            Language::Python => interpreted(python(), folder.join("python/receiver.py")),
            Language::Php => php(&folder.join("php/router.php")),
        };
        let mut child = command
            .env("POSTRIDER_TEST_SECRETS", secrets.join(","))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; ./test installs what is missing"));
        let log = Log::of(&mut child);
        let Some(port) = log.find(0, START_TIMEOUT, port_in) else {
            log.print("output of a receiver that did not start");
            panic!("{language:?}: the receiver does not start; ./test installs what is missing");
        };
        Self { child, port, log }
    }

    /// A URL of the receiver.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The verdict on the first delivery of this event to this path.
    pub async fn verdict(&self, event: &str, path: &str) -> Verdict {
        let probe = async || {
            let lines = self.log.lines();
            let verdicts = lines
                .iter()
                .filter_map(|line| serde_json::from_str::<Value>(line).ok());
            verdicts
                .into_iter()
                .find(|verdict| verdict["event_id"] == event && verdict["path"] == path)
        };
        let verdict = until(&format!("a verdict about {event} at {path}"), SOON, probe).await;
        let flags = |member: &str| {
            verdict[member]
                .as_array()
                .map_or(vec![], |all| all.iter().map(|flag| flag == true).collect())
        };
        Verdict {
            raw: flags("raw"),
            raw_next: flags("raw_next"),
            reserialised: flags("reserialised"),
            library: flags("library"),
            body: STANDARD
                .decode(verdict["body"].as_str().unwrap_or_default())
                .expect("a verdict holds the body"),
        }
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        // The process may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            self.log.print("output of the receiver");
        }
    }
}

fn interpreted(interpreter: impl AsRef<std::ffi::OsStr>, script: PathBuf) -> Command {
    let mut command = Command::new(interpreter);
    command.arg(script);
    command
}

/// Python with the package `standardwebhooks`, if `./test` has installed it; otherwise the system's Python.
pub fn python() -> PathBuf {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/python/bin/python");
    if installed.exists() {
        installed
    } else {
        "python3".into()
    }
}

fn php(router: &Path) -> Command {
    let mut command = Command::new("php");
    command.args(["-S", "127.0.0.1:0"]).arg(router);
    command
}

/// The port in a receiver's first line: `{"listening":PORT}`, or PHP's own words.
pub fn port_in(line: &str) -> Option<u16> {
    if let Some((_, rest)) = line.split_once("Development Server (http://127.0.0.1:") {
        return rest.split_once(')')?.0.parse().ok();
    }
    let line: Value = serde_json::from_str(line).ok()?;
    line["listening"].as_u64()?.try_into().ok()
}
