//! nginx and Caddy in front of a server, with the configuration of `docs/operating/proxies.md`.
//!
//! `./test` unpacks both into `tests/.cache` where the system has none.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use postrider_tests::log::Log;
use postrider_tests::mutual_tls::Authority;
use tempfile::TempDir;

use super::client::Client;
use super::{HOST, OUR_NETWORK};

/// How long a proxy may take to start on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// Ports that are tried: another process may take one between the choice and the start.
const PORTS_MAX: usize = 5;

/// A proxy.
#[derive(Debug, Clone, Copy)]
pub enum Program {
    /// nginx.
    Nginx,
    /// Caddy.
    Caddy,
}

/// A running proxy. Dropping it ends the process.
pub struct Front {
    child: Child,
    port: u16,
    authority: Authority,
    log: Log,
    _folder: TempDir,
}

impl Front {
    /// The proxy of this server.
    pub fn start(program: Program, server: SocketAddr) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be created");
        let authority = Authority::new("Authority of the proxies");
        let identity = authority.certify(HOST, &[HOST]);
        let pair = [
            ("certificate.pem", &identity.certificate),
            ("key.pem", &identity.private_key),
        ];
        for (name, text) in pair {
            std::fs::write(folder.path().join(name), text).expect("a file can be written");
        }
        let log = Log::default();
        for _ in 0..PORTS_MAX {
            let port = free_port();
            let text = program.configuration(server, port, folder.path());
            std::fs::write(folder.path().join(program.file()), text).expect("a file can be written");
            if let Some(child) = program.start_on(port, folder.path(), &log) {
                let _folder = folder;
                return Self {
                    child,
                    port,
                    authority,
                    log,
                    _folder,
                };
            }
        }
        log.print("output of a proxy that did not start");
        panic!("{program:?} does not start; ./test unpacks it where it is missing");
    }

    /// A client of the proxy at this loopback address.
    pub fn client(&self, from: [u8; 4]) -> Client {
        let to = (Ipv4Addr::LOCALHOST, self.port).into();
        Client::new(from, to, &self.authority.pem())
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        // The process may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            self.log.print("output of the proxy");
        }
    }
}

impl Program {
    fn file(self) -> &'static str {
        match self {
            Self::Nginx => "nginx.conf",
            Self::Caddy => "Caddyfile",
        }
    }

    /// The page's block with the addresses and files of the test, and what else the program needs to run as
    /// one process in a folder.
    fn configuration(self, server: SocketAddr, port: u16, folder: &Path) -> String {
        let folder = folder.display();
        let (certificate, key) = (format!("{folder}/certificate.pem"), format!("{folder}/key.pem"));
        match self {
            Self::Nginx => {
                let block = replaced(
                    &block("nginx", "server {"),
                    &[
                        ("127.0.0.1:8080", &server.to_string()),
                        ("listen 443", &format!("listen 127.0.0.1:{port}")),
                        ("10.0.0.0/8", OUR_NETWORK),
                        ("/etc/ssl/webhooks.example.com.pem", &certificate),
                        ("/etc/ssl/private/webhooks.example.com.key", &key),
                    ],
                );
                let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                    .map(|name| format!("{name}_temp_path {name};\n"))
                    .concat();
                format!(
                    "daemon off;\nmaster_process off;\npid nginx.pid;\nevents {{}}\n\
                     http {{\naccess_log off;\n{paths}{block}\n}}\n"
                )
            }
            Self::Caddy => {
                let site = format!("https://{HOST}:{port} {{\nbind 127.0.0.1\ntls {certificate} {key}\n");
                let block = replaced(
                    &block("caddy", HOST),
                    &[
                        ("webhooks.example.com {", &site),
                        ("127.0.0.1:8080", &server.to_string()),
                        ("10.0.0.0/8", OUR_NETWORK),
                    ],
                );
                format!("{{\nadmin off\nauto_https disable_redirects\n}}\n{block}\n")
            }
        }
    }

    fn command(self, folder: &Path) -> Command {
        let file = folder.join(self.file());
        match self {
            Self::Nginx => {
                let mut command = Command::new(found("nginx", "usr/sbin/nginx"));
                command
                    .arg("-p")
                    .arg(folder)
                    .arg("-c")
                    .arg(file)
                    .args(["-e", "stderr"]);
                command
            }
            Self::Caddy => {
                let mut command = Command::new(found("caddy", "usr/bin/caddy"));
                command
                    .args(["run", "--adapter", "caddyfile", "--config"])
                    .arg(file);
                command.env("HOME", folder).env_remove("XDG_DATA_HOME");
                command.env_remove("XDG_CONFIG_HOME");
                command
            }
        }
    }

    /// The process, once it listens; `None` if it has ended.
    fn start_on(self, port: u16, folder: &Path, log: &Log) -> Option<Child> {
        let mut child = self
            .command(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{self:?}: {error}; ./test unpacks it where it is missing"));
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
}

/// The page's first block in this language that contains `what`.
fn block(language: &str, what: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operating/proxies.md");
    let page = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let fence = format!("```{language}\n");
    let mut blocks = page.split(&fence).skip(1);
    let block = blocks.find_map(|rest| rest.split("```").next().filter(|block| block.contains(what)));
    block.expect("the page has such a block").to_owned()
}

/// The text with each of these pieces, all of which it has, replaced.
fn replaced(text: &str, pieces: &[(&str, &str)]) -> String {
    pieces.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the page's block lacks {from}");
        text.replace(from, to)
    })
}

/// The program that `./test` unpacked, or the system's.
fn found(name: &str, path: &str) -> PathBuf {
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!(".cache/{name}/{path}"));
    let places = [unpacked, Path::new("/").join(path)];
    let found = places.into_iter().find(|path| path.exists());
    found.unwrap_or_else(|| name.into())
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}
