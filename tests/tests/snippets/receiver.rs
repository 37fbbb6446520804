//! A snippet, served by the harness of its language as a child process.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use http::Method;
use http::header::{CONTENT_LENGTH, HOST};
use postrider_tests::log::Log;
use postrider_tests::{Api, foreign};
use tempfile::TempDir;

use super::delivery::Delivery;
use super::language::{Language, Way};
use super::placeholders::{PREFIX, render};

/// How long a harness may take to start on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// How often the harness is checked meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A snippet with its harness, in its own folder.
#[derive(Debug)]
pub struct Snippet {
    language: Language,
    way: Way,
    folder: TempDir,
}

/// A receiver that verifies with a snippet. Dropping it ends the process.
#[derive(Debug)]
pub struct SnippetReceiver {
    child: Child,
    log: Log,
    port: u16,
}

impl Snippet {
    /// Renders the snippet beside its harness, and compiles them if the language needs it.
    pub fn prepare(language: Language, way: Way) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("postrider-snippet-")
            .tempdir()
            .unwrap();
        let template = std::fs::read_to_string(language.snippet(way)).unwrap();
        let file = folder.path().join(language.file());
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, render(&template, PREFIX)).unwrap();
        let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
        copy_files(
            &tests.join("tests/snippets/harness").join(language.folder()),
            folder.path(),
        );
        if language == Language::Node {
            // Node looks for modules beside and above the file that imports them.
            let installed = tests.join("receivers/node/node_modules");
            std::os::unix::fs::symlink(installed, folder.path().join("node_modules")).unwrap();
        }
        if let Some(build) = language.build() {
            run_to_its_end(build, folder.path());
        }
        Self {
            language,
            way,
            folder,
        }
    }

    /// Starts a receiver with this key.
    pub fn serve(&self, key: &str) -> SnippetReceiver {
        self.try_serve(Some(key)).unwrap_or_else(|| {
            panic!(
                "{:?} by {:?} does not start; ./test installs what is missing",
                self.language, self.way
            )
        })
    }

    /// Starts a receiver with this key, or without a key. `None` if it ends by itself.
    pub fn try_serve(&self, key: Option<&str>) -> Option<SnippetReceiver> {
        let mut command = self.language.serve(self.way);
        command
            .current_dir(self.folder.path())
            .env_remove("WEBHOOK_SECRET")
            .envs(key.map(|key| ("WEBHOOK_SECRET", key)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; ./test installs what is missing"));
        let log = Log::of(&mut child);
        let mut receiver = SnippetReceiver { child, log, port: 0 };
        let deadline = Instant::now() + START_TIMEOUT;
        while Instant::now() < deadline {
            if let Some(port) = receiver.log.find(0, LOOK_EVERY, foreign::port_in) {
                receiver.port = port;
                return Some(receiver);
            }
            if receiver.child.try_wait().unwrap().is_some() {
                receiver.log.print("output of a snippet that ended");
                return None;
            }
        }
        panic!("{command:?} does not listen within {START_TIMEOUT:?}");
    }
}

impl SnippetReceiver {
    /// The status of its response to a delivery.
    pub async fn status_for(&self, delivery: &Delivery) -> u16 {
        self.try_status_for(delivery)
            .await
            .expect("a snippet with a key responds")
    }

    /// Like [`Self::status_for`]; `None` if the connection breaks.
    pub async fn try_status_for(&self, delivery: &Delivery) -> Option<u16> {
        // A new client for each delivery, because not every harness keeps connections open.
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let api = Api::new(address, None);
        let mut call = api.call(Method::POST, "/").body(delivery.body.clone());
        for (name, value) in &delivery.headers {
            if name != HOST && name != CONTENT_LENGTH {
                call = call.header(name.as_str(), value.to_str().unwrap());
            }
        }
        call.try_send().await.ok().map(|response| response.status)
    }
}

impl Drop for SnippetReceiver {
    fn drop(&mut self) {
        // The process may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            self.log.print("output of the snippet");
        }
    }
}

/// Copies the files of a folder, if there is one. PHP serves by itself, and cargo builds Rust's harness.
fn copy_files(from: &Path, to: &Path) {
    let Ok(files) = std::fs::read_dir(from) else {
        return;
    };
    for file in files {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

fn run_to_its_end(mut command: Command, folder: &Path) {
    let output = command.current_dir(folder).output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
