//! What surrounds an installation in tests: randomness, the holder of the master key, receivers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use postrider_configuration::sealing::KeyHolder;
use postrider_egress::Response as Received;
use postrider_engine::carry::Transport;
use postrider_model::Outcome;
use postrider_storage::sealing::MasterKey;

/// Bytes that look like random ones and depend on the number alone.
pub fn fill(bytes: &mut [u8], number: u64) {
    for (byte, position) in bytes.iter_mut().zip(1..) {
        let mixed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ^ u64::wrapping_mul(position, 0xbf58_476d_1ce4_e5b9);
        *byte = mixed.wrapping_mul(0x94d0_49bb_1331_11eb).to_be_bytes()[0];
    }
}

/// Holds no keys; what is sealed is lost with the test.
pub struct InMemory;

impl KeyHolder for InMemory {
    fn place(&self) -> String {
        "/var/lib/postrider/master.key".to_owned()
    }

    fn can_add(&self) -> bool {
        true
    }

    fn put_first(&self, _: &MasterKey) -> Result<(), String> {
        Ok(())
    }
}

/// Receivers that respond with the status that their path names, or with 200.
pub struct Receivers(pub Arc<Mutex<Vec<postrider_egress::Request>>>);

impl Transport for Receivers {
    async fn send(&self, request: &postrider_egress::Request) -> Received {
        let last = request.url.rsplit('/').next();
        self.0.lock().push(request.clone());
        let Some(status) = last.and_then(|last| last.parse().ok()) else {
            return thanks();
        };
        if status == 0 {
            std::future::pending::<()>().await;
        }
        Received {
            outcome: if status == 200 {
                Outcome::Succeeded
            } else {
                Outcome::BadStatus
            },
            status_code: Some(status),
            error: None,
            headers: vec![
                ("x-a".to_owned(), "1".to_owned()),
                ("x-a".to_owned(), "2".to_owned()),
            ],
            body: Bytes::from_static(b"ok\xff"),
            truncated: false,
            retry_after: None,
            waited: Duration::ZERO,
        }
    }
}

fn thanks() -> Received {
    Received {
        outcome: Outcome::Succeeded,
        status_code: Some(200),
        error: None,
        headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
        body: Bytes::from_static(b"ok"),
        truncated: false,
        retry_after: None,
        waited: Duration::ZERO,
    }
}
