//! From Convoy.

use postrider_tests::signature;

use super::*;

const EXPORT: &str = include_str!("exports/convoy.json");
const ARGUMENTS: [&str; 3] = ["--project", "01HPROJECT", "--apply"];

#[tokio::test]
async fn receivers_of_convoy_verify_simple_and_advanced_signatures_after_the_move() {
    let moved = Move::from(EXPORT).await;
    let output = moved.run("convoy", &ARGUMENTS).await;
    assert!(
        output.contains("3 endpoints and 0 event types; refused: 0"),
        "{output}"
    );

    // The secret has 22 bytes, which is less than a key of Postrider.
    assert!(
        output.contains("warning: 01HSUB1 has a secret of fewer than 24 bytes"),
        "{output}"
    );
    let simple = moved.delivered("customer-42", "/simple").await;
    let expected = signature::postrider("dGhpcyBpcyBhIHNlY3JldA", &simple.body);
    assert_eq!(simple.header("x-convoy-signature"), expected);
    assert_eq!(simple.header("x-api-key"), "s3cret");

    let advanced = moved.delivered("customer-43", "/advanced").await;
    let header = advanced.header("x-convoy-signature");
    let signed = [part(header, "t=").as_bytes(), b",", &advanced.body].concat();
    let secret = "a secret of more than sixty-four bytes, which HMAC hashes before it uses it";
    assert_eq!(part(header, "v1="), signature::postrider(secret, &signed));
}

#[tokio::test]
async fn settings_of_an_endpoint_are_kept_and_a_filtered_one_is_off() {
    let moved = Move::from(EXPORT).await;
    moved.run("convoy", &ARGUMENTS).await;
    let simple = moved.automation("customer-42", "01HSUB1").await;
    assert_eq!(simple["trigger"]["event_types"], json!(["proposal.accepted"]));
    let action = &simple["actions"][0];
    assert_eq!(action["timeout_s"], 10);
    assert_eq!(action["rate_limit"], json!({"requests": 500, "per_s": 60}));
    let filtered = moved.automation("customer-43", "01HSUB3").await;
    assert_eq!(filtered["enabled"], false);
    let reasons = "it authenticates with basic_auth: create a connection; it filters or transforms events: \
                   use conditions or a template";
    assert_eq!(filtered["description"], reasons);
}
