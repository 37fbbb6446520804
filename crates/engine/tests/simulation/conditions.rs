//! Conditions at acceptance: what they hold back, what that costs, and what ignores them.

use std::time::Duration;

use bytes::Bytes;
use postrider_configuration::VerdictStatus;
use postrider_egress::Request;
use postrider_engine::{EngineSettings, Submission};

use crate::support::{BY, Node, folder, life, status, submission};

const URL: &str = "https://receiver.example/hook";

async fn healthy(folder: &std::path::Path) -> Node {
    let respond = |_: &Request, _| (Duration::from_millis(3), status(200));
    Node::start(folder, 0, EngineSettings::default(), respond).await
}

fn with_data(data: impl Into<Bytes>) -> Submission {
    Submission {
        data: data.into(),
        ..submission("proposal.accepted")
    }
}

#[test]
fn an_event_goes_to_the_automations_whose_conditions_it_meets_and_the_others_are_counted() {
    let folder = folder();
    life(async {
        let node = healthy(folder.path()).await;
        let large = node.account(&[URL]).await;
        node.edit(&large, |automation| {
            automation.conditions = Some(r#"{"path":"/total","op":"gte","value":1000}"#.to_owned());
        })
        .await;
        let any = node.automation(large.account, &[URL, URL]).await;
        let batch = ["1000.0", "999.99", "\"1000\"", "1e3", "null"].map(|total| {
            let data = format!(r#"{{"total":{total}}}"#);
            with_data(data)
        });
        let accepted = node.engine.accept(large.account, batch.to_vec()).await.unwrap();
        let counts: Vec<_> = accepted
            .iter()
            .map(|result| result.as_ref().unwrap().deliveries)
            .collect();
        assert_eq!(counts, [3, 2, 2, 3, 2]);
        let deliveries = node.wait_until_settled(large.account).await;
        let of_large = deliveries.iter().filter(|it| it.automation == large.automation);
        assert_eq!(of_large.count(), 2);
        let held_back = node.figures.held_back(large.account).await.unwrap();
        assert_eq!(held_back.get(&large.automation), Some(&3));
        assert_eq!(held_back.get(&any.automation), None);

        let test = node
            .engine
            .send_test(&BY, large.account, large.automation, None, None)
            .await;
        let test = test.unwrap().unwrap().unwrap();
        assert_eq!(test.deliveries, 1, "a test ignores conditions");
    });
}

/// Conditions that are built to be slow take 20 to 30 ms of an event in a release build, however many.
#[test]
fn conditions_of_one_event_share_a_bound_on_their_work() {
    let folder = folder();
    life(async {
        let node = healthy(folder.path()).await;
        let fixture = node.account(&[URL]).await;
        let row = r#"{"path":"/*","op":"contains","value":"zzzzzzzzzzzzzzzz","ignore_case":true}"#;
        let slow = format!(r#"{{"any":[{}]}}"#, [row; 50].join(","));
        node.edit(&fixture, |automation| automation.conditions = Some(slow.clone()))
            .await;
        let data = format!("[{}]", ["\"zzzzzzzzzzzzzzy\""; 10_000].join(","));
        for _ in 0..20 {
            let further = node.automation(fixture.account, &[URL]).await;
            node.edit(&further, |automation| automation.conditions = Some(slow.clone()))
                .await;
        }
        let last = node.automation(fixture.account, &[URL]).await;
        node.edit(&last, |automation| {
            automation.conditions = Some(r#"{"path":"/0","op":"exists"}"#.to_owned());
        })
        .await;
        let batch = vec![with_data(data)];
        let accepted = node.engine.accept(fixture.account, batch).await.unwrap().pop();
        let accepted = accepted.unwrap().unwrap();
        assert_eq!(accepted.deliveries, 0, "the last one is not judged any more");
        let held_back = node.figures.held_back(fixture.account).await.unwrap();
        assert_eq!(held_back.values().sum::<u64>(), 22);

        // Who asks later gets the same verdicts, and no more work is done for the reasons.
        let event = node.figures.event(fixture.account, accepted.id).await.unwrap();
        let entry = node.engine.configuration().entry(fixture.account).await;
        let (event, entry) = (event.unwrap(), entry.unwrap().unwrap());
        let verdicts = entry.verdicts(&event);
        assert_eq!(verdicts.len(), 22);
        for verdict in &verdicts {
            assert_eq!(verdict.status, VerdictStatus::HeldBack);
        }
        assert!(verdicts[0].rows[0].compared);
        assert!(!verdicts[21].rows[0].compared);
    });
}
