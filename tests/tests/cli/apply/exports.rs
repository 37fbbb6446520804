//! `export`, and what `apply` makes of it.

use postrider_tests::Server;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::json;

use super::{Bench, marked};

/// Objects with every kind of field, and with what needs quotes.
const MORE: [&str; 9] = [
    "connections create acme O --type oauth2 --token-url https://a.example/t --client-id c --secret-file secrets/crm-password",
    "accounts create 1:0 --uid 007",
    "automations create 007 --name on --uid 1e3 --on * --to https://a.example/?x=%20&y --template {\"a\":{{data.a}}} --rate-limit 5/1m",
    "automations create 007 --name n --uid q --on b --to https://a.example/?token=s --secret-query --header A:b --plain-header C:d",
    "automations create 007 --name L --uid l --on a --to https://zoe-1a.listen.invalid/",
    "automations create 007 --name Nameless --on a --to https://a.example/",
    "accounts create Nameless",
    "events send acme unseen.type --data {}",
    "event-types set x.y --example [1.10,null,\"yes\"] --hidden",
];

/// A file with every field, spelt otherwise than the server spells it where that is possible.
const EVERYTHING: &str = r#"
event_types:
  a.b: {description: "x\ny", visible: false, example: 8202522731445525542123, schema: {type: integer}}
connections:
  H: {type: header, header_name: X-Key, header_value: h, hosts: [A.Example, "*.B.example", "[::1]"]}
