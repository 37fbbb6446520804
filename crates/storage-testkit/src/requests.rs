//! Promises of [`postrider_storage::RequestStore`].

use std::sync::Arc;
use std::time::Duration;

use postrider_model::{ApiKeyId, IdGenerator};
use postrider_storage::{
    Claimed, REQUEST_HANDLED_WITHIN, REQUESTS_LAST, REQUESTS_MAX, RemoveApiKey, RequestClaim, Store,
};
use tokio::task::JoinSet;

use super::api_keys::{add, new_api_key};
use super::build::*;

/// The first claim of the `n`-th request of an API key, at the base.
fn request(n: u8, api_key: ApiKeyId) -> RequestClaim {
    RequestClaim {
        sha256: [n; 32],
        api_key,
        fingerprint: [0xf0 | n; 32],
        claim: [1; 16],
        at: at(0),
    }
}

/// A repetition of the request, some time later.
fn again(first: &RequestClaim, claim: u8, after: Duration) -> RequestClaim {
    RequestClaim {
        claim: [claim; 16],
        at: first.at.after(after),
        ..first.clone()
    }
}

/// A new API key.
async fn api_key(store: &Arc<dyn Store>) -> ApiKeyId {
    let ids = IdGenerator::new(SEED);
    let keys = [new_api_key(&ids, 0), new_api_key(&ids, 1)];
    for key in &keys {
        add(&**store, key).await;
    }
    keys[1].id
}

const SOON: Duration = Duration::from_secs(1);

async fn claim(store: &Arc<dyn Store>, claim: RequestClaim) -> Claimed {
    store.claim_request(claim).await.expect("claim_request")
}

async fn keep(store: &Arc<dyn Store>, claim: &RequestClaim, response: &[u8]) -> bool {
    let kept = store
        .keep_response(claim.sha256, claim.claim, response.to_vec())
        .await;
    kept.expect("keep_response")
}

pub async fn a_request_is_claimed_once_and_its_repetitions_get_its_response(store: Arc<dyn Store>) {
    let key = api_key(&store).await;
    let first = request(1, key);
    assert_eq!(claim(&store, first.clone()).await, Claimed::Ours);
    // The same claim again: its store did not hear that it was done.
    assert_eq!(claim(&store, first.clone()).await, Claimed::Ours);
    assert_eq!(claim(&store, again(&first, 2, SOON)).await, Claimed::Running);
    assert!(!keep(&store, &again(&first, 2, SOON), b"of another claim").await);
    assert!(keep(&store, &first, b"\0done").await);
    let handled = Claimed::Handled(b"\0done".to_vec());
    assert_eq!(claim(&store, again(&first, 3, SOON)).await, handled);
    let other = RequestClaim {
        fingerprint: [0; 32],
        ..again(&first, 4, SOON)
    };
    assert_eq!(claim(&store, other).await, Claimed::Other);
    assert_eq!(claim(&store, request(2, key)).await, Claimed::Ours);
}

pub async fn a_request_that_was_forgotten_can_be_claimed_again(store: Arc<dyn Store>) {
    let first = request(1, api_key(&store).await);
    assert_eq!(claim(&store, first.clone()).await, Claimed::Ours);
    let second = again(&first, 2, SOON);
    let forget = async |claim: &RequestClaim| {
        let forgotten = store.forget_request(claim.sha256, claim.claim).await;
        forgotten.expect("forget_request");
    };
    forget(&second).await;
    assert_eq!(claim(&store, second.clone()).await, Claimed::Running);
    forget(&first).await;
    assert_eq!(claim(&store, second).await, Claimed::Ours);
}

pub async fn a_claimed_request_without_a_response_is_never_claimed_again(store: Arc<dyn Store>) {
    let first = request(1, api_key(&store).await);
    assert_eq!(claim(&store, first.clone()).await, Claimed::Ours);
    for after in [REQUEST_HANDLED_WITHIN, REQUESTS_LAST - SOON] {
        assert_eq!(claim(&store, again(&first, 2, after)).await, Claimed::Unknown);
    }
    // The node was only slow.
    assert!(keep(&store, &first, b"late").await);
    let late = claim(&store, again(&first, 2, REQUEST_HANDLED_WITHIN)).await;
    assert_eq!(late, Claimed::Handled(b"late".to_vec()));
}

pub async fn requests_that_are_claimed_at_the_same_time_are_handled_once(store: Arc<dyn Store>) {
    let first = request(1, api_key(&store).await);
    let mut claims = JoinSet::new();
    for number in 1..=20 {
        let (store, claimed) = (Arc::clone(&store), again(&first, number, Duration::ZERO));
        claims.spawn(async move { claim(&store, claimed).await });
    }
    let claims = claims.join_all().await;
    let ours = claims.iter().filter(|claimed| **claimed == Claimed::Ours);
    assert_eq!(ours.count(), 1, "{claims:?}");
    assert!(
        claims
            .iter()
            .all(|claimed| matches!(claimed, Claimed::Ours | Claimed::Running))
    );
}

pub async fn a_day_later_a_request_is_new(store: Arc<dyn Store>) {
    let key = api_key(&store).await;
    let first = request(1, key);
    assert_eq!(claim(&store, first.clone()).await, Claimed::Ours);
    assert!(keep(&store, &first, b"done").await);
    let next_day = RequestClaim {
        fingerprint: [7; 32],
        ..again(&first, 2, REQUESTS_LAST)
    };
    assert_eq!(claim(&store, next_day.clone()).await, Claimed::Ours);
    assert!(!keep(&store, &first, b"too late").await);
    assert_eq!(claim(&store, again(&next_day, 3, SOON)).await, Claimed::Running);
}

pub async fn an_api_key_is_remembered_by_its_newest_requests(store: Arc<dyn Store>) {
    let key = api_key(&store).await;
    let numbered = |number: u32| {
        let mut sha256 = [0; 32];
        sha256[..4].copy_from_slice(&number.to_be_bytes());
        RequestClaim {
            sha256,
            at: at(0).after(Duration::from_millis(number.into())),
            ..request(1, key)
        }
    };
    // The first is never handled: nobody knows whether it took effect, however many follow.
    for number in 0..=REQUESTS_MAX + 2 {
        assert_eq!(claim(&store, numbered(number)).await, Claimed::Ours);
        if number > 0 {
            assert!(keep(&store, &numbered(number), b"done").await);
        }
    }
    let mut forgotten = Vec::new();
    // Number 1 comes last, because its new claim forgets the next one.
    for number in [0, 2, 3, 1] {
        let later = REQUEST_HANDLED_WITHIN * 2;
        let again = again(&numbered(number), 2, later);
        forgotten.push(claim(&store, again).await == Claimed::Ours);
    }
    assert_eq!(forgotten, [false, false, false, true]);
}

pub async fn an_api_key_takes_its_requests_with_it(store: Arc<dyn Store>) {
    let key = api_key(&store).await;
    let first = request(1, key);
    assert_eq!(claim(&store, first.clone()).await, Claimed::Ours);
    assert!(keep(&store, &first, b"done").await);
    let removed = store.delete_api_key(key, audit()).await;
    assert_eq!(removed, Ok(RemoveApiKey::Removed));
    // Nothing is found, and nothing is claimed for a key that is gone.
    assert_eq!(claim(&store, again(&first, 2, SOON)).await, Claimed::Running);
    assert!(!keep(&store, &again(&first, 2, SOON), b"done").await);
}
