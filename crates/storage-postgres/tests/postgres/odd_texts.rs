//! Texts that contain U+0000, which PostgreSQL's `text` cannot.

use crate::support::TestDatabase;
use postrider_model::EventType;
use postrider_storage::{AccountRef, AccountStore, EventTypeStore, PutIf, SaveEventType};
use postrider_storage_postgres::PostgresStore;
use postrider_storage_testkit::build::{at, audit, event_type};
use tokio_postgres::Client;

async fn open() -> (PostgresStore, Client) {
    let database = TestDatabase::create().await;
    let store = database.open().await;
    (store.expect("an open store"), database.client().await)
}

#[tokio::test]
async fn a_description_reads_back_whatever_is_in_it() {
    let (store, _client) = open().await;
    let entry = EventType {
        name: event_type("odd"),
        description: "before\0after".to_owned(),
        example: None,
        schema: None,
        visible: true,
        created_at: at(0),
        updated_at: at(0),
    };
    let put = store.put_event_type(entry.clone(), PutIf::Any, audit()).await;
    assert_eq!(put, Ok(SaveEventType::Created(entry.clone())));
    assert_eq!(store.event_type(&entry.name).await, Ok(Some(entry)));
}

#[tokio::test]
async fn no_account_has_a_uid_that_could_not_be_kept() {
    let (store, _client) = open().await;
    let uid = AccountRef::Uid("te\0nant".to_owned());
    assert_eq!(store.account(&uid).await, Ok(None));
}
