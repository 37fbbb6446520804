//! The API's responses about everything that is copied.

use std::collections::BTreeMap;

use postrider_tests::account::id_of;
use postrider_tests::{Account, Api};
use serde_json::Value;

/// In an account with many deliveries, one in this many is read with its attempts.
const SAMPLED: usize = 50;

/// An account with at most this many deliveries is read completely.
const READ_MAX: usize = 200;

/// Objects by path, in the order of their lists.
#[derive(Debug, PartialEq)]
pub struct Responses {
    lists: BTreeMap<String, Vec<Value>>,
    deliveries: BTreeMap<String, Value>,
}

/// Removes what statistics say of the actions of an automation: a copy begins with none.
fn forget_health(automation: &mut Value) {
    let actions = automation.get_mut("actions").and_then(Value::as_array_mut);
    for action in actions.into_iter().flatten() {
        if let Some(action) = action.as_object_mut() {
            action.remove("health");
        }
    }
}

impl Responses {
    /// Reads everything, except deliveries of events of the types in `but`, which change meanwhile.
    pub async fn read(api: &Api, accounts: &[&Account], but: &[&str]) -> Self {
        let mut responses = Self {
            lists: BTreeMap::new(),
            deliveries: BTreeMap::new(),
        };
        for path in ["/v1/accounts", "/v1/event-types"] {
            let objects = all(api, path).await;
            responses.lists.insert(path.to_owned(), objects);
        }
        for account in accounts {
            responses.read_account(&account.through(api.clone()), but).await;
        }
        responses
    }

    async fn read_account(&mut self, account: &Account, but: &[&str]) {
        for list in ["/signing-keys", "/automations", "/connections", "/events"] {
            let path = account.at(list);
            let mut objects = all(&account.api, &path).await;
            objects.iter_mut().for_each(forget_health);
            self.lists.insert(path, objects);
        }
        let path = account.at("/deliveries");
        let mut deliveries = all(&account.api, &path).await;
        deliveries.retain(|delivery| !but.contains(&delivery["event_type"].as_str().unwrap_or_default()));
        let every = if deliveries.len() > READ_MAX { SAMPLED } else { 1 };
        for delivery in deliveries.iter().step_by(every) {
            let id = id_of(delivery);
            self.deliveries.insert(id.clone(), account.delivery(&id).await);
        }
        self.lists.insert(path, deliveries);
    }

    /// How many objects were read.
    pub fn len(&self) -> usize {
        self.lists.values().map(Vec::len).sum::<usize>() + self.deliveries.len()
    }

    /// Panics at the first difference.
    #[track_caller]
    pub fn assert_same(&self, other: &Self) {
        for (path, objects) in &self.lists {
            let others = &other.lists[path];
            assert_eq!(objects.len(), others.len(), "{path}");
            for (object, other) in objects.iter().zip(others) {
                assert_eq!(object, other, "{path}");
            }
        }
        for (id, delivery) in &self.deliveries {
            assert_eq!(Some(delivery), other.deliveries.get(id));
        }
        assert_eq!(self, other);
    }
}

/// All objects of a list, page by page.
async fn all(api: &Api, path: &str) -> Vec<Value> {
    let mut objects = Vec::new();
    let mut query = if path.ends_with("/signing-keys") {
        String::new()
    } else {
        "?limit=250".to_owned()
    };
    loop {
        let page = api.get(format!("{path}{query}")).await.expect(200);
        objects.extend(page["data"].as_array().expect("a list has data").iter().cloned());
        let Some(cursor) = page["next_cursor"].as_str() else {
            return objects;
        };
        query = format!("?limit=250&cursor={cursor}");
    }
}
