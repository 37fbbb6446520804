//! The pages of the documentation.

use axum::response::Response;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use postrider_docs::{DocsParts, FaultKind, ProblemKind};
use serde_json::json;

use crate::app::{App, text};

/// Documentation of an API with one operation.
pub fn docs() -> DocsParts {
    let example = json!({"id": "1", "name": "<b>a</b>"});
    let content = |media_type: &str, content| json!({media_type: content});
    let problem = json!({"schema": {}, "examples": {"thing_not_found": {}}});
    let document = json!({
        "info": {"description": "All *times* are UTC."},
        "tags": [{"name": "Things", "description": "What `there` is."}],
        "paths": {"/v1/things/{id}": {"get": {
            "operationId": "get_thing", "summary": "Read a thing", "tags": ["Things"], "x-permission": "read",
            "parameters": [{"name": "id", "in": "path", "required": true, "example": "1", "schema": {"type": "string"}}],
            "responses": {
                "200": {"description": "The thing.", "content": content("application/json", json!({
                    "example": example, "schema": {"$ref": "#/components/schemas/Thing"},
                }))},
                "404": {"description": "", "content": content("application/problem+json", problem)},
            },
        }}},
        "components": {"schemas": {"Thing": {"type": "object", "required": ["id"], "properties": {
            "id": {"type": "string", "description": "Its <i>id</i>.", "maxLength": 20},
            "inner": {"$ref": "#/components/schemas/Thing"},
        }}}},
    });
    DocsParts {
        document: document.to_string().into(),
        problems: vec![ProblemKind {
            code: "thing_not_found",
            status: 404,
            title: "The thing does not exist",
            when: "No thing has this `id`.",
            advice: "Correct it.",
            example: json!({"code": "thing_not_found"}).to_string(),
        }],
        faults: vec![FaultKind {
            code: "blank",
            meaning: "Empty.",
        }],
    }
}

const PAGES: [&str; 9] = [
    "/docs",
    "/docs/search?q=thing",
    "/docs/openapi.json",
    "/docs/api",
    "/docs/api/things",
    "/docs/api/get_thing",
    "/docs/errors",
    "/docs/errors/thing_not_found",
    "/docs/guides/sending",
];

async fn get(app: &App, path: &str, headers: &[(&str, &str)]) -> Response {
    app.send(Method::GET, path, None, headers, "").await
}

#[tokio::test]
async fn strangers_read_every_page_and_browsers_keep_it() {
    let app = App::start().await;
    for path in PAGES {
        let response = get(&app, path, &[]).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()["cache-control"], "no-cache", "{path}");
        assert!(response.headers().get("set-cookie").is_none(), "{path}");
        let tag = response.headers()["etag"].to_str().unwrap().to_owned();
        let again = get(&app, path, &[("if-none-match", &format!("\"other\", W/{tag}"))]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
        assert_eq!(again.headers()["etag"], tag.as_str(), "{path}");
        assert_eq!(text(again).await, "", "{path}");
    }
    for path in [
        "/docs/api/nothing",
        "/docs/errors/nothing",
        "/docs/guides/security",
        "/docs/guides/..%2f",
    ] {
        assert_eq!(
            get(&app, path, &[]).await.status(),
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

#[tokio::test]
async fn responses_with_the_document_share_its_bytes() {
    let app = App::start().await;
    let mut places = Vec::new();
    let mut under_way = Vec::new();
    for _ in 0..2 {
        let mut body = get(&app, "/docs/openapi.json", &[]).await.into_body();
        let frame = body.frame().await.unwrap().unwrap();
        places.push(frame.data_ref().unwrap().as_ptr());
        under_way.push(frame);
    }
    assert_eq!(places[0], places[1]);
}

#[tokio::test]
async fn a_page_is_the_same_for_everybody_but_for_the_theme() {
    let app = App::start().await;
    let operator = app.operator().await;
    for path in PAGES {
        let theirs = text(app.get(path, Some(&operator.cookie)).await).await;
        assert_eq!(text(get(&app, path, &[]).await).await, theirs, "{path}");
        for things in &app.accounts {
            assert!(!theirs.contains(&things.account.to_string()), "{path}");
        }
    }
    let dark = text(app.get("/docs", Some("postrider_theme=dark")).await).await;
    assert!(dark.contains("data-theme=\"dark\""));
}

#[tokio::test]
async fn an_operation_has_members_examples_and_its_problems() {
    let app = App::start().await;
    let page = text(get(&app, "/docs/api/get_thing", &[]).await).await;
    for part in [
        "curl -sS --fail-with-body &#34;$POSTRIDER_URL/v1/things/1&#34;",
        "${process.env.POSTRIDER_URL}/v1/things/1",
        "urllib.request",
        "Its &lt;i&gt;id&lt;/i&gt;.",
        "at most 20 characters",
        "&#60;b&#62;a&#60;/b&#62;",
        "href=\"/docs/errors/thing_not_found\"",
        "permission <code>read</code>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("<i>") && !page.contains(" style=") && !page.contains("<script>"));
}

#[tokio::test]
async fn a_search_finds_operations_problems_and_headings_and_escapes_its_words() {
    let app = App::start().await;
    for (query, address) in [
        ("read+thing", "/docs/api/get_thing"),
        ("not+found", "/docs/errors/thing_not_found"),
        ("verify", "/docs/guides/receiving"),
    ] {
        let page = text(get(&app, &format!("/docs/search?q={query}"), &[]).await).await;
        assert!(page.contains(&format!("<a href=\"{address}")), "{query}: {page}");
    }
    let page = text(get(&app, "/docs/search?q=%3Cscript%3Exyzzy%22", &[]).await).await;
    assert!(page.contains("These have the most of them"), "{page}");
    assert!(page.contains("value=\"&#60;script&#62;xyzzy&#34;\""), "{page}");
    assert!(!page.contains("<script>"), "{page}");
}

#[tokio::test]
async fn below_a_path_every_link_begins_with_it() {
    let app = App::start_at(Some("http://localhost:8080/webhooks")).await;
    for path in PAGES {
        let page = text(get(&app, path, &[]).await).await;
        for attribute in [" href=\"/", " src=\"/", " action=\"/"] {
            for (at, _) in page.match_indices(attribute) {
                assert!(
                    page[at + attribute.len()..].starts_with("webhooks/"),
                    "{path}: {}",
                    &page[at..at + 60]
                );
            }
        }
    }
}
