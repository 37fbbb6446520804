//! The committed descriptions.

use std::path::PathBuf;
use std::time::Duration;

use postrider_tests::server::ADMIN_KEY;
use postrider_tests::{Receiver, Server};

use super::sender::preview::preview;
use super::sender::template::Values;
use super::sender::{Description, Pointer, Request};
use super::{payload, values};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../benches/compare");

/// Events that the test of Postrider's description posts.
const EVENTS: u32 = 50;

fn committed() -> Vec<(PathBuf, Description)> {
    let mut found: Vec<_> = std::fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| {
            let description = Description::parse(&std::fs::read_to_string(&path).unwrap());
            let description = description.unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
            (path, description)
        })
        .collect();
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

fn committed_of(name: &str) -> Description {
    let mut found = committed().into_iter().map(|(_, description)| description);
    found.find(|description| description.name == name).unwrap()
}

#[test]
fn there_is_a_description_of_postrider_and_of_four_others() {
    let names: Vec<String> = committed().into_iter().map(|(_, one)| one.name).collect();
    assert_eq!(names, ["Convoy", "Hook0", "Outpost", "Postrider", "Svix"]);
}

#[test]
fn every_description_resolves_and_its_preview_shows_no_secret() {
    for (path, description) in committed() {
        let file = path.display();
        let secret = |_: &str| Some("a-secret".to_owned());
        let shown = preview(&description, &secret, values(), &payload());
        let shown = shown.unwrap_or_else(|fault| panic!("{file}: {fault}"));
        assert!(!shown.contains("a-secret"), "{file}: {shown}");
        assert!(shown.contains("http://127.0.0.1:9000/ok"), "{file}: {shown}");
        assert!(shown.contains("00000000"), "{file}: {shown}");
        assert!(!shown.contains('\u{1}'), "{file}: {shown:?}");
        let plain = |_: &str| Some("127.0.0.1:7000".to_owned());
        let description = description.with_environment(&plain).unwrap();
        assert_eq!(description.authority().unwrap(), "127.0.0.1:7000", "{file}");
    }
}

#[test]
fn every_description_starts_with_what_it_was_written_for_and_says_how_to_start_the_sender() {
    for (path, description) in committed() {
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().map_while(|line| line.strip_prefix('#')).collect();
        let comment = lines.concat();
        assert!(comment.contains("Durability"), "{}", path.display());
        assert!(
            comment.contains("cargo bench --bench compare"),
            "{}",
            path.display()
        );
        if description.name != "Postrider" {
            assert!(comment.contains("not run here"), "{}", path.display());
        }
    }
}

#[tokio::test]
async fn postrider_works_as_its_description_says() {
    let server = Server::start();
    let receiver = Receiver::start().await;
    let lookup = |name: &str| match name {
        "POSTRIDER_ADDRESS" => Some(server.address().to_string()),
        "POSTRIDER_ADMIN_KEY" => Some(ADMIN_KEY.to_owned()),
        _ => None,
    };
    let description = committed_of("Postrider").with_environment(&lookup).unwrap();
    let mut values = values();
    values.insert("sink".to_owned(), receiver.url("/ok"));
    let http = reqwest::Client::new();
    for step in 0..description.setup.len() {
        let request = description.setup_request(step, &values).unwrap();
        let (status, body) = send(&http, &description, &request).await;
        assert!(description.setup[step].call().accepts(status), "{status}: {body}");
        description.capture(step, body.as_bytes(), &mut values).unwrap();
    }
    let event = description.event_request(&values, &payload()).unwrap();
    for number in 0..EVENTS {
        let (status, body) = send(&http, &description, &event.numbered(number)).await;
        assert!(description.event.call().accepts(status), "{status}: {body}");
    }
    let received = receiver
        .wait_for("/ok", EVENTS as usize, Duration::from_secs(20))
        .await;
    let pointer = Pointer::parse(&description.number).unwrap();
    let mut numbers: Vec<u32> = received
        .iter()
        .map(|request| pointer.number(&request.body).unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..EVENTS).collect::<Vec<_>>());
}

async fn send(http: &reqwest::Client, description: &Description, request: &Request) -> (u16, String) {
    let method = request.method.parse().unwrap();
    let url = format!("http://{}{}", description.authority().unwrap(), request.path);
    let mut call = http.request(method, url).body(request.body.clone());
    for (name, value) in &request.headers {
        call = call.header(name, value);
    }
    let response = call.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[test]
fn values_are_captured_in_the_order_of_the_set_up() {
    let svix = committed_of("Svix")
        .with_environment(&|_| Some("x".to_owned()))
        .unwrap();
    let mut values: Values = values();
    svix.capture(0, br#"{"id":"app_1","name":"Benchmark"}"#, &mut values)
        .unwrap();
    let endpoint = svix.setup_request(1, &values).unwrap();
    assert_eq!(endpoint.path, "/api/v1/app/app_1/endpoint/");
    assert_eq!(
        endpoint.body,
        r#"{"url":"http://127.0.0.1:9000/ok","description":"Benchmark"}"#
    );
}

#[test]
fn the_example_of_the_readme_is_a_description_of_ten_lines() {
    let readme = std::fs::read_to_string(format!("{FOLDER}/README.md")).unwrap();
    let (_, example) = readme.split_once("```toml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    assert_eq!(example.lines().count(), 10);
    let description = Description::parse(example).unwrap();
    let shown = preview(&description, &|_: &str| None, values(), &payload()).unwrap();
    assert!(shown.contains("at http://127.0.0.1:8000\n"), "{shown}");
    assert!(shown.contains("EXAMPLE_KEY IS NOT SET"), "{shown}");
    assert!(shown.contains("POST /apps/{app}/events"), "{shown}");
}
