use super::*;

fn other() -> AccountId {
    AccountId::from_u128(2)
}

#[test]
fn accounts_take_turns_to_claim_however_many_lanes_are_due() {
    let mut lanes = lanes(100_000, 100);
    for n in 0..10_000 {
        lanes.waits(account(), action(n), at(1), at(0));
    }
    lanes.waits(other(), action(20_000), at(5), at(0));
    // The first call finds only the lanes whose alarms ring first.
    let mut calls = 0;
    loop {
        calls += 1;
        let claims = lanes.take_claims(at(10), 64);
        assert!(!claims.is_empty());
        if claims.iter().any(|claim| claim.action == action(20_000)) {
            break;
        }
        for claim in claims {
            let nothing = Claim {
                deliveries: Vec::new(),
                next_due: None,
            };
            lanes.claimed(claim.action, Some(nothing), SESSION, at(10), T);
        }
    }
    assert!(calls <= 3, "{calls}");
}

#[test]
fn lanes_without_room_in_the_window_look_again_after_a_pause() {
    let mut lanes = lanes(10, 100);
    assert_eq!(offer(&mut lanes, action(1), 10), 5);
    assert_eq!(offer(&mut lanes, action(2), 10), 3);
    for n in 3..100 {
        lanes.waits(account(), action(n), at(1), at(0));
    }
    assert_eq!(lanes.take_claims(at(10), 64).len(), 0);
    assert_eq!(lanes.next_alarm(), Some(at(60)));
    lanes.waits(other(), action(200), at(11), at(10));
    assert_eq!(lanes.next_alarm(), Some(at(11)));
    let claims = lanes.take_claims(at(11), 64);
    assert_eq!(claims.len(), 1, "another account finds room");
    assert_eq!((claims[0].action, claims[0].room), (action(200), 1));
}
