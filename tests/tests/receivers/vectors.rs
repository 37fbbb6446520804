//! The published vectors over the wire: the received body is what Node and Python print.

use std::collections::HashMap;

use postrider_tests::{Account, Receiver, Server, signature};
use serde_json::Value;

use super::cases::{KINDS, automation_of_every_kind, path};

const VECTORS: &str = include_str!("../../../crates/signing/tests/vectors/bodies-and-signatures.json");

#[tokio::test]
async fn every_vector_arrives_as_node_and_python_print_it() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let (key, vectors) = (
        vectors["key"].as_str().unwrap(),
        vectors["body_styles"].as_array().unwrap(),
    );
    assert!(vectors.len() >= 109);
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let rotation = serde_json::json!({"secret": key, "overlap_s": 0});
    account
        .api
        .post(account.at("/signing-keys/rotate"), rotation)
        .await
        .expect(201);
    let receiver = Receiver::start().await;
    automation_of_every_kind(&account, &receiver.url("")).await;
    let mut by_event = HashMap::new();
    for vector in vectors {
        by_event.insert(account.send("a", vector["input"].as_str().unwrap()).await, vector);
    }
    for (content, style) in KINDS.into_iter().filter(|(content, _)| *content == "data") {
        let received = receiver
            .wait_for(&path(content, style), vectors.len(), postrider_tests::wait::SOON)
            .await;
        for received in received {
            let vector = by_event[received.header("webhook-id")];
            let (member, signature_member) = match style {
                "js" => ("js_stringify", "hex_js_stringify"),
                _ => ("python_dumps", "hex_python_dumps"),
            };
            let body = String::from_utf8(received.body.to_vec()).unwrap();
            if style == "raw" || vector["lossless"] == false {
                assert_eq!(body, vector["input"].as_str().unwrap().trim_ascii(), "{style}");
            } else {
                assert_eq!(body, vector[member].as_str().unwrap(), "{style}");
                assert_eq!(
                    received.header("postrider-signature"),
                    vector[signature_member].as_str().unwrap()
                );
            }
            assert_eq!(
                received.header("postrider-signature"),
                signature::postrider(key, &received.body)
            );
        }
    }
}
