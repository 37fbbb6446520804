//! Charging processor time.

use super::sender::charge::{Charged, Process, parse_stat};
use super::sender::description::Charge;

#[test]
fn a_process_is_parsed_whatever_its_name() {
    let stat = "7 (a) (b c) S 3 7 7 0 -1 4194560 1 2 3 4 10 20 5 7 20 0 1 0 100";
    let process = Process {
        name: "a) (b c".to_owned(),
        parent: 3,
        cpu_us: 420_000,
    };
    assert_eq!(parse_stat(stat), Some(process));
    assert_eq!(parse_stat("7 (a) S 3"), None);
}

#[test]
fn nothing_is_charged_without_a_word() {
    let nothing = Charged::new(Charge::default());
    assert_eq!(nothing.cpu_us().unwrap(), None);
    assert_eq!(nothing.describe().unwrap(), "nothing");
}

#[test]
fn a_process_and_a_control_group_add_up() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("cpu.stat"),
        "usage_usec 5000000\nuser_usec 1\n",
    )
    .unwrap();
    let pid_file = folder.path().join("pid");
    std::fs::write(&pid_file, format!("{}\n", std::process::id())).unwrap();
    let charge = Charge {
        pid_files: vec![pid_file.display().to_string()],
        cgroups: vec![folder.path().display().to_string()],
        ..Charge::default()
    };
    let alone = Charged::process(std::process::id()).cpu_us().unwrap().unwrap();
    let charged = Charged::new(charge);
    assert!(charged.cpu_us().unwrap().unwrap() >= alone + 5_000_000);
    let described = charged.describe().unwrap();
    assert!(
        described.contains(&format!("({}", std::process::id())),
        "{described}"
    );
    assert!(
        described.ends_with(&folder.path().display().to_string()),
        "{described}"
    );
}

#[test]
fn what_does_not_run_is_named() {
    let charge = |charge: Charge| Charged::new(charge).cpu_us().unwrap_err().to_string();
    let named = charge(Charge {
        processes: vec!["no-such-sender".to_owned()],
        ..Charge::default()
    });
    assert!(named.contains("no process is named no-such-sender"), "{named}");
    let filed = charge(Charge {
        pid_files: vec!["/no/such/file".to_owned()],
        ..Charge::default()
    });
    assert!(filed.contains("the pid file /no/such/file"), "{filed}");
    let grouped = charge(Charge {
        cgroups: vec!["/no/such/group".to_owned()],
        ..Charge::default()
    });
    assert!(grouped.contains("/no/such/group/cpu.stat"), "{grouped}");
}
