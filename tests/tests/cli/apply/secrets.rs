//! Secrets: from variables and files, sent to be compared, or kept.

use postrider_tests::{Receiver, wait};

use super::{Bench, VARIABLES, marked};

const FILE: &str = "
accounts:
  acme:
    name: Acme
    connections:
      CRM: {type: bearer, token: {from_file: token}}
    automations:
      crm:
        name: CRM
        trigger: {event_types: [a]}
        actions:
        - type: send_webhook
          url: {from_env: HOOK}
          secret_query: true
          connection: CRM
          headers: {X-Key: {from_env: KEY}}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_reach_the_receiver_and_a_new_one_needs_no_other_change() {
    let (bench, receiver) = (Bench::new(), Receiver::start().await);
    let run = |line: &str, variables: &[(&str, &str)]| {
        tokio::task::block_in_place(|| bench.apply_with(line, variables))
    };
    let url = receiver.url("/in");
    bench.write("postrider.yaml", FILE);
    bench.write("token", "t-1\r\n");
    let hook = format!("{url}?s=1");
    let variables = [("HOOK", hook.as_str()), ("KEY", "k-1")];
    run("--yes", &variables).success();
    let send =
        || tokio::task::block_in_place(|| bench.command("events send acme a --data {}").success().len());
    send();
    let first = receiver.wait_for("/in?s=1", 1, wait::SOON).await.remove(0);
    assert_eq!(
        (first.header("authorization"), first.header("x-key")),
        ("Bearer t-1", "k-1")
    );

    let same = run("--yes", &variables);
    assert!(
        same.success().contains("The secrets of 2 unchanged objects"),
        "{same:?}"
    );
    assert!(same.out.contains("Nothing changed."), "{same:?}");

    bench.write("token", "t-2\n");
    let hook = format!("{url}?s=2");
    let rotated = [("HOOK", hook.as_str()), ("KEY", "k-2")];
    run("--dry-run --exit-code", &rotated).success();
    let kept = run("--yes --keep-secrets", &[]);
    assert!(
        kept.success().contains("Nothing to change, = 3 unchanged.\n") && !kept.out.contains("secrets"),
        "{kept:?}"
    );
    let applied = run("--yes", &rotated);
    let expected = "Done: new secrets for connection acme/CRM, automation acme/crm.";
    assert!(applied.success().contains(expected), "{applied:?}");
    send();
    let second = receiver.wait_for("/in?s=2", 1, wait::SOON).await.remove(0);
    assert_eq!(
        (second.header("authorization"), second.header("x-key")),
        ("Bearer t-2", "k-2")
    );
}

#[test]
fn kept_secrets_survive_other_changes_and_new_objects_need_theirs() {
    let bench = Bench::of_guide();
    bench.apply("--yes").success();
    bench.edit("name: Tell the CRM", "name: Tell sales");
    bench.edit("user: postrider", "user: other");
    let kept = bench.apply_with("--yes --keep-secrets", &[]);
    assert!(kept.success().contains("Done: 2 changed."), "{kept:?}");
    let same = bench.apply("--yes");
    assert!(
        same.success().contains("Nothing changed."),
        "the secrets are what they were: {same:?}"
    );

    bench.edit("  Partner gateway:\n", "  Other gateway:\n");
    bench.edit("connection: Partner gateway", "connection: Other gateway");
    let missing = bench.apply_with("--yes --keep-secrets", &[]);
    assert!(
        missing
            .err
            .contains("12:12: the environment variable GATEWAY_TOKEN is not set"),
        "{missing:?}"
    );
    let created = bench.apply_with("--yes --keep-secrets", &VARIABLES[..1]);
    assert_eq!(
        marked(&created),
        ["+ connection Other gateway", "~ automation acme/tell-the-crm"]
    );
}
