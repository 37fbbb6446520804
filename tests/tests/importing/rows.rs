//! From a sender of one's own.

use postrider_tests::signature;

use super::*;

impl Move {
    /// Runs the import of these lines, with the profile of `docs/moving.md`.
    async fn rows(&self, lines: &[Value]) -> Output {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let file = self.file("endpoints.ndjson");
        std::fs::write(&file, text.replace("{receiver}", &self.receiver.url(""))).unwrap();
        let file = file.to_str().unwrap();
        self.output(&["rows", "--file", file, "--profile", "acme", "--apply"])
            .await
    }
}

#[tokio::test]
async fn receivers_of_a_home_made_sender_verify_with_secrets_of_any_length_after_the_move() {
    let secrets = ["short", "a secret of thirty-two characters", &"long ".repeat(20)];
    let lines: Vec<Value> = (0..3)
        .map(|n| {
            let (url, secret) = (format!("{{receiver}}/{n}"), secrets[n]);
            json!({"account": format!("customer-{n}"), "url": url, "secret": secret, "uid": "hooks"})
        })
        .collect();
    let moved = Move::from("{}").await;
    let output = moved.rows(&lines).await;
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(
        text.contains("warning: line 1 has a secret of fewer than 24 bytes"),
        "{text}"
    );
    for (n, secret) in secrets.iter().enumerate() {
        let received = moved.delivered(&format!("customer-{n}"), &format!("/{n}")).await;
        let header = received.header("x-acme-signature");
        let signed = [part(header, "t=").as_bytes(), b".", &received.body].concat();
        assert_eq!(
            part(header, "v1="),
            signature::postrider(secret, &signed),
            "{secret}"
        );
    }
}

/// The id of the automation's only action.
fn action_of(automation: &Value) -> &Value {
    assert_eq!(automation["actions"].as_array().unwrap().len(), 1);
    &automation["actions"][0]["id"]
}

#[tokio::test]
async fn an_endpoint_whose_url_changed_keeps_its_automation_and_its_key() {
    let secret = "a secret of thirty-two characters";
    let line = |path: &str| json!({"account": "customer-1", "uid": "7", "url": format!("{{receiver}}{path}"), "secret": secret});
    let moved = Move::from("{}").await;
    assert!(moved.rows(&[line("/old")]).await.status.success());
    let before = moved.automation("customer-1", "7").await;
    let output = moved.rows(&[line("/new")]).await;
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("customer-1 / 7: written, on, key unchanged"),
        "{text}"
    );
    let automations = moved
        .server
        .api()
        .get("/v1/accounts/customer-1/automations")
        .await;
    assert_eq!(automations.expect(200)["data"].as_array().unwrap().len(), 1);
    let after = moved.automation("customer-1", "7").await;
    assert_eq!(action_of(&after), action_of(&before));
    let received = moved.delivered("customer-1", "/new").await;
    let header = received.header("x-acme-signature");
    let signed = [part(header, "t=").as_bytes(), b".", &received.body].concat();
    assert_eq!(part(header, "v1="), signature::postrider(secret, &signed));
    assert_eq!(moved.receiver.count("/old"), 0);
}

#[tokio::test]
async fn a_line_that_cannot_be_used_is_named_and_nothing_is_written() {
    let moved = Move::from("{}").await;
    let good = json!({"account": "customer-1", "uid": "1", "url": "{receiver}/", "event_types": ["*"]});
    for (bad, expected) in [
        (
            json!({"account": "customer-1", "uid": null}),
            "line 2: uid, url is missing",
        ),
        (
            json!({"account": "", "uid": "2", "url": "{receiver}/"}),
            "line 2: '' cannot be a uid",
        ),
        (
            json!({"account": "a", "uid": 2, "url": "{receiver}/"}),
            "line 2: 2 cannot be a uid",
        ),
        (
            json!({"account": "a", "uid": "2", "url": "{receiver}/", "type": "x"}),
            "line 2: unknown members: type",
        ),
        (
            json!({"account": "a", "uid": "2", "url": "{receiver}/", "event_types": "*"}),
            "line 2: event_types is no list of names",
        ),
        (
            json!({"account": "customer-1", "uid": "1", "url": "{receiver}/other", "secret": null}),
            "line 1 and line 2 would become one automation customer-1 / 1: give one of them another uid",
        ),
        (
            json!({"account": "customer 1", "uid": "2", "url": "{receiver}/"}),
            "'customer-1' and 'customer 1' would become one account customer-1: give one of them another uid",
        ),
    ] {
        let output = moved.rows(&[good.clone(), bad]).await;
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(
            String::from_utf8_lossy(&output.stderr),
            format!("error: {expected}\n")
        );
        assert_eq!(moved.accounts().await, json!([]));
    }
}

#[tokio::test]
async fn what_postrider_refuses_is_printed_and_the_rest_is_written() {
    let lines = [
        json!({"account": "customer-1", "url": "http://10.0.0.1/", "uid": "private"}),
        json!({"account": "customer-1", "url": "{receiver}/", "uid": "public"}),
    ];
    let moved = Move::from("{}").await;
    let output = moved.rows(&lines).await;
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let refused = "customer-1 / private: refused: /actions/0/url: The address is private";
    assert!(text.contains(refused), "{text}");
    assert!(text.contains("customer-1 / public: created, on"), "{text}");
    assert_eq!(moved.automation("customer-1", "public").await["enabled"], true);
}
