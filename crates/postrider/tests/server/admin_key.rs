//! The operator's API key: created at the first start, or configured.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::postrider;
use crate::{ADMIN_KEY, Server};

#[test]
fn the_first_successful_start_writes_an_admin_key_to_a_file_and_prints_only_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let failed = postrider()
        .args(["serve", "--listen", &listen, "--data-dir"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(failed.status.code(), Some(1));
    assert!(
        String::from_utf8(failed.stderr)
            .unwrap()
            .contains("cannot listen on")
    );

    let file = folder.path().join("admin.key");
    assert!(!file.exists(), "no key is created before the port is ours");

    let first = Server::start(folder.path(), None);
    assert!(
        first.before.contains(&file.display().to_string()),
        "{}",
        first.before
    );
    assert!(
        !first.before.contains("prk_") && !first.before.contains("prl_"),
        "{}",
        first.before
    );
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let key = std::fs::read_to_string(&file).unwrap().trim().to_owned();
    let list = |server: &Server| {
        let arguments = ["accounts", "list", "--url", &server.url];
        postrider()
            .args(arguments)
            .env("POSTRIDER_API_KEY", &key)
            .output()
            .unwrap()
            .status
    };
    assert!(list(&first).success());
    assert_eq!(first.terminate().code(), Some(0));
    let second = Server::start(folder.path(), None);
    assert_eq!(second.before, "");
    assert!(list(&second).success());
}

#[test]
fn a_configured_key_comes_from_a_variable_or_a_file_and_ends_with_its_setting() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, format!("{ADMIN_KEY}\n")).unwrap();
    let data_dir = folder.path().join("data");
    let with_both = postrider()
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(&data_dir)
        .env("POSTRIDER_ADMIN_KEY", ADMIN_KEY)
        .env("POSTRIDER_ADMIN_KEY_FILE", &file)
        .output()
        .unwrap();
    assert_eq!(with_both.status.code(), Some(2));
    let weak = postrider()
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(&data_dir)
        .env("POSTRIDER_ADMIN_KEY", "changeme-changeme-changeme")
        .output()
        .unwrap();
    assert_eq!(weak.status.code(), Some(2));
    assert!(String::from_utf8(weak.stderr).unwrap().contains("easy to guess"));

    let server = Server::start_with(&data_dir, &[("POSTRIDER_ADMIN_KEY_FILE", file.to_str().unwrap())]);
    server.text(&["accounts", "list"]);
    assert_eq!(server.terminate().code(), Some(0));
    let without = Server::start(&data_dir, None);
    assert_eq!(
        without.run(&["accounts", "list"]).status.code(),
        Some(1),
        "it is revoked"
    );
}
