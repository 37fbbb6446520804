//! The search of `/docs`: the texts of the guides and of the operations, not only their titles.

use postrider_tests::{Api, Server};

/// A query, and the address of a page or section that is among its results.
const QUERIES: [(&str, &str); 20] = [
    ("retry", "/docs/guides/receiving#respond"),
    ("retried", "/docs/guides/receiving#respond"),
    ("Retry-After", "/docs/guides/receiving#respond"),
    ("delay", "/docs/guides/sending#limit-the-rate-of-an-action"),
    ("schedule", "/docs/guides/email#what-happens-if-it-fails"),
    ("CORS", "/docs/guides/access#"),
    ("pagination", "/docs/errors/invalid_cursor"),
    ("next_cursor", "/docs/guides/sending#api-conventions"),
    ("curl", "/docs/guides/api#run-the-examples"),
    (
        "signature mismatch",
        "/docs/guides/receiving#debug-a-signature-that-does-not-match",
    ),
    ("hmac python", "/docs/guides/receiving#the-plain-hmac"),
    ("backup", "/docs/guides/operating-backup-and-restore"),
    ("FAQ", "/docs/guides/operating-faq"),
    (
        "others can read the master key file",
        "/docs/guides/operating-faq#others-can-read-the-master-key-file",
    ),
    (
        "PostriderDiskFull",
        "/docs/guides/operating-alerts#postriderdiskfull",
    ),
    ("create_event", "/docs/api/create_event"),
    ("report an event", "/docs/api/create_event"),
    ("retry_delays_s", "/docs/api/create_account"),
    ("event_conflict", "/docs/errors/event_conflict"),
    (
        "how do I verify a signature?",
        "/docs/guides/receiving#verify-the-signature",
    ),
];

fn address_of(query: &str) -> String {
    let encoded = query.bytes().map(|byte| format!("%{byte:02x}"));
    format!("/docs/search?q={}", encoded.collect::<String>())
}

async fn results(api: &Api, query: &str) -> (String, Vec<String>) {
    let page = api.get(address_of(query)).await;
    assert_eq!(page.status, 200, "{query}");
    let page = page.text();
    let (_, results) = page.split_once("<div id=\"results\">").unwrap();
    let (results, _) = results.split_once("</main>").unwrap();
    let links = results.split("<li><a href=\"").skip(1);
    let links = links.map(|link| link.split('"').next().unwrap().to_owned());
    (results.to_owned(), links.collect())
}

#[tokio::test]
async fn a_search_finds_what_the_guides_and_the_operations_say_and_leads_to_the_section() {
    let server = Server::start();
    let api = server.api().with_key(None);
    for (query, address) in QUERIES {
        let (page, links) = results(&api, query).await;
        assert!(
            links.iter().any(|link| link.starts_with(address)),
            "{query}: {links:#?}"
        );
        assert!(links.len() <= 20, "{query}: {}", links.len());
        assert!(page.contains("<mark>") || query == "FAQ", "{query}: {page}");
        for link in links {
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = api.get(path).await;
            assert_eq!(target.status, 200, "{query}: {link}");
            let has_anchor = anchor.is_empty() || target.text().contains(&format!("id=\"{anchor}\""));
            assert!(has_anchor, "{query}: {link}");
        }
    }
}

#[tokio::test]
async fn the_best_results_come_first() {
    let server = Server::start();
    let api = server.api().with_key(None);
    for (query, first) in [
        ("create_event", "/docs/api/create_event"),
        (
            "signature mismatch",
            "/docs/guides/receiving#debug-a-signature-that-does-not-match",
        ),
        ("backup", "/docs/guides/operating-backup-and-restore"),
        ("templates", "/docs/guides/templates"),
        ("event_conflict", "/docs/errors/event_conflict"),
    ] {
        let (_, links) = results(&api, query).await;
        assert_eq!(links[0], first, "{query}: {links:#?}");
    }
}

/// The guides hold markup in their examples, and strangers choose the words.
#[tokio::test]
async fn neither_words_nor_excerpts_become_markup() {
    let server = Server::start();
    let api = server.api().with_key(None);
    for query in [
        "\"><img src=x onerror=alert(1)>",
        "<script>alert(1)</script>",
        "csrf meta",
        "</mark><b>",
    ] {
        let page = api.get(address_of(query)).await.text();
        for part in ["<img", "<script>", "<b>", "onerror=alert(1)>\""] {
            assert!(!page.contains(part), "{query}: {part}: {page}");
        }
    }
    for query in ["php", "string"] {
        let (page, _) = results(&api, query).await;
        assert!(page.contains("&#60;"), "{query}: {page}");
        let known = [
            "a ", "/a>", "li>", "/li>", "ul ", "/ul>", "span ", "/span>", "mark>", "/mark>", "/div>",
        ];
        for tag in page.split('<').skip(1) {
            assert!(
                known.iter().any(|known| tag.starts_with(known)),
                "{query}: <{tag}"
            );
        }
    }
}

#[tokio::test]
async fn a_search_that_finds_nothing_or_not_all_says_what_helps() {
    let server = Server::start();
    let api = server.api().with_key(None);
    let (page, links) = results(&api, "xyzzy").await;
    assert!(
        links.is_empty() && page.contains("No page has this word."),
        "{page}"
    );
    assert!(!page.contains("fewer"), "{page}");
    let (page, links) = results(&api, "xyzzy plugh").await;
    assert!(links.is_empty() && page.contains("any of these words"), "{page}");
    let (page, links) = results(&api, "backup xyzzy").await;
    assert!(
        !links.is_empty() && page.contains("No page has all of these words."),
        "{page}"
    );
    let (page, _) = results(&api, " ").await;
    assert!(page.contains("Type a word"), "{page}");
    let (_, links) = results(&api, &"event ".repeat(1_000)).await;
    assert_eq!(links.len(), 20);
}
