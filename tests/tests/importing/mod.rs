//! `scripts/import/import-webhooks`: endpoints of other senders move to Postrider, and their receivers keep
//! verifying.
//!
//! Each file of `exports` holds the responses of another sender's API, in the form of its public
//! documentation, by path. The signature profiles are those of `docs/moving.md`.

mod convoy;
mod other_responses;
mod outpost;
mod rows;
mod same_uids;
mod svix;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use postrider_tests::receiver::Received;
use postrider_tests::server::ADMIN_KEY;
use postrider_tests::wait::{SOON, until};
use postrider_tests::{Account, Receiver, Reply, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The key of the other sender's API.
const TOKEN: &str = "token-of-the-other-sender";

/// A server with the profiles of the page, another sender, and the receiver of both.
struct Move {
    server: Server,
    sender: Receiver,
    receiver: Receiver,
    folder: TempDir,
}

impl Move {
    /// A move from a sender with these responses.
    async fn from(export: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("postrider.toml");
        std::fs::write(&config, profiles_of_the_page()).unwrap();
        std::fs::write(folder.path().join("token"), TOKEN).unwrap();
        let flags = [
            "--config",
            config.to_str().unwrap(),
            "--allow-destination",
            "127.0.0.0/8",
        ];
        let (server, sender, receiver) = (
            Server::start_with(&flags),
            Receiver::start().await,
            Receiver::start().await,
        );
        let moved = Self {
            server,
            sender,
            receiver,
            folder,
        };
        moved.now_responds(export);
        moved
    }

    /// From now on the sender has these responses.
    fn now_responds(&self, export: &str) {
        let export = export.replace("{receiver}", &self.receiver.url(""));
        let responses: HashMap<String, Value> = serde_json::from_str(&export).unwrap();
        for (path, response) in responses {
            let body = response.to_string();
            self.sender
                .respond_with(&path, move |request| respond(request, &body));
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the import from the sender's API, which must succeed. Returns its output.
    async fn run(&self, source: &str, arguments: &[&str]) -> String {
        let output = self.output_from(source, arguments).await;
        let errors = String::from_utf8_lossy(&output.stderr);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}{errors}");
        text
    }

    /// Runs the import from the sender's API, which must fail. Returns what it prints on standard error.
    async fn fail(&self, source: &str, arguments: &[&str]) -> String {
        let output = self.output_from(source, arguments).await;
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{errors}");
        errors
    }

    async fn output_from(&self, source: &str, arguments: &[&str]) -> Output {
        let (url, token) = (self.sender.url(""), self.file("token"));
        let from = [source, "--from", &url, "--token-file", token.to_str().unwrap()];
        self.output(&[&from, arguments].concat()).await
    }

    /// Runs the import with these arguments.
    async fn output(&self, arguments: &[&str]) -> Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/import/import-webhooks");
        let mut command = Command::new("python3");
        command
            .arg("-B")
            .arg(script)
            .args(arguments)
            .env("POSTRIDER_URL", self.server.api().url())
            .env("POSTRIDER_API_KEY", ADMIN_KEY)
            .stdin(Stdio::null());
        // The other sender responds on this runtime meanwhile.
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }

    /// What arrives at this path after an event in this account.
    async fn delivered(&self, account: &str, path: &str) -> Received {
        let account = Account {
            api: self.server.api(),
            id: account.to_owned(),
        };
        account.send("proposal.accepted", r#"{"total": 1250.0}"#).await;
        self.receiver.wait_for(path, 1, SOON).await.remove(0)
    }

    /// The secret of the key that signs for the first action of an automation.
    async fn key_of(&self, account: &str, uid: &str) -> Value {
        let automation = self.automation(account, uid).await;
        let action = automation["actions"][0]["id"].as_str().unwrap();
        let path = format!("/v1/accounts/{account}/automations/{uid}/actions/{action}/signing-keys");
        self.server.api().get(path).await.expect(200)["data"][0]["secret"].take()
    }

    /// The accounts of the server.
    async fn accounts(&self) -> Value {
        self.server.api().get("/v1/accounts").await.expect(200)["data"].take()
    }

    /// An automation of an account.
    async fn automation(&self, account: &str, uid: &str) -> Value {
        let path = format!("/v1/accounts/{account}/automations/{uid}");
        self.server.api().get(path).await.expect(200)
    }
}

fn respond(request: &Received, body: &str) -> Reply {
    if request.header("authorization") == format!("Bearer {TOKEN}") {
        Reply::status(200).with_body(body.to_owned())
    } else {
        Reply::status(401)
    }
}

/// The blocks in TOML of `docs/moving.md`, as one file of settings.
fn profiles_of_the_page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/moving.md");
    let page = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let blocks = page.split("```toml\n").skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap()).collect()
}

/// The part of a signature's header that begins so.
fn part<'a>(header: &'a str, begin: &str) -> &'a str {
    let part = header.split(',').find_map(|part| part.strip_prefix(begin));
    part.unwrap_or_else(|| panic!("no {begin} in {header}"))
}
