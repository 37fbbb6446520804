//! From Outpost.

use postrider_tests::signature;

use super::*;

const EXPORT: &str = include_str!("exports/outpost.json");

#[tokio::test]
async fn a_receiver_of_outpost_verifies_and_reads_its_headers_after_the_move() {
    let moved = Move::from(EXPORT).await;
    let output = moved.run("outpost", &["--apply"]).await;
    assert!(
        output.contains("left out: customer-42 / des_3 is of the type aws_sqs"),
        "{output}"
    );
    let received = moved.delivered("customer-42", "/crm").await;
    let header = received.header("x-outpost-signature");
    let signed = [part(header, "t=").as_bytes(), b".", &received.body].concat();
    let secret = "5f676d196c3e49763780162994df98e66d0917976bf0554dba9859e6d6105530";
    assert_eq!(part(header, "v0="), signature::postrider(secret, &signed));
    assert_eq!(received.header("x-outpost-topic"), "proposal.accepted");
    assert_eq!(
        received.header("x-outpost-event-id"),
        received.header("webhook-id")
    );
    assert_eq!(received.header("x-api-key"), "s3cret");
    let filtered = moved.automation("customer-42", "des_2").await;
    assert_eq!(filtered["enabled"], false);
    assert_eq!(filtered["actions"][0]["signature_profile"], "standard");
}