accounts:
  acme:
    name: Acme
    metadata: {n: 1.10, deep: {list: [null, {}]}}
    retry_delays_s: []
    connections:
      B: {type: basic, user: "", password: p}
      O: {type: oauth2, token_url: https://a.example/t, client_id: c, client_secret: s, scope: a b, audience: x,
          client_authentication: body}
      C: {type: client_certificate, certificate: {from_file: client.pem}, private_key: {from_file: client.key}}
    automations:
      all:
        name: All
        description: "Line\n  indented\n"
        metadata: {a: [1e2, "on"]}
        enabled: false
        retry_delays_s: [1, 2]
        trigger:
          event_types: ["b.*", a.b]
          conditions:
            any:
            - not: {op: exists, path: /a}
            - {value: 1.50, path: /b/*, op: gte}
            - {path: /c, op: eq, value: X, ignore_case: false}
        actions:
        - {type: send_email, to: [Ann@Example.com, " bob@example.com"], subject: S, text: "T\n"}
        - type: send_webhook
          url: https://a.example/x
          enabled: false
          body: data
          body_style: python
          headers: {X-Team: sales, x-key: k}
          plain_headers: [x-team]
          connection: B
          signature_profile: github
          timeout_s: 7
          rate_limit: {requests: 5, per_s: 60}
        - {type: send_webhook, url: "https://a.example/y?t=1", secret_query: true, signing_key: own_hmac, connection: O}
        - {type: send_webhook, url: "https://a.example/z", body: template, template: "{{ data }}",
           content_type: text/plain, connection: C}
"#;

#[test]
fn every_field_is_compared_as_the_server_spells_it_and_survives_an_export() {
    let email = [
        "--smtp-url",
        "smtp://127.0.0.1:9?tls=none",
        "--smtp-from",
        "a@example.com",
    ];
    let bench = Bench {
        server: Server::start_with(&email),
        ..Bench::new()
    };
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["client".to_owned()]).unwrap();
    bench.write("client.pem", &cert.pem());
    bench.write("client.key", &signing_key.serialize_pem());
    bench.write("postrider.yaml", EVERYTHING);
    let created = bench.apply_with("--yes", &[]);
    assert!(created.success().contains("Done: 7 created."), "{created:?}");
    let again = bench.apply_with("--yes", &[]);
    assert!(
        again.success().starts_with("Nothing to change, = 7 unchanged.\n"),
        "{again:?}"
    );
    assert!(again.out.ends_with("Nothing changed.\n"), "{again:?}");
    let exported = bench.command("export").out;
    bench.write("postrider.yaml", &exported);
    let kept = bench.apply_with("--yes --prune --keep-secrets", &[]);
    assert!(
        kept.success().starts_with("Nothing to change, = 7 unchanged.\n"),
        "{kept:?} of\n{exported}"
    );
}

fn filled() -> Bench {
    let bench = Bench::of_guide();
    bench.apply("--yes").success();
    let secret = bench.path("secrets/crm-password");
    for line in MORE {
        bench
            .command(&line.replace("secrets/crm-password", &secret))
            .success();
    }
    bench
}

#[test]
fn an_export_of_a_server_finds_nothing_to_change_there() {
    let bench = filled();
    let exported = bench.command("export");
    assert_eq!(exported.out, bench.command("export").out, "it is stable");
    for expected in [
        "#   ACME_CRM_PASSWORD  (connection acme/CRM: password)\n",
        "    token: {from_env: INSTALLATION_PARTNER_GATEWAY_TOKEN}\n",
        "            url: {from_env: _007_Q_URL}\n",
        "              A: {from_env: _007_Q_A}\n",
        "  \"007\":\n    name: \"1:0\"\n",
        "        name: \"on\"\n",
        "(Nameless): give it a uid",
    ] {
        assert!(
            exported.success().contains(expected),
            "{expected:?} in\n{}",
            exported.out
        );
    }
    for not in ["listen.invalid", "unseen.type", "hunter2", "••••", "signing_key"] {
        assert!(!exported.out.contains(not), "{not:?} in\n{}", exported.out);
    }
    let complete = bench.command("export --complete");
    assert!(complete.code == 1 && complete.out.is_empty(), "{complete:?}");
    assert!(complete.err.contains("(Nameless): give it a uid"), "{complete:?}");
    bench.write("postrider.yaml", &exported.out);
    let kept = bench.apply_with("--yes --keep-secrets --prune", &[]);
    assert!(marked(&kept).is_empty() && kept.code == 0, "{kept:?}");
    let variables = [
        ("INSTALLATION_PARTNER_GATEWAY_TOKEN", "gt-1"),
        ("ACME_CRM_PASSWORD", "hunter2"),
        ("ACME_O_CLIENT_SECRET", "hunter2"),
        ("ACME_TELL_THE_CRM_X_API_KEY", "ck-1"),
        ("_007_Q_URL", "https://a.example/?token=s"),
        ("_007_Q_A", "b"),
    ];
    let same = bench.apply_with("--yes", &variables);
    assert!(same.success().contains("Nothing changed."), "{same:?}");

    let other = Bench {
        folder: bench.folder,
        ..Bench::new()
    };
    let copied = other.apply_with("--yes", &variables);
    assert_eq!(marked(&copied).len(), 10, "{copied:?}");
    let copy = other.command("export").out;
    let body = |text: &str| text.split_once("\n\n").unwrap().1.to_owned();
    assert_eq!(
        body(&copy),
        body(&exported.out),
        "a copy of the server exports the same"
    );
}

#[test]
fn some_accounts_are_exported_alone_and_no_file_is_overwritten() {
    let bench = filled();
    let path = bench.path("acme.yaml");
    bench
        .command(&format!("export --account acme -o {path}"))
        .success();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(
        text.contains("\naccounts:\n  acme:\n") && !text.contains("\nevent_types:"),
        "{text}"
    );
    assert!(!text.contains("INSTALLATION_"), "{text}");
    let refused = bench.command(&format!("export --account acme -o {path}"));
    assert!(
        refused.code == 2 && refused.err.contains("--force overwrites it"),
        "{refused:?}"
    );
    bench
        .command(&format!("export --account 007 -o {path} --force"))
        .success();
    let missing = bench.command("export --account nobody");
    assert!(
        missing.code == 1 && missing.err.contains("there is no account nobody"),
        "{missing:?}"
    );
}

#[test]
fn the_account_of_the_operator_is_exported_once_it_has_something() {
    let bench = Bench::new();
    let empty = bench.command("export");
    assert!(empty.success().ends_with("\nevent_types: {}\n"), "{empty:?}");
    bench.write("postrider.yaml", &empty.out);
    bench.apply("--yes").success();
    let create =
        "automations create system --name Alarm --uid alarm --on postrider.* --to https://a.example/";
    bench.command(create).success();
    let exported = bench.command("export").out;
    assert!(
        exported.contains("  system:\n    name: System\n    automations:\n      alarm:\n"),
        "{exported}"
    );
    bench.write("postrider.yaml", &exported.replace("name: Alarm", "name: Alert"));
    bench.apply("--yes --prune").success();
    assert_eq!(
        bench.show("automations show system alarm")["name"],
        json!("Alert")
    );
}
