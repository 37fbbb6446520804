//! The examples of the API's document: a story that calls every operation, recorded.
//!
//! The clock stands at a time of the story, keys come from a counter, and ids get aliases, so that each run
//! records the same. `UPDATE_GENERATED=1` writes `examples.json`; the document includes it when it is
//! compiled, so run the tests of this crate with that variable twice.

mod aliases;
mod steps;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use postrider_model::{Clock, Timestamp};
use serde_json::{Map, Value, json};

use self::aliases::Aliases;
use crate::app::App;
use crate::conforms;

/// 2026-01-31T09:30:00Z, in Unix milliseconds.
const BEGINNING_MS: i64 = 1_769_851_800_000;

/// The id that the producer of the story gives its first event.
const EVENT: &str = "evt_01kg9p75z0f35s6d5dq2x9w3hm";

/// How long an attempt of the story takes, in milliseconds.
const DURATION_MS: u64 = 42;

/// The request id and the cursor of the story, which depend on what else the process does.
const REQUEST_ID: &str = "019bbef3b0007007800000000000beef";
const CURSOR: &str = "cur_AAAAAAAAAAAAAAAAAAAAKl3dOYv5";

/// A clock that moves when it is told to. Durations are real.
struct StoryClock {
    now_ms: AtomicI64,
    started: Instant,
}

impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.now_ms.load(Ordering::Relaxed))
    }

    fn wall(&self) -> Timestamp {
        self.now()
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

/// The story so far.
struct Story {
    app: App,
    clock: Arc<StoryClock>,
    /// By operation: `path`, `request`, and `responses` by status.
    told: Map<String, Value>,
    aliases: Aliases,
}

impl Story {
    async fn begin() -> Self {
        let clock = Arc::new(StoryClock {
            now_ms: AtomicI64::new(BEGINNING_MS),
            started: Instant::now(),
        });
        Self {
            app: App::at_time_of(Arc::clone(&clock) as Arc<dyn Clock>).await,
            clock,
            told: Map::new(),
            aliases: Aliases::default(),
        }
    }

    /// Calls an operation, which must respond with this status, and records the first request and the first
    /// response of each status. A second later, the story continues.
    async fn call(&mut self, method: Method, path: &str, body: Option<Value>, status: u16) -> Value {
        let text = body.as_ref().map(Value::to_string);
        let host = [("host", "webhooks.example.com")];
        let response = self.app.call(method.clone(), path, text.as_deref(), &host).await;
        let shown = response.expect(status);
        self.clock.now_ms.fetch_add(1_000, Ordering::Relaxed);
        let bare = path.split('?').next().unwrap();
        let (_, operation) = conforms::operation(method.as_str(), bare).unwrap();
        let id = operation["operationId"].as_str().unwrap().to_owned();
        let bare = self.aliases.put(bare.into());
        let example = self.aliases.put(still(shown.clone()));
        let told = self.told.entry(id).or_insert_with(|| json!({"path": bare}));
        if let Some(body) = body
            && told.get("request").is_none()
        {
            told["request"] = body;
        }
        if !shown.is_null() && told["responses"].get(status.to_string()).is_none() {
            told["responses"][status.to_string()] = example;
        }
        shown
    }

    async fn get(&mut self, path: &str) -> Value {
        self.call(Method::GET, path, None, 200).await
    }

    async fn post(&mut self, path: &str, body: Value, status: u16) -> Value {
        self.call(Method::POST, path, Some(body), status).await
    }

    async fn delete(&mut self, path: &str) {
        self.call(Method::DELETE, path, None, 204).await;
    }

    /// Calls an operation that responds with text, and records it.
    async fn get_text(&mut self, path: &str) {
        let response = self.app.get(path).await;
        assert_eq!(response.status, 200);
        let text = String::from_utf8(response.bytes.to_vec()).unwrap();
        let bare = path.split('?').next().unwrap();
        let (_, operation) = conforms::operation("GET", bare).unwrap();
        let id = operation["operationId"].as_str().unwrap().to_owned();
        let bare = self.aliases.put(bare.into());
        let example = self.aliases.put(text.into());
        self.say(&id, &example);
        self.told[&id]["path"] = bare;
    }

    /// Records what has no JSON, or too much of it.
    fn say(&mut self, operation: &str, response: &Value) {
        self.told
            .insert(operation.to_owned(), json!({"responses": {"200": response}}));
    }
}

/// The response without real durations, request ids and cursors.
fn still(mut response: Value) -> Value {
    match &mut response {
        Value::Object(members) => {
            for (name, member) in members {
                *member = match name.as_str() {
                    "duration_ms" => DURATION_MS.into(),
                    "request_id" => REQUEST_ID.into(),
                    "next_cursor" if member.is_string() => CURSOR.into(),
                    _ => still(member.take()),
                };
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = still(item.take())),
        _ => {}
    }
    response
}

#[tokio::test]
async fn the_committed_examples_are_what_the_api_says() {
    let mut story = Story::begin().await;
    steps::tell(&mut story).await;
    story.told.sort_keys();
    let text = serde_json::to_string_pretty(&story.told).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples.json");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    for (line, (committed, told)) in committed.lines().zip(text.lines()).enumerate() {
        assert_eq!(
            committed,
            told,
            "examples.json is stale at line {}: run the tests with UPDATE_GENERATED=1",
            line + 1
        );
    }
    assert_eq!(committed.len(), text.len(), "examples.json is stale");
}

#[test]
fn every_request_and_response_has_an_example_that_its_schema_allows() {
    for (path, item) in conforms::document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let what = format!("{method} {path}");
            let request = operation.get("requestBody");
            let responses = operation["responses"].as_object().unwrap();
            for part in request.into_iter().chain(responses.values()) {
                for content in part["content"].as_object().into_iter().flat_map(Map::values) {
                    check_examples(content, &what);
                }
            }
        }
    }
}

fn check_examples(content: &Value, what: &str) {
    let examples = content["examples"].as_object().into_iter().flat_map(Map::values);
    let examples = examples.map(|it| {
        let name = it["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
        &conforms::document()["components"]["examples"][name]["value"]
    });
    let examples: Vec<&Value> = content.get("example").into_iter().chain(examples).collect();
    assert!(!examples.is_empty(), "{what}: no example in {content}");
    for example in examples {
        conforms::check_value(&content["schema"], example, what);
    }
}
