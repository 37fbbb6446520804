use super::*;

fn entry(kind: Kind, address: &str, title: (&str, &str), names: &str, text: &str) -> Entry {
    Entry {
        kind,
        address: address.to_owned(),
        title: title.0.to_owned(),
        note: title.1.to_owned(),
        is_part: address.contains('#'),
        names: names.to_owned(),
        text: text.to_owned(),
    }
}

fn index() -> Index {
    let mut index = Index::default();
    let create = ("Report an event", "POST /v1/accounts/{account}/events");
    index.add(entry(
        Kind::Operation,
        "/a",
        create,
        "create_event",
        "Retries use its id.",
    ));
    let list = ("List events", "GET /v1/accounts/{account}/events");
    index.add(entry(Kind::Operation, "/b", list, "list_events", "next_cursor"));
    let conflict = ("event_conflict", "409: The id was used for another event");
    index.add(entry(Kind::Problem, "/c", conflict, "", ""));
    let schedule = "A failed delivery is retried after a delay.";
    index.add(entry(
        Kind::Guide,
        "/d",
        ("Sending", "Limits"),
        "",
        "From the first.",
    ));
    index.add(entry(
        Kind::Guide,
        "/d#later",
        ("What comes later", "Sending"),
        "",
        schedule,
    ));
    index.add(entry(
        Kind::Guide,
        "/d#retries",
        ("Retries", "Sending"),
        "",
        "How often.",
    ));
    index.finish();
    index
}

fn found(query: &str) -> Vec<String> {
    let index = index();
    let found = index.search(query);
    let addresses = found.results.iter().map(|hit| hit.entry.address.clone());
    addresses.collect()
}

#[test]
fn every_word_must_occur_and_titles_count_more() {
    assert_eq!(found("event conflict"), ["/c"]);
    assert_eq!(found("create_event"), ["/a"]);
    assert_eq!(found("LIST"), ["/b"]);
    assert_eq!(found("409"), ["/c"]);
    assert_eq!(found("event"), ["/a", "/b", "/c"]);
    assert_eq!(found("next_cursor"), ["/b"]);
    assert_eq!(found("nowhere"), Vec::<String>::new());
}

#[test]
fn a_heading_counts_more_than_a_text_and_endings_and_beginnings_are_found() {
    for query in ["retry", "retried", "retr", "Retries"] {
        assert_eq!(found(query), ["/d#retries", "/d#later", "/a"], "{query}");
    }
    assert_eq!(found("retry delays"), ["/d#later"]);
}

#[test]
fn where_nothing_has_all_words_those_with_the_most_are_found() {
    let index = index();
    let found = index.search("retry delay nowhere");
    assert!(!found.has_all && found.words == 3, "{found:?}");
    assert_eq!(found.results[0].entry.address, "/d#later");
    assert_eq!(found.results.len(), 1);
    assert!(index.search("retry delay").has_all);
}

#[test]
fn a_query_and_its_results_are_bounded_and_an_empty_one_finds_nothing() {
    assert_eq!(found(" "), Vec::<String>::new());
    assert_eq!(found("<>&\"'"), Vec::<String>::new());
    assert_eq!(found(&"event ".repeat(10_000)).len(), 3);
    let mut index = Index::default();
    for page in 0..100 {
        for part in 0..10 {
            let address = format!("/{page}#{part}");
            index.add(entry(Kind::Guide, &address, ("One", ""), "", "text"));
        }
    }
    index.finish();
    let results = index.search("text").results;
    assert_eq!(results.len(), RESULTS_MAX);
    let of_first = results.iter().filter(|hit| hit.entry.page() == "/0").count();
    assert_eq!(of_first, RESULTS_OF_PAGE_MAX);
}
