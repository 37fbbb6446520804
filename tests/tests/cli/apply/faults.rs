//! What is wrong with a file is said with its line.

use super::{Bench, VARIABLES};

#[test]
fn everything_wrong_with_a_file_is_reported_at_once_and_nothing_is_sent() {
    let bench = Bench::of_guide();
    bench.edit("description: A customer", "descripton: A customer");
    bench.edit("name: Acme Ltd", "name: 5");
    bench.edit("    user: postrider", "    user: postrider\n        user: other");
    let duplicate = bench.apply("--yes");
    assert_eq!(duplicate.code, 2, "{duplicate:?}");
    assert!(
        duplicate
            .err
            .contains("postrider.yaml:24:9: `user` is there twice"),
        "{duplicate:?}"
    );
    bench.edit("\n        user: other", "");
    let faulty = bench.apply_with("--yes", &VARIABLES[..1]);
    let file = bench.path("postrider.yaml");
    for (place, message) in [
        (
            "3:5",
            "`descripton` is not a field of an event type; did you mean `description`?",
        ),
        ("17:11", "`name` is a text, not a number: put it in quotes"),
        ("36:26", "the environment variable CRM_API_KEY is not set"),
    ] {
        let line = format!("{file}:{place}: {message}");
        assert!(faulty.err.contains(&line), "{line} in\n{}", faulty.err);
    }
    assert_eq!(faulty.code, 2);
    assert_eq!(
        bench.show("event-types list")["data"].as_array().unwrap().len(),
        0
    );
}

#[test]
fn a_connection_that_does_not_exist_is_found_before_anything_is_sent() {
    let bench = Bench::of_guide();
    bench.edit("connection: CRM", "connection: CMR");
    let faulty = bench.apply("--yes");
    assert_eq!(faulty.code, 2, "{faulty:?}");
    let message = "postrider.yaml:34:13: neither the account nor the installation has a connection `CMR`; did you mean \
                   `CRM`?";
    assert!(faulty.err.contains(message), "{faulty:?}");
    assert_eq!(bench.command("accounts show acme").code, 1);
}

#[test]
fn what_the_server_refuses_is_shown_at_its_line() {
    let bench = Bench::of_guide();
    bench.edit(
        "https://gateway.example.com/in",
        "https://elsewhere.example.com/in",
    );
    bench.edit("retry_delays_s: [10, 100, 1000]", "retry_delays_s: [10, 0]");
    let refused = bench.apply("--yes");
    assert_eq!(refused.code, 1, "{refused:?}");
    let file = bench.path("postrider.yaml");
    let line = format!("{file}:19:26: account acme: /retry_delays_s/1: ");
    assert!(
        refused.err.contains(&line) && refused.err.contains("422"),
        "{refused:?}"
    );
    assert!(
        refused.err.contains("1 of 5 changes were made before that"),
        "{refused:?}"
    );
    bench.edit("[10, 0]", "[10]");
    let refused = bench.apply("--yes");
    let line = format!("{file}:41:13: automation acme/tell-the-crm: /actions/1/connection");
    assert!(refused.err.contains(&line), "{refused:?}");
}

#[test]
fn the_type_of_a_connection_does_not_change() {
    let bench = Bench::of_guide();
    bench.apply("--yes").success();
    bench.edit(
        "type: bearer\n    token:",
        "type: header\n    header_name: X-Key\n    header_value:",
    );
    let refused = bench.apply("--yes");
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused
            .err
            .contains("yaml:11:11: the type of a connection never changes"),
        "{refused:?}"
    );
}

#[test]
fn an_account_that_does_not_exist_needs_a_name_and_a_file_that_is_empty_says_so() {
    let bench = Bench::new();
    bench.write("postrider.yaml", "accounts:\n  acme:\n    automations: {}\n");
    let faulty = bench.apply("--yes");
    assert!(
        faulty
            .err
            .contains("yaml:2:3: the account acme does not exist yet: give it a `name`"),
        "{faulty:?}"
    );
    bench.write("postrider.yaml", "# nothing\n");
    let faulty = bench.apply("--yes");
    assert!(
        faulty.err.contains("yaml:1:1: expected a map with `event_types`"),
        "{faulty:?}"
    );
    let missing = bench.command("apply -f /nowhere/at/all --yes");
    assert!(
        missing.code == 2 && missing.err.contains("/nowhere/at/all"),
        "{missing:?}"
    );
}
