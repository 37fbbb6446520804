//! nginx as a receiver that asks for a client certificate.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::mutual_tls::Authority;
use crate::unpacked::{self, Listener};

/// The receiver. It responds 200 with the subject of the client's certificate. Dropping it ends the process.
#[derive(Debug)]
pub struct Nginx {
    process: Listener,
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
        let process = Listener::start("nginx", |port| command(folder.path(), port));
        Self { process, folder }
    }

    /// The URL of the receiver.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}/", self.process.port())
    }

    /// The file with the certificate of its authority.
    pub fn authority_file(&self) -> String {
        self.folder.path().join("authority.pem").display().to_string()
    }
}

fn command(folder: &Path, port: u16) -> Command {
    std::fs::write(folder.join("nginx.conf"), configuration(port)).expect("a file can be written");
    let mut command = Command::new(unpacked::program("nginx", "usr/sbin/nginx"));
    command
        .arg("-p")
        .arg(folder)
        .args(["-c", "nginx.conf", "-e", "stderr"]);
    command
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
