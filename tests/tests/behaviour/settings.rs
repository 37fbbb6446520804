//! Settings: flags override variables, variables override the file, and unknown names are refused.

use std::time::Duration;

use postrider_tests::{Account, Receiver, Reply, Server, command, wait};
use serde_json::json;

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

#[tokio::test]
async fn a_host_gets_as_many_requests_at_a_time_as_the_setting_says() {
    let flags = [
        "--allow-destination",
        "127.0.0.0/8",
        "--in-flight-per-host-max",
        "2",
    ];
    let server = Server::start_with(&flags);
    let receiver = Receiver::start().await;
    let takes = Duration::from_millis(200);
    let mut paths = Vec::new();
    for n in 0..3 {
        let account = Account::create(server.api()).await;
        let path = format!("/{n}");
        receiver.respond(&path, [Reply::status(204).after(takes)]);
        account.automation(json!({"url": receiver.url(&path)})).await;
        let events = json!({"events": vec![json!({"type": "a", "data": 1}); 4]});
        account
            .api
            .post(account.at("/events/batch"), events)
            .await
            .expect(202);
        paths.push(path);
    }
    let mut arrived = Vec::new();
    for path in &paths {
        receiver.wait_for(path, 4, wait::SOON).await;
        arrived.extend(receiver.received(path).into_iter().map(|request| request.at));
    }
    arrived.sort_unstable();
    // A request arrives only after the last but one before it has been responded to.
    assert_eq!(arrived.len(), 12);
    for (earlier, later) in arrived.iter().zip(&arrived[2..]) {
        let apart = *later - *earlier;
        assert!(apart >= takes, "{apart:?}");
    }
}
