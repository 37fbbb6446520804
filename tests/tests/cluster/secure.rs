//! The connection to the database: over TLS with its certificate checked, and with a password that is never
//! shown.

use std::path::Path;

use postrider_tests::server::LOOPBACK_ALLOWED;
use postrider_tests::{Account, Postgres, Server};
use rcgen::{CertifiedKey, generate_simple_self_signed};

const PASSWORD: &str = "a-password-to-be-kept";

/// A database that requires TLS and a password, and the files with certificates and passwords for it.
struct Secured {
    postgres: Postgres,
    files: tempfile::TempDir,
}

impl Secured {
    fn start() -> Self {
        let postgres = Postgres::start();
        let files = tempfile::TempDir::new().expect("a folder can be created");
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate can be created");
        postgres.require_tls_and_password(&cert.pem(), &signing_key.serialize_pem(), PASSWORD);
        let other = generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("another one");
        for (file, text) in [
            ("ca.pem", cert.pem()),
            ("other.pem", other.cert.pem()),
            ("password", format!("{PASSWORD}\n")),
            ("wrong", "another-password\n".to_owned()),
        ] {
            std::fs::write(files.path().join(file), text).expect("files can be written");
        }
        Self { postgres, files }
    }

    fn file(&self, name: &str) -> String {
        path(&self.files.path().join(name))
    }

    fn node(&self, mode: &str) -> Server {
        Server::stopped_on_database(format!("{}?sslmode={mode}", self.postgres.url("postgres")))
    }
}

fn path(path: &Path) -> String {
    path.to_str().expect("paths of tests are UTF-8").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_reaches_its_database_over_tls_with_a_password_from_a_file() {
    let secured = Secured::start();
    for mode in ["require", "verify-full"] {
        let mut node = secured.node(mode);
        let (ca, password) = (secured.file("ca.pem"), secured.file("password"));
        let mut flags = LOOPBACK_ALLOWED.to_vec();
        flags.extend(["--database-ca-file", &ca, "--database-password-file", &password]);
        node.start_again_with(&flags);
        Account::create(node.api()).await;
        let log = node.log().lines().join("\n");
        assert!(!log.contains(PASSWORD), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_database_login_is_reported_at_once_without_secrets() {
    let secured = Secured::start();
    let (ca, password, wrong) = (
        secured.file("ca.pem"),
        secured.file("password"),
        secured.file("wrong"),
    );
    for (mode, file, why) in [
        ("require", &wrong, "password authentication failed"),
        ("disable", &password, "no pg_hba.conf entry"),
    ] {
        let flags = ["--database-ca-file", &ca, "--database-password-file", file];
        let (status, printed) = secured.node(mode).start_that_fails(&flags);
        assert_eq!(status.code(), Some(1), "{printed}");
        assert!(printed.contains(why), "{printed}");
        assert!(
            !printed.contains("password\n") && !printed.contains("another-password"),
            "{printed}"
        );
        assert!(!printed.contains(PASSWORD), "{printed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_untrusted_certificate_is_refused_in_every_mode() {
    let secured = Secured::start();
    let (other, password) = (secured.file("other.pem"), secured.file("password"));
    let mut node = secured.node("require");
    let flags = [
        "--database-ca-file",
        &other,
        "--database-password-file",
        &password,
    ];
    let (status, printed) = node.start_that_fails(&flags);
    assert_eq!(status.code(), Some(1), "{printed}");
    assert!(printed.contains("certificate"), "{printed}");
}
