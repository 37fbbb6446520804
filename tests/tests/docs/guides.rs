//! The guides for operators, and addresses as people type them.

use std::fs;

use postrider_tests::{Server, binary};

#[tokio::test]
async fn every_page_about_operating_is_a_guide_and_its_links_lead_to_guides() {
    let server = Server::start();
    let api = server.api().with_key(None);
    let index = api.get("/docs").await.text();
    assert!(index.contains(">Operate the server</h2>"), "{index}");
    let mut pages = vec!["operating".to_owned()];
    for file in fs::read_dir(binary::root().join("docs/operating")).unwrap() {
        let file = file.unwrap().file_name().into_string().unwrap();
        pages.push(format!("operating-{}", file.strip_suffix(".md").unwrap()));
    }
    assert!(pages.len() > 15, "{pages:?}");
    for page in pages {
        let address = format!("/docs/guides/{page}");
        assert!(index.contains(&format!("<a href=\"{address}\">")), "{page}");
        let text = api.get(&address).await.text();
        assert!(text.contains("<summary>Operate the server</summary>"), "{page}");
        for link in text.split(" href=\"/").skip(1) {
            let link = format!("/{}", link.split('"').next().unwrap());
            assert!(!link.contains(".md"), "{page}: {link}");
        }
    }
    let overview = api.get("/docs/guides/operating").await.text();
    assert!(
        overview.contains("href=\"/docs/guides/operating-proxies#limits-of-connections\""),
        "{overview}"
    );
}

#[tokio::test]
async fn the_runbook_of_every_alert_is_a_section_of_a_guide() {
    let server = Server::start();
    let api = server.api().with_key(None);
    let rules = fs::read_to_string(binary::root().join("packaging/monitoring/alerts.yml")).unwrap();
    let addresses = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("runbook_url: "));
    let addresses: Vec<&str> = addresses.collect();
    assert!(addresses.len() > 20, "{}", addresses.len());
    for address in addresses {
        let path = address.strip_prefix("https://webhooks.example.com").unwrap();
        let (path, anchor) = path.split_once('#').unwrap();
        let page = api.get(path).await.text();
        assert!(page.contains(&format!("<h2 id=\"{anchor}\">")), "{address}");
    }
}

#[tokio::test]
async fn an_address_with_a_slash_at_its_end_leads_to_the_page() {
    let server = Server::start();
    let api = server.api().with_key(None);
    for (path, target) in [
        ("/docs/", "/docs"),
        ("/docs/api/", "/docs/api"),
        ("/docs/api/create_event/", "/docs/api/create_event"),
        ("/docs/guides/operating-faq//", "/docs/guides/operating-faq"),
        ("/docs/search/?q=retry", "/docs/search?q=retry"),
        ("/docs//example.com/", "/docs//example.com"),
    ] {
        let response = api.get(path).await;
        assert_eq!(response.status, 308, "{path}");
        assert_eq!(response.headers["location"], target, "{path}");
    }
    for path in [
        "/docs/nothing",
        "/docs//example.com",
        "/docs/guides",
        "/docs/api/create_event/more",
    ] {
        assert_eq!(api.get(path).await.status, 404, "{path}");
    }
    let server = Server::start_with(&["--docs=false"]);
    assert_eq!(server.api().with_key(None).get("/docs/").await.status, 404);
    let server = Server::start_with(&["--public-url", "https://example.com/webhooks"]);
    let response = server.api().with_key(None).get("/webhooks/docs/api/").await;
    assert_eq!(response.headers["location"], "/webhooks/docs/api");
}
