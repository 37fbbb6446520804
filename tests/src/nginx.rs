//! nginx as a receiver that asks for a client certificate.
//!
//! `./test` unpacks it into `tests/.cache/nginx` where the system has none.

use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::log::Log;
use crate::mutual_tls::Authority;
use crate::port::free_port;

/// How long nginx may take to start on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// Ports that are tried: another process may take one between the choice and the start.
const PORTS_MAX: usize = 5;

/// The receiver. It responds 200 with the subject of the client's certificate. Dropping it ends the process.
#[derive(Debug)]
pub struct Nginx {
    child: Child,
    port: u16,
    log: Log,
    folder: TempDir,
}

impl Nginx {
    /// A receiver that asks for certificates that this authority signed.
    pub fn start(authority: &Authority) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be created");
        let server = authority.certify("receiver", &["127.0.0.1"]);
        for (name, text) in [
            ("certificate.pem", &server.certificate),
            ("key.pem", &server.private_key),
            ("authority.pem", &authority.pem()),
        ] {
            std::fs::write(folder.path().join(name), text).expect("a file can be written");
        }
        let log = Log::default();
        for _ in 0..PORTS_MAX {
            let port = free_port();
            if let Some(child) = start_on(folder.path(), port, &log) {
                return Self {
                    child,
                    port,
                    log,
                    folder,
                };
            }
        }
        log.print("output of an nginx that did not start");
        panic!("nginx does not start; ./test unpacks it where it is missing");
    }

    /// The URL of the receiver.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}/", self.port)
    }

    /// The file with the certificate of its authority.
    pub fn authority_file(&self) -> String {
        self.folder.path().join("authority.pem").display().to_string()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The process may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            self.log.print("output of nginx");
        }
    }
}

/// The process, once it listens; `None` if it has ended.
fn start_on(folder: &Path, port: u16, log: &Log) -> Option<Child> {
    std::fs::write(folder.join("nginx.conf"), configuration(port)).expect("a file can be written");
    let mut child = Command::new(program())
        .arg("-p")
        .arg(folder)
        .args(["-c", "nginx.conf", "-e", "stderr"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("nginx: {error}; ./test unpacks it where it is missing"));
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

/// One process in the foreground, all of whose files are in its folder.
fn configuration(port: u16) -> String {
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("    {name}_temp_path {name};\n"))
        .concat();
    format!(
        "daemon off;
master_process off;
pid nginx.pid;
events {{ worker_connections 64; }}
http {{
{paths}    access_log off;
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_certificate certificate.pem;
        ssl_certificate_key key.pem;
        ssl_client_certificate authority.pem;
        ssl_verify_client on;
        location / {{ return 200 $ssl_client_s_dn; }}
    }}
}}
"
    )
}

fn program() -> PathBuf {
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/nginx/usr/sbin/nginx");
    let places = [unpacked, "/usr/sbin/nginx".into()];
    let found = places.into_iter().find(|path| path.exists());
    found.unwrap_or_else(|| "nginx".into())
}
