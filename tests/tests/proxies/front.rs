//! nginx and Caddy in front of a server, with the configuration of `docs/operating/proxies.md`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

use postrider_tests::mutual_tls::Authority;
use postrider_tests::unpacked::{self, Listener};
use tempfile::TempDir;

use super::client::Client;
use super::{HOST, OUR_NETWORK};

/// A proxy.
#[derive(Debug, Clone, Copy)]
pub enum Program {
    /// nginx.
    Nginx,
    /// Caddy.
    Caddy,
}

/// A running proxy. Dropping it ends its process.
pub struct Front {
    process: Listener,
    authority: Authority,
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
        let process = Listener::start(program.name(), |port| {
            let text = program.configuration(server, port, folder.path());
            std::fs::write(folder.path().join(program.file()), text).expect("a file can be written");
            program.command(folder.path())
        });
        Self {
            process,
            authority,
            _folder: folder,
        }
    }

    /// A client of the proxy at this loopback address.
    pub fn client(&self, from: [u8; 4]) -> Client {
        let to = (Ipv4Addr::LOCALHOST, self.process.port()).into();
        Client::new(from, to, &self.authority.pem())
    }
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Caddy => "caddy",
        }
    }

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
                let mut command = Command::new(unpacked::program("nginx", "usr/sbin/nginx"));
                command
                    .arg("-p")
                    .arg(folder)
                    .arg("-c")
                    .arg(file)
                    .args(["-e", "stderr"]);
                command
            }
            Self::Caddy => {
                let mut command = Command::new(unpacked::program("caddy", "usr/bin/caddy"));
                command
                    .args(["run", "--adapter", "caddyfile", "--config"])
                    .arg(file);
                command.env("HOME", folder).env_remove("XDG_DATA_HOME");
                command.env_remove("XDG_CONFIG_HOME");
                command
            }
        }
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
