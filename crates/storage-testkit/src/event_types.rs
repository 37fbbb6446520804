//! Promises of [`postrider_storage::EventTypeStore`]; promises about types that appending adds to the
//! catalogue are in [`super::append`].

use std::sync::Arc;

use postrider_model::EventType;

use super::build::*;
use super::lists::all_pages;
use postrider_storage::{DeleteObject, PutIf, SaveEventType, Store};

fn entry(name: &str, s: i64) -> EventType {
    EventType {
        name: event_type(name),
        description: format!("What „{name}“ means, 'quoted' \\ \u{1f4ee}"),
        example: Some(format!("{{ \"at\" : {s}.0 }}")),
        schema: Some(r#"{"type" :"object", "type":"object"}"#.to_owned()),
        visible: s % 2 == 0,
        created_at: at(s),
        updated_at: at(s),
    }
}

async fn read(store: &dyn Store, name: &str) -> Option<EventType> {
    store.event_type(&event_type(name)).await.expect("event_type")
}

pub async fn an_entry_reads_back_as_it_was_put(store: Arc<dyn Store>) {
    let longest = "x".repeat(128);
    for (s, name) in (0..).zip(["proposal.accepted", "Proposal.Accepted", "-", &longest]) {
        let put = store.put_event_type(entry(name, s), PutIf::Any, audit()).await;
        assert_eq!(put, Ok(SaveEventType::Created(entry(name, s))));
        assert_eq!(read(&*store, name).await, Some(entry(name, s)));
    }
    assert_eq!(read(&*store, "proposal").await, None);
}

pub async fn putting_an_entry_again_replaces_all_but_its_beginning(store: Arc<dyn Store>) {
    let first = store.put_event_type(entry("a", 1), PutIf::Any, audit()).await;
    assert_eq!(first, Ok(SaveEventType::Created(entry("a", 1))));
    let change = EventType {
        description: String::new(),
        example: None,
        schema: None,
        visible: true,
        ..entry("a", 2)
    };
    let expected = EventType {
        created_at: at(1),
        ..change.clone()
    };
    let put = store.put_event_type(change, PutIf::Any, audit()).await;
    assert_eq!(put, Ok(SaveEventType::Replaced(expected.clone())));
    assert_eq!(read(&*store, "a").await, Some(expected));
}

pub async fn a_deleted_entry_is_gone_and_may_return(store: Arc<dyn Store>) {
    store
        .put_event_type(entry("a", 1), PutIf::Any, audit())
        .await
        .expect("put_event_type");
    store
        .put_event_type(entry("b", 1), PutIf::Any, audit())
        .await
        .expect("put_event_type");
    assert_eq!(
        store.delete_event_type(&event_type("a"), None, audit()).await,
        Ok(DeleteObject::Deleted)
    );
    assert_eq!(read(&*store, "a").await, None);
    assert_eq!(
        store.delete_event_type(&event_type("a"), None, audit()).await,
        Ok(DeleteObject::Missing)
    );
    assert_eq!(read(&*store, "b").await, Some(entry("b", 1)));
    let put = store.put_event_type(entry("a", 5), PutIf::Any, audit()).await;
    assert_eq!(put, Ok(SaveEventType::Created(entry("a", 5))));
}

pub async fn entries_are_listed_newest_first_and_by_name_within_a_moment(store: Arc<dyn Store>) {
    let names = ["m", "b", "z.a", "z-a", "A", "a", "k", "zz", "0", "_"];
    for (n, name) in names.into_iter().enumerate() {
        let s = i64::try_from(n / 4).expect("few");
        store
            .put_event_type(entry(name, s), PutIf::Any, audit())
            .await
            .expect("put_event_type");
    }
    // A later update does not move an entry.
    store
        .put_event_type(entry("m", 99), PutIf::Any, audit())
        .await
        .expect("put_event_type");
    let mut expected: Vec<_> = names.into_iter().enumerate().collect();
    expected.sort_by_key(|(n, name)| (std::cmp::Reverse(n / 4), *name));
    let expected: Vec<_> = expected.into_iter().map(|(_, name)| event_type(name)).collect();
    for limit in [1, 2, 3, 7, 250] {
        let all = all_pages(limit, |page| store.event_types(page)).await;
        let listed: Vec<_> = all.into_iter().map(|entry| entry.name).collect();
        assert_eq!(listed, expected, "limit {limit}");
    }
}

pub async fn entries_that_arrive_or_go_do_not_disturb_the_next_page(store: Arc<dyn Store>) {
    for (s, name) in (0..).zip(["a", "b", "c", "d", "e", "f"]) {
        store
            .put_event_type(entry(name, s), PutIf::Any, audit())
            .await
            .expect("put_event_type");
    }
    let request = postrider_storage::PageRequest {
        limit: 3,
        after: None,
    };
    let first = store.event_types(request).await.expect("event_types");
    let names = |entries: &[EventType]| {
        let names: Vec<_> = entries.iter().map(|entry| entry.name.to_string()).collect();
        names.join(" ")
    };
    assert_eq!(names(&first.items), "f e d");
    store
        .put_event_type(entry("g", 9), PutIf::Any, audit())
        .await
        .expect("put_event_type");
    assert_eq!(
        store.delete_event_type(&event_type("d"), None, audit()).await,
        Ok(DeleteObject::Deleted)
    );
    let request = postrider_storage::PageRequest {
        limit: 3,
        after: first.next,
    };
    let second = store.event_types(request).await.expect("event_types");
    assert_eq!(names(&second.items), "c b a");
}
