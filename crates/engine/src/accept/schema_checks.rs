//! Checks of `data` that take longer than a thread of the runtime may be busy for.
//!
//! Usual events are checked at once ([`postrider_configuration::Schema::violations_at_once`]). Large data,
//! and data whose schema makes the validator work hard, are checked here: in threads that may block, half as
//! many as the machine has processors, and one check of an account at a time. So one account's checks delay
//! neither other accounts' events nor anything else that the runtime does.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use parking_lot::Mutex;
use postrider_configuration::Schema;
use postrider_json::Payload;
use postrider_model::AccountId;
use tokio::sync::Semaphore;

use super::{AcceptError, Rejection};

/// The places for checks.
#[derive(Debug)]
pub(crate) struct SchemaChecks {
    all: Arc<Semaphore>,
    /// One place for each account that has checks.
    accounts: Mutex<HashMap<AccountId, Weak<Semaphore>>>,
}

impl Default for SchemaChecks {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            all: Arc::new(Semaphore::new((processors / 2).max(1))),
            accounts: Mutex::default(),
        }
    }
}

impl SchemaChecks {
    /// Checks an account's data against the schema of its type, when the account's turn has come. `data` is
    /// a [`Payload`].
    pub(super) async fn check(
        &self,
        account: AccountId,
        schema: Arc<Schema>,
        data: Bytes,
    ) -> Result<(), Rejection> {
        // No semaphore is ever closed.
        let of_account = self.of_account(account).acquire_owned().await;
        let place = Arc::clone(&self.all).acquire_owned().await;
        let check = move || {
            // A request that is given up keeps its places as long as its check runs.
            let _places = (of_account, place);
            let payload = Payload::read(&data).expect("data is read before it is checked against a schema");
            schema.violations(&payload)
        };
        match tokio::task::spawn_blocking(check).await {
            Ok(violations) if violations.is_empty() => Ok(()),
            Ok(violations) => Err(Rejection::Schema(violations)),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(Rejection::NotStored(AcceptError::Stopping)),
            },
        }
    }

    fn of_account(&self, account: AccountId) -> Arc<Semaphore> {
        let mut accounts = self.accounts.lock();
        if let Some(semaphore) = accounts.get(&account).and_then(Weak::upgrade) {
            return semaphore;
        }
        accounts.retain(|_, semaphore| semaphore.strong_count() > 0);
        let semaphore = Arc::new(Semaphore::new(1));
        accounts.insert(account, Arc::downgrade(&semaphore));
        semaphore
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn accounts_are_forgotten_when_their_checks_have_ended() {
        let checks = SchemaChecks::default();
        let schema = Arc::new(Schema::compile(r#"{"type":"integer"}"#).unwrap());
        for account in 1..=3 {
            let account = AccountId::from_u128(account);
            let check = |data| checks.check(account, Arc::clone(&schema), Bytes::from_static(data));
            assert_eq!(check(b"1").await, Ok(()));
            assert!(matches!(check(b"true").await, Err(Rejection::Schema(found)) if found.len() == 1));
        }
        assert_eq!(checks.accounts.lock().len(), 1);
    }

    #[tokio::test]
    async fn an_account_has_one_check_at_a_time() {
        let checks = SchemaChecks::default();
        let one = AccountId::from_u128(1);
        let held = checks.of_account(one).acquire_owned().await;
        let schema = Arc::new(Schema::compile("{}").unwrap());
        let mut waiting = Box::pin(checks.check(one, Arc::clone(&schema), Bytes::from("1")));
        let is_pending = std::future::poll_fn(|context| {
            std::task::Poll::Ready(waiting.as_mut().poll(context).is_pending())
        });
        assert!(is_pending.await);
        let other = checks.check(AccountId::from_u128(2), schema, Bytes::from("1"));
        assert_eq!(other.await, Ok(()));
        drop(held);
        assert_eq!(waiting.await, Ok(()));
    }
}
