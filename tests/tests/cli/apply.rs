//! `apply` and `export`: configuration in a file.

mod between;
mod catalogue;
mod conflicts;
mod exports;
mod faults;
mod secrets;

use std::path::PathBuf;

use postrider_tests::command::{CommandOutput, run_with};
use postrider_tests::server::ADMIN_KEY;
use postrider_tests::{Server, binary};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The variables of the guide's example.
const VARIABLES: [(&str, &str); 2] = [("GATEWAY_TOKEN", "gt-1"), ("CRM_API_KEY", "ck-1")];

/// A server, and a folder with a file to apply.
struct Bench {
    server: Server,
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self {
            server: Server::start(),
            folder: TempDir::new().unwrap(),
        }
    }

    /// With the guide's example as the file.
    fn of_guide() -> Self {
        let bench = Self::new();
        std::fs::create_dir(bench.folder.path().join("secrets")).unwrap();
        bench.write("secrets/crm-password", "hunter2\n");
        bench.write("postrider.yaml", &example());
        bench
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Replaces a text of the file, which must be there.
    fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path("postrider.yaml")).unwrap();
        assert!(text.contains(from), "{from:?} is in\n{text}");
        self.write("postrider.yaml", &text.replace(from, to));
    }

    fn run_at(&self, url: &str, line: &str, variables: &[(&str, &str)]) -> CommandOutput {
        let all = [
            &[("POSTRIDER_URL", url), ("POSTRIDER_API_KEY", ADMIN_KEY)],
            variables,
        ]
        .concat();
        run_with(&line.split(' ').collect::<Vec<_>>(), &all, "")
    }

    /// Applies the file with these flags.
    fn apply_with(&self, flags: &str, variables: &[(&str, &str)]) -> CommandOutput {
        let line = format!("apply -f {} {flags}", self.path("postrider.yaml"));
        let line = line.trim_end();
        self.run_at(&self.server.api().url(), line, variables)
    }

    fn apply(&self, flags: &str) -> CommandOutput {
        self.apply_with(flags, &VARIABLES)
    }

    fn command(&self, line: &str) -> CommandOutput {
        self.run_at(&self.server.api().url(), line, &[])
    }

    fn show(&self, line: &str) -> Value {
        self.command(&format!("{line} --json")).json()
    }
}

