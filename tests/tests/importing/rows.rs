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

#[tokio::test]
async fn a_line_that_cannot_be_used_is_named_and_nothing_is_written() {
    let moved = Move::from("{}").await;
    let good = json!({"account": "customer-1", "url": "{receiver}/", "event_types": ["*"]});
    for (bad, expected) in [
        (json!({"account": "customer-1"}), "line 2: 'url' is missing"),
        (
            json!({"account": "", "url": "{receiver}/"}),
            "line 2: '' cannot be a uid",
        ),
        (
            json!({"account": "a", "url": "{receiver}/", "type": "x"}),
            "line 2: unknown members: type",
        ),
        (
            json!({"account": "a", "url": "{receiver}/", "event_types": "*"}),
            "line 2: event_types is no list of names",
        ),
        (
            json!({"account": "customer-1", "url": "{receiver}/", "secret": null}),
            "line 2: line 1 has the same account and URL or `uid`: give each a `uid`",
        ),
    ] {
        let output = moved.rows(&[good.clone(), bad]).await;
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(
            String::from_utf8_lossy(&output.stderr),
            format!("error: {expected}\n")
        );
        let accounts = moved.server.api().get("/v1/accounts").await.expect(200);
        assert_eq!(accounts["data"], json!([]));
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
