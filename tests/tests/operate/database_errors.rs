//! Why a database cannot be used: each message names host and port and what to change, and never a password.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use postrider_tests::command::{self, CommandOutput};
use postrider_tests::{Postgres, Server};
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};

use super::check::finding;

const PASSWORD: &str = "hid@den/pass";

/// Checks a database. The master key is of no interest here.
fn check(url: &str, flags: &[&str]) -> CommandOutput {
    let key = [
        "--master-key-file",
        "/dev/null",
        "--listen",
        "127.0.0.1:0",
        "--json",
    ];
    command::run(&[&["check", "--database-url", url], flags, &key].concat())
}

#[track_caller]
fn assert_says(output: &CommandOutput, status: &str, parts: &[&str]) {
    let (found, said) = finding(output, "database");
    assert_eq!(found, status, "{said}");
    for part in parts {
        assert!(said.contains(part), "{part}: {said}");
    }
    let all = format!("{}{}", output.out, output.err);
    for secret in [PASSWORD, "hid@den", "den/pass"] {
        assert!(!all.contains(secret), "{all}");
    }
}

#[test]
fn each_way_in_which_a_database_refuses_a_node_is_named_with_what_to_change() {
    let postgres = Postgres::start();
    let address = postgres.address().to_string();
    for statement in [
        "CREATE ROLE one LOGIN CONNECTION LIMIT 1",
        "CREATE ROLE reader LOGIN",
        "CREATE ROLE readonly LOGIN",
        "ALTER ROLE readonly SET default_transaction_read_only = on",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0",
    ] {
        postgres.sql(statement);
    }
    let of = |role: &str| format!("postgres://{role}@{address}/postgres");
    for (url, parts) in [
        (
            "postgres://u@no.such.host.invalid/d".to_owned(),
            vec!["no.such.host.invalid:5432", "Correct the host"],
        ),
        (
            "postgres://u@127.0.0.1:1/d".to_owned(),
            vec!["127.0.0.1:1", "refused", "database_url"],
        ),
        (
            "postgres://u@%2Fmissing/d".to_owned(),
            vec!["/missing/.s.PGSQL.5432", "socket"],
        ),
        (
            postgres.url("missing"),
            vec![&address, "\"missing\" does not exist", "CREATE DATABASE"],
        ),
        (
            of("nobody"),
            vec![&address, "\"nobody\" does not exist", "database_url"],
        ),
        (
            of("one"),
            vec![
                &address,
                "too many connections",
                "database_connections",
                "CONNECTION LIMIT",
            ],
        ),
        (
            of("reader"),
            vec![&address, "reader may not create tables", "GRANT CREATE"],
        ),
        (of("readonly"), vec![&address, "name the primary"]),
        (postgres.url("latin"), vec!["LATIN1", "ENCODING 'UTF8'"]),
        (
            of("postrider") + "?sslmode=require",
            vec![&address, "TLS", "sslmode=disable"],
        ),
        (of("postrider") + "?sslmode=on", vec!["sslmode", "verify-full"]),
        (
            of("postrider") + "?sslrootcert=/missing.pem",
            vec!["sslrootcert /missing.pem"],
        ),
        (
            format!("postgres://postrider:{PASSWORD}@{address}/postgres"),
            vec!["%40", "POSTRIDER_DATABASE_PASSWORD"],
        ),
        (format!("postgres://{address}/postgres"), vec!["names no user"]),
    ] {
        assert_says(&check(&url, &[]), "error", &parts);
    }
}

#[test]
fn a_refused_connection_is_named_by_the_start_that_waits_for_it() {
    let mut server = Server::stopped_on_database("postgres://postrider@127.0.0.1:1/d".to_owned());
    let (status, said) = server.start_that_fails(&["--database-ca-file", "/missing.pem"]);
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(said.contains("database_ca_file /missing.pem"), "{said}");
}

/// Certificates of a database, and the files with the authorities.
struct Certificates {
    files: tempfile::TempDir,
    authority: Issuer<'static, KeyPair>,
}

impl Certificates {
    fn new() -> Self {
        let mut authority = CertificateParams::new([]).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let files = tempfile::tempdir().unwrap();
        let certificate = authority.self_signed(&key).unwrap();
        fs::write(files.path().join("authority.pem"), certificate.pem()).unwrap();
        Self {
            files,
            authority: Issuer::new(authority, key),
        }
    }

    fn authority_file(&self) -> PathBuf {
        self.files.path().join("authority.pem")
    }

