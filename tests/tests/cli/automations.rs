//! Automations with a uid on the command line.

use postrider_tests::Server;
use postrider_tests::command::{CommandOutput, run_against};

const DEFINITION: &str = r#"{"name": "Tell the CRM", "description": "Sales wants to know.",
    "metadata": {"ticket": 8202522731445525542.10}, "trigger": {"event_types": ["proposal.accepted"]},
    "actions": [{"type": "send_webhook", "url": "https://crm.example/hooks", "headers": {"X-Token": "secret"}}]}"#;

fn line(server: &Server, line: &str) -> CommandOutput {
    run_against(server, &line.split(' ').collect::<Vec<_>>())
}

#[test]
fn a_definition_put_twice_changes_nothing_and_its_uid_names_the_automation() {
    let server = Server::start();
    assert_eq!(line(&server, "accounts create Acme --uid acme").code, 0);
    let put = "automations put acme tell-the-crm --json --definition";
    let put: Vec<_> = put.split(' ').chain([DEFINITION]).collect();
    let first = run_against(&server, &put);
    assert_eq!(first.code, 0, "{}", first.err);
    assert_eq!(run_against(&server, &put).json(), first.json());
    let shown = line(&server, "automations show acme tell-the-crm").out;
    for part in [
        "tell-the-crm",
        "Sales wants to know.",
        r#"{"ticket": 8202522731445525542.10}"#,
        "X-Token: ••••",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let audit = line(&server, "audit list --json").json();
    let of_automations = audit["data"].as_array().unwrap().iter();
    let of_automations =
        of_automations.filter(|entry| entry["action"].as_str().unwrap().starts_with("automation."));
    assert_eq!(of_automations.count(), 1);
    assert_eq!(line(&server, "automations disable acme tell-the-crm").code, 0);
    assert_eq!(line(&server, "automations delete acme tell-the-crm").code, 0);
    assert_ne!(line(&server, "automations show acme tell-the-crm").code, 0);
    let refused = line(&server, "automations put acme auto_1 --definition {}");
    assert_ne!(refused.code, 0);
}

#[test]
fn an_automation_is_created_with_uid_and_description() {
    let server = Server::start();
    assert_eq!(line(&server, "accounts create Acme --uid acme").code, 0);
    let create =
        "automations create acme --name CRM --uid crm --on * --to https://crm.example/ --json --description";
    let create: Vec<_> = create.split(' ').chain(["For sales."]).collect();
    let made = run_against(&server, &create).json();
    assert_eq!(
        (&made["uid"], &made["description"]),
        (&"crm".into(), &"For sales.".into())
    );
    let again = run_against(&server, &create);
    assert_ne!(again.code, 0);
    assert!(
        again.err.contains("uid_taken") || again.out.contains("uid_taken"),
        "{}{}",
        again.out,
        again.err
    );
}
