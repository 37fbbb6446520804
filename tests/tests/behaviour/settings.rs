//! Settings: flags override variables, variables override the file, and unknown names are refused.

use postrider_tests::{Account, Server, command};

fn refused(arguments: &[&str]) -> String {
    let output = command::run(arguments);
    assert_eq!(output.code, 2, "{output:?}");
    output.err
}

#[tokio::test]
async fn a_flag_that_does_not_exist_or_has_a_bad_value_is_refused() {
    assert!(refused(&["serve", "--retry-delay", "10"]).contains("--retry-delays"));
    for (flag, value) in [
        ("--listen", "8080"),
        ("--attempt-timeout", "15"),
        ("--attempt-timeout", "2h"),
        ("--allow-destination", "10.0.0.0/33"),
        ("--retry-delays", "soon"),
        ("--header-prefix", "a b"),
        ("--body-limit", "many"),
        ("--log-format", "xml"),
    ] {
        let said = refused(&["serve", flag, value]);
        assert!(
            said.contains(flag) && said.contains(value),
            "{flag} {value}: {said}"
        );
    }
}

#[tokio::test]
async fn an_unknown_key_of_the_file_is_refused_with_its_line() {
    let mut server = Server::stopped();
    let file = server.data_dir().join("settings.toml");
    std::fs::write(&file, "# ours\nretry_dellays = \"1,2\"\n").unwrap();
    let (status, said) = server.start_that_fails(&["--config", file.to_str().unwrap()]);
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(
        said.contains("line 2") && said.contains("retry_dellays") && said.contains("retry_delays"),
        "{said}"
    );
}

#[tokio::test]
async fn flags_override_the_file() {
    let mut server = Server::stopped();
    let file = server.data_dir().join("settings.toml");
    std::fs::write(&file, "body_limit = \"1KiB\"\nunseen_event_types = \"refuse\"\n").unwrap();
    server.start_again_with(&["--config", file.to_str().unwrap(), "--unseen-event-types", "add"]);
    let account = Account::create(server.api()).await;
    account.send("unseen", "1").await;
    account
        .post_event("a", &format!("\"{}\"", "x".repeat(2_000)))
        .await
        .problem(413, "data_too_large");
}
