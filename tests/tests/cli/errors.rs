//! Errors as problem documents on standard error.

use postrider_tests::Server;
use postrider_tests::command::{CommandOutput, run_against, run_with};
use serde_json::Value;

fn problem(output: &CommandOutput) -> Value {
    assert_eq!(output.out, "", "standard output holds results only");
    serde_json::from_str(&output.err).unwrap_or_else(|error| panic!("{error}: {}", output.err))
}

#[test]
fn with_json_every_error_is_a_problem_document_on_standard_error() {
    let server = Server::start();
    let line = |line: &str| run_against(&server, &line.split(' ').collect::<Vec<_>>());
    let of_server = line("accounts show nobody --json");
    assert_eq!(
        (of_server.code, &problem(&of_server)["code"]),
        (1, &"account_not_found".into())
    );
    assert_eq!(problem(&of_server)["status"], 404);
    let of_clap = line("accounts show --json");
    assert_eq!((of_clap.code, &problem(&of_clap)["code"]), (2, &"usage".into()));
    let of_ours = line("accounts create x --metadata {a --json");
    assert_eq!((of_ours.code, &problem(&of_ours)["code"]), (2, &"usage".into()));
    let nowhere = [
        ("POSTRIDER_URL", "http://127.0.0.1:1"),
        ("POSTRIDER_API_KEY", "prk_x"),
    ];
    let unreachable = run_with(&["accounts", "list", "--json"], &nowhere, "");
    assert_eq!(
        (unreachable.code, &problem(&unreachable)["code"]),
        (3, &"unreachable".into())
    );
    let text = line("accounts show nobody");
    assert!(text.err.starts_with("error: "), "{text:?}");
}