/// The file in the guide.
fn example() -> String {
    let guide: PathBuf = binary::root().join("docs/configuration-as-code.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let (_, example) = guide.split_once("```yaml\n").unwrap();
    example.split_once("```").unwrap().0.to_owned()
}

/// The lines of a plan that begin with `+`, `~` or `-`.
fn marked(output: &CommandOutput) -> Vec<&str> {
    let lines = output.out.lines();
    lines.filter(|line| line.starts_with(['+', '~', '-'])).collect()
}

#[test]
fn the_example_of_the_guide_is_created_and_a_second_run_changes_nothing() {
    let bench = Bench::of_guide();
    let planned = bench.apply("--dry-run --exit-code");
    assert_eq!(planned.code, 4, "{planned:?}");
    let expected = [
        "+ event type proposal.accepted",
        "+ account acme",
        "+ connection Partner gateway",
        "+ connection acme/CRM",
        "+ automation acme/tell-the-crm",
    ];
    assert_eq!(marked(&planned), expected);
    assert!(
        bench.command("accounts show acme").code == 1,
        "a dry run changes nothing"
    );
    let applied = bench.apply("--yes");
    assert!(applied.success().contains("Done: 5 created."), "{applied:?}");
    let automation = bench.show("automations show acme tell-the-crm");
    let (first, second) = (&automation["actions"][0], &automation["actions"][1]);
    assert_eq!(first["headers"], json!({"X-Api-Key": "••••", "X-Team": "sales"}));
    assert_eq!(second["content_type"], "application/json");
    let connections = bench.show("connections list acme");
    let id = |name: &str| {
        let mut all = connections["data"].as_array().unwrap().iter();
        all.find(|it| it["name"] == name).unwrap()["id"].clone()
    };
    assert_eq!(first["connection_id"], id("CRM"));
    assert_eq!(second["connection_id"], id("Partner gateway"));

    let again = bench.apply("--yes");
    assert!(again.success().contains("Nothing changed."), "{again:?}");
    assert_eq!(
        bench.show("automations show acme tell-the-crm")["updated_at"],
        automation["updated_at"]
    );
    bench.apply("--dry-run --exit-code").success();
}

#[test]
fn an_edit_is_shown_field_by_field_and_keeps_what_it_does_not_name() {
    let bench = Bench::of_guide();
    bench.apply("--yes").success();
    let before = bench.show("automations show acme tell-the-crm");
    bench
        .command("automations create acme --name Other --uid other --on a --to https://a.example/")
        .success();
    bench.edit("name: Tell the CRM", "name: Tell sales");
    bench.edit("https://crm.example.com/hooks", "https://crm.example.com/new");
    bench.edit("X-Team: sales", "X-Team: crm");
    bench.edit("metadata: {plan: pro}", "metadata: {tier: 2}");
    bench.edit("    retry_delays_s: [10, 100, 1000]\n", "");
    let applied = bench.apply("--yes");
    let expected = [
        "~ account acme",
        "    metadata: {\"plan\":\"pro\"} → {\"tier\":2}",
        "~ automation acme/tell-the-crm",
        "    name: \"Tell the CRM\" → \"Tell sales\"",
        "    actions[0].url: \"https://crm.example.com/hooks\" → \"https://crm.example.com/new\"",
        "    actions[0].headers.X-Team: \"sales\" → \"crm\"",
        "    its 1 secret is sent too",
        "2 to change, = 3 unchanged.",
    ];
    let lines: Vec<_> = applied.success().lines().take(expected.len()).collect();
    assert_eq!(lines, expected, "{applied:?}");
    let after = bench.show("automations show acme tell-the-crm");
    assert_eq!(
        after["actions"][0]["id"], before["actions"][0]["id"],
        "the record stays"
    );
    let account = bench.show("accounts show acme");
    assert_eq!(account["metadata"], json!({"tier": 2}));
    assert_eq!(
        account["retry_delays_s"],
        json!([10, 100, 1000]),
        "left out, it is kept"
    );
    bench.command("automations show acme other").success();
    bench.apply("--dry-run --exit-code").success();
}

#[test]
fn another_order_of_actions_is_applied_and_another_order_of_event_types_is_none() {
    let bench = Bench::of_guide();
    bench.edit(
        "event_types: [proposal.*]",
        "event_types: [proposal.*, invoice.*]",
    );
    bench.apply("--yes").success();
    let before = bench.show("automations show acme tell-the-crm");
    bench.edit(
        "event_types: [proposal.*, invoice.*]",
        "event_types: [invoice.*, proposal.*]",
    );
    bench.apply("--dry-run --exit-code").success();
    let sent = bench.apply("--yes");
    assert!(sent.success().contains("Nothing changed."), "{sent:?}");
    let text = std::fs::read_to_string(bench.path("postrider.yaml")).unwrap();
    let (head, actions) = text.split_once("        actions:\n").unwrap();
    let (first, second) = actions.split_at(actions.rfind("          - type").unwrap());
    bench.write(
        "postrider.yaml",
        &format!("{head}        actions:\n{second}{first}"),
    );
    let applied = bench.apply("--yes");
    assert_eq!(marked(&applied), ["~ automation acme/tell-the-crm"]);
    let lines: Vec<_> = applied.out.lines().skip(1).take(2).collect();
    let expected = [
        "    actions[0]: \"https://crm.example.com/hooks\" → \"https://gateway.example.com/in\"",
        "    actions[1]: \"https://gateway.example.com/in\" → \"https://crm.example.com/hooks\"",
    ];
    assert_eq!(lines, expected, "{applied:?}");
    let after = bench.show("automations show acme tell-the-crm");
    assert_eq!(after["actions"][0]["id"], before["actions"][1]["id"]);
    assert_eq!(after["actions"][1]["id"], before["actions"][0]["id"]);
    bench.apply("--dry-run --exit-code").success();
}

#[test]
fn prune_deletes_what_the_maps_of_the_file_do_not_name() {
    let bench = Bench::of_guide();
    bench.apply("--yes").success();
    for line in [
        "automations create acme --name Old --uid old --on a --to https://a.example/",
        "automations create acme --name Customers --on a --to https://a.example/",
        "automations create acme --name L --uid l --on a --to https://zoe-1a.listen.invalid/",
        "accounts create Globex --uid globex",
        "automations create globex --name Kept --uid kept --on a --to https://a.example/",
        "event-types set old.type --description Old",
        "events send acme unseen.type --data {}",
    ] {
        bench.command(line).success();
    }
    let expected = ["- automation acme/old", "- event type old.type"];
    assert!(
        marked(&bench.apply("--dry-run")).is_empty(),
        "without --prune, nothing is deleted"
    );
    let planned = bench.apply("--dry-run --prune");
    assert_eq!(marked(&planned), expected);
    assert!(planned.out.contains("has no uid, and is kept"), "{planned:?}");
    bench.apply("--yes --prune").success();
    assert_eq!(bench.command("automations show acme old").code, 1);
    bench.command("automations show acme l").success();
    bench.command("automations show globex kept").success();
    bench.command("event-types show unseen.type").success();

    bench.write(
        "postrider.yaml",
        "accounts:\n  acme:\n    automations: {}\n    connections: {}\n",
    );
    let emptied = bench.apply("--yes --prune");
    assert_eq!(
        marked(&emptied),
        ["- automation acme/tell-the-crm", "- connection acme/CRM"]
    );
    bench.command("event-types show proposal.accepted").success();
}

#[test]
fn the_plan_is_json_too() {
    let bench = Bench::of_guide();
    let planned = bench.apply("--dry-run --json").json();
    assert_eq!(planned["changes"][3]["key"], "CRM");
    assert_eq!(planned["changes"][3]["account"], "acme");
    assert!(planned["changes"][3].get("done").is_none());
    let applied = bench.apply("--yes --json");
    assert!(
        !applied.out.contains("hunter2") && !applied.out.contains("ck-1"),
        "{applied:?}"
    );
    let applied = applied.json();
    assert!(
        applied["changes"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["done"] == true)
    );
    bench.edit("name: Acme Ltd", "name: Acme Inc.");
    let planned = bench.apply("--dry-run --json").json();
    assert_eq!(planned["changes"][0]["change"], "change");
    let field = json!({"field": "name", "old": "Acme Ltd", "new": "Acme Inc."});
    assert_eq!(planned["changes"][0]["fields"], json!([field]));
}

#[test]
fn without_a_terminal_it_needs_yes_and_reads_standard_input() {
    let bench = Bench::of_guide();
    let refused = bench.apply("");
    assert!(
        refused.code == 2 && refused.err.contains("add --yes"),
        "{refused:?}"
    );
    let url = bench.server.api().url();
    let variables = [("POSTRIDER_URL", url.as_str()), ("POSTRIDER_API_KEY", ADMIN_KEY)];
    let text = "{\"accounts\": {\"acme\": {\"name\": \"Acme \\ud83d\\ude00\"}}}";
    let applied = run_with(&["apply", "-f", "-", "--yes"], &variables, text);
    assert_eq!(marked(&applied), ["+ account acme"]);
    assert_eq!(bench.show("accounts show acme")["name"], "Acme 😀");
}

#[test]
fn a_key_of_one_account_applies_and_exports_what_that_account_has() {
    let bench = Bench::of_guide();
    bench.apply("--yes").success();
    let key = bench.show("api-keys create scoped --permission read --permission manage --account acme");
    let scoped = [("POSTRIDER_API_KEY", key["key"].as_str().unwrap())];
    let automation = "name: X, trigger: {event_types: [a]}, actions: [{type: send_webhook, connection: Partner gateway, \
                      url: 'https://gateway.example.com/x'}]";
    let file = format!("accounts:\n  acme:\n    automations:\n      x: {{{automation}}}\n");
    bench.write("postrider.yaml", &file);
    let applied = bench.apply_with("--yes", &scoped);
    assert!(
        applied
            .success()
            .starts_with("+ automation acme/x\n1 to create, = 1 unchanged."),
        "{applied:?}"
    );
    let exported = bench.run_at(&bench.server.api().url(), "export --account acme", &scoped);
    let expected = "accounts:\n  acme:\n    connections:\n      CRM:\n";
    assert!(
        exported.success().contains(expected) && exported.out.contains("\n      x:\n"),
        "{exported:?}"
    );
    bench.write("postrider.yaml", &format!("{file}    name: Mine\n"));
    let refused = bench.apply_with("--yes", &scoped);
    assert!(refused.code == 1 && refused.err.contains("403"), "{refused:?}");
    bench.write("postrider.yaml", &file.replace("acme", "globex"));
    let refused = bench.apply_with("--yes", &scoped);
    assert!(refused.code == 1, "{refused:?}");
}
