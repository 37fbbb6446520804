//! Why a server does not start: each message says what happened and what to change.

use std::fs;
use std::net::TcpListener;

use postrider_tests::command;

#[test]
fn a_start_that_fails_says_what_happened_and_what_to_change() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    let file = file.to_str().unwrap();
    let toml = folder.path().join("bad.toml");
    fs::write(&toml, "retention = \"30d\"\nlisten = [\n").unwrap();
    let toml = toml.to_str().unwrap();
    for (flags, code, parts) in [
        (
            ["--listen", &taken],
            1,
            vec![taken.as_str(), "Another program", "listen"],
        ),
        (
            ["--listen", "203.0.113.1:8080"],
            1,
            vec!["203.0.113.1:8080", "no such address", "`:8080`"],
        ),
        (
            ["--listen", "example.com:80"],
            2,
            vec!["--listen", "`localhost:8080`"],
        ),
        (["--retry-delays", "5x"], 2, vec!["--retry-delays", "`10s,5m,1h`"]),
        (["--data-dir", file], 1, vec![file]),
        (["--config", toml], 2, vec!["bad.toml, line 2"]),
        (["--config", "/missing.toml"], 2, vec!["/missing.toml"]),
        (["--master-key-file", file], 2, vec![file, "chmod 600"]),
        (
            ["--admin-key-file", "/missing.key"],
            2,
            vec!["admin_key_file /missing.key"],
        ),
        (
            ["--extra-ca-file", "/missing.pem"],
            1,
            vec!["extra_ca_file /missing.pem"],
        ),
    ] {
        let data = folder.path().join("data");
        let defaults = [
            ["--data-dir", data.to_str().unwrap()],
            ["--listen", "127.0.0.1:0"],
        ];
        let mut all = vec!["serve"];
        all.extend(flags);
        for default in defaults.iter().filter(|default| !flags.contains(&default[0])) {
            all.extend(default);
        }
        let output = command::run(&all);
        let said = format!("{}{}", output.out, output.err);
        assert_eq!(output.code, code, "{flags:?}: {said}");
        for part in parts {
            assert!(said.contains(part), "{flags:?}: {part}: {said}");
        }
        assert!(!said.contains("panicked"), "{flags:?}: {said}");
    }
}