    /// A certificate of the authority for a name, and its key.
    fn issue(&self, name: &str, change: impl Fn(&mut CertificateParams)) -> (Certificate, KeyPair) {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.authority).unwrap(), key)
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_certificate_that_is_not_trusted_is_named_with_the_setting_and_the_modes_of_libpq_work() {
    let certificates = Certificates::new();
    let mut postgres = Postgres::start();
    let url = |mode: &str| format!("{}?sslmode={mode}", postgres.url("postgres"));
    let [require, full, authority] = ["require", "verify-full", "verify-ca"].map(url);
    let file = certificates.authority_file();
    let ca = ["--database-ca-file", text(&file)];

    let (certificate, key) = certificates.issue("127.0.0.1", |_| ());
    postgres.use_certificate(&certificate.pem(), &key.serialize_pem());
    for url in [&require, &full, &authority] {
        assert_says(&check(url, &ca), "ok", &[]);
        let with_file = format!("{url}&sslrootcert={}", text(&file));
        assert_says(&check(&with_file, &[]), "ok", &[]);
    }
    let unknown = ["database_ca_file", "sslrootcert", "sslmode=disable"];
    assert_says(&check(&require, &[]), "error", &unknown);
    let both = format!("{require}&sslrootcert={}", text(&file));
    assert_says(&check(&both, &ca), "error", &["remove one of them"]);

    let (certificate, key) = certificates.issue("db.internal", |_| ());
    postgres.use_certificate(&certificate.pem(), &key.serialize_pem());
    assert_says(&check(&full, &ca), "error", &["another name", "verify-ca"]);
    assert_says(&check(&authority, &ca), "ok", &[]);
    assert_says(&check(&authority, &[]), "error", &unknown);

    let (certificate, key) = certificates.issue("127.0.0.1", |params| {
        params.not_after = date_time_ymd(2020, 1, 1);
        params.not_before = date_time_ymd(2019, 1, 1);
    });
    postgres.use_certificate(&certificate.pem(), &key.serialize_pem());
    assert_says(&check(&require, &ca), "error", &["expired"]);
    assert_says(&check(&authority, &ca), "error", &["expired"]);

    // As Debian's ssl-cert-snakeoil: it issued itself, is no authority, and names the machine.
    let mut snakeoil = CertificateParams::new(["debian".to_owned()]).unwrap();
    snakeoil.is_ca = IsCa::ExplicitNoCa;
    let key = KeyPair::generate().unwrap();
    let snakeoil = snakeoil.self_signed(&key).unwrap();
    postgres.use_certificate(&snakeoil.pem(), &key.serialize_pem());
    let itself = certificates.files.path().join("snakeoil.pem");
    fs::write(&itself, snakeoil.pem()).unwrap();
    let itself = ["--database-ca-file", text(&itself)];
    assert_says(
        &check(&postgres.url("postgres"), &[]),
        "error",
        &["snakeoil", "sslmode=disable"],
    );
    assert_says(&check(&require, &ca), "error", &unknown);
    assert_says(&check(&require, &itself), "ok", &[]);
    assert_says(&check(&full, &itself), "error", &["another name"]);
}

#[test]
fn a_password_that_is_missing_or_wrong_is_named_with_the_places_it_comes_from() {
    let postgres = Postgres::start();
    let certificates = Certificates::new();
    let (certificate, key) = certificates.issue("127.0.0.1", |_| ());
    let escaped = PASSWORD.replace('\'', "''");
    postgres.require_tls_and_password(&certificate.pem(), &key.serialize_pem(), &escaped);
    let file = certificates.authority_file();
    let wrong = certificates.files.path().join("wrong");
    fs::write(&wrong, "another").unwrap();
    fs::set_permissions(&wrong, fs::Permissions::from_mode(0o600)).unwrap();
    let url = postgres.url("postgres") + "?sslmode=require";
    let ca = ["--database-ca-file", text(&file)];
    assert_says(
        &check(&url, &ca),
        "error",
        &["password missing", "POSTRIDER_DATABASE_PASSWORD"],
    );
    let with_wrong = [ca[0], ca[1], "--database-password-file", text(&wrong)];
    assert_says(
        &check(&url, &with_wrong),
        "error",
        &["password authentication failed", "database_password_file"],
    );
    fs::write(&wrong, format!("{PASSWORD}\r\n")).unwrap();
    assert_says(&check(&url, &with_wrong), "ok", &["as postrider"]);
}
