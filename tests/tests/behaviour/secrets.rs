//! Secrets at rest: what the files hold, which master key they need, and its rotation.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use postrider_tests::server::MASTER_KEY_FILE;
use postrider_tests::{Account, Receiver, Reply, Server, command, wait};
use serde_json::{Value, json};

const VALUE: &str = "Bearer a-credential-of-the-receiver";

/// The query of a URL with a secret.
const QUERY: &str = "v=1&token=a-token'in-the-url";

/// The path with the query, as it arrives.
fn echo() -> String {
    format!("/echo?{}", QUERY.replace('\'', "%27"))
}

/// A server whose master key is in its data folder.
fn server() -> Server {
    let mut server = Server::stopped().without_master_key();
    server.start_again();
    server
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

/// Whether a file of the folder holds this text.
fn holds(folder: &Path, text: &str) -> bool {
    let files = std::fs::read_dir(folder).unwrap();
    files
        .map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
}

/// Text that the server shows of the delivery of an event with these headers, whose receiver sends the whole
/// request back.
async fn echoed(account: &Account, receiver: &Receiver) -> String {
    receiver.respond_with(&echo(), |request| {
        let credential = request.header("authorization").to_owned();
        let body = format!("{:?} {credential} {}", request.headers, request.path);
        Reply::status(500)
            .with_header("x-echo", &credential)
            .with_body(body)
    });
    let action = json!({
        "url": receiver.url(&format!("/echo?{QUERY}")), "secret_query": true, "headers": {"Authorization": VALUE, "X-Team": "sales"}, "plain_headers": ["X-Team"],
    });
    let created = account.automation(action).await;
    let path = account.at(&format!("/automations/{}", created["id"].as_str().unwrap()));
    account
        .api
        .patch(path, json!({"retry_delays_s": []}))
        .await
        .expect(200);
    let event = account.send("a", "1").await;
    let delivery = account.wait_for_delivery(&event, "failed").await;
    format!("{created} {delivery}")
}

#[tokio::test]
async fn no_file_and_no_response_holds_a_secret_in_the_clear() {
    let mut server = server();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    let secret = account.secret().await;
    let shown = echoed(&account, &receiver).await;
    assert_eq!(receiver.received(&echo())[0].header("authorization"), VALUE);
    assert!(receiver.received(&echo())[0].path.ends_with("%27in-the-url"));
    assert!(
        !shown.contains("a-credential") && !shown.contains("a-token") && shown.contains("/echo?••••"),
        "{shown}"
    );
    assert!(shown.contains("sales"), "{shown}");

    let rotated = account
        .api
        .post(account.at("/signing-keys/rotate"), json!({}))
        .await
        .expect(201);
    let backup = server.data_dir().join("backup.db");
    let folder = server.data_dir().to_str().unwrap();
    let said = command::run(&["backup", backup.to_str().unwrap(), "--data-dir", folder]);
    let status = server.api().get("/v1/master-key").await.expect(200);
    let key = status["key_id"].as_str().unwrap();
    assert!(
        said.success().contains(key) && said.out.contains("master.key"),
        "{said:?}"
    );
    assert_eq!(mode(&backup), 0o600);
    let secrets = [
        &secret,
        rotated["secret"].as_str().unwrap(),
        "a-credential",
        "a-token",
    ];
    for hidden in secrets {
        assert!(!holds(server.data_dir(), hidden), "{hidden}");
    }
    account.api.delete(account.at("")).await.expect(204);
    server.stop();
    for hidden in secrets {
        assert!(
            !holds(server.data_dir(), hidden),
            "{hidden}, after the account was deleted"
        );
    }
}

#[tokio::test]
async fn what_others_could_read_is_closed_at_a_start() {
    let mut server = server();
    server.stop();
    let folder = server.data_dir().to_owned();
    std::fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    for name in ["postrider.db", "postrider.lock"] {
        std::fs::set_permissions(folder.join(name), Permissions::from_mode(0o644)).unwrap();
    }
    server.start_again();
    assert_eq!(mode(&folder), 0o700);
    for file in std::fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    assert!(
        server
            .log()
            .lines()
            .iter()
            .any(|line| line.contains("could read it"))
    );

    server.stop();
    std::fs::set_permissions(folder.join(MASTER_KEY_FILE), Permissions::from_mode(0o640)).unwrap();
    let (status, said) = server.start_that_fails(&[]);
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(said.contains("chmod 600 '"), "{said}");
}

#[tokio::test]
async fn a_database_does_not_start_without_its_master_key() {
    let mut server = server();
    let account = Account::create(server.api()).await;
    let secret = account.secret().await;
    server.stop();
    let file = server.data_dir().join(MASTER_KEY_FILE);
    let kept = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let (status, said) = server.start_that_fails(&[]);
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(said.contains("put the file back"), "{said}");
    assert!(!file.exists(), "no other key is created");

    let other = command::run(&["keys", "master", "new"]);
    write_private(&file, other.success());
    let (status, said) = server.start_that_fails(&[]);
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("needs master key"), "{said}");

    // The other key seals from now on, and the former one opens.
    write_private(&file, &format!("{}\n{kept}", other.out));
    server.start_again();
    assert_eq!(account.through(server.api()).secret().await, secret);
    sealed_again(&server).await;
}

fn write_private(file: &Path, text: &str) {
    std::fs::write(file, text).unwrap();
    std::fs::set_permissions(file, Permissions::from_mode(0o600)).unwrap();
}

/// Waits until no secret is left that an older key sealed.
async fn sealed_again(server: &Server) -> Value {
    wait::until("all secrets sealed again", Duration::from_secs(60), async || {
        let status = server.api().get("/v1/master-key").await.expect(200);
        (status["remaining"] == 0).then_some(status)
    })
    .await
}

#[tokio::test]
async fn a_rotation_that_kills_interrupt_ends_with_one_key_that_opens_everything() {
    let mut server = server();
    let mut secrets = Vec::new();
    // More than two steps seal again.
    for _ in 0..450 {
        let account = Account::create(server.api()).await;
        secrets.push((account.secret().await, account));
    }
    let before = server.api().get("/v1/master-key").await.expect(200);
    let rotated = server
        .api()
        .post("/v1/master-key/rotate", json!({}))
        .await
        .expect(202);
    server.kill();
    assert_ne!(rotated["key_id"], before["key_id"]);
    assert_eq!(rotated["older_key_ids"], json!([before["key_id"]]));
    server.start_again();
    server.kill();
    server.start_again();
    let after = sealed_again(&server).await;
    assert_eq!(
        (&after["key_id"], &after["sealed"]),
        (&rotated["key_id"], &before["sealed"])
    );

    let shown = command::run_against(&server, &["keys", "master", "rotate", "--wait"]);
    let last = shown.success().to_owned();
    assert!(
        !last.contains(rotated["key_id"].as_str().unwrap()) || last.contains("Older keys"),
        "{last}"
    );
    server.stop();
    let file = server.data_dir().join(MASTER_KEY_FILE);
    let keys = std::fs::read_to_string(&file).unwrap();
    assert_eq!(keys.lines().count(), 3, "two rotations");
    write_private(&file, keys.lines().next().unwrap());
    server.start_again();
    for (secret, account) in &secrets {
        assert_eq!(&account.through(server.api()).secret().await, secret);
    }
}

#[tokio::test]
async fn a_key_that_does_not_come_from_a_file_is_not_rotated() {
    let mut server = Server::stopped();
    let command = format!("cat '{}'", server.data_dir().join(MASTER_KEY_FILE).display());
    server.start_again_with(&["--master-key-command", &command]);
    let refused = server.api().post("/v1/master-key/rotate", json!({})).await;
    refused.problem(409, "master_key_elsewhere");
    let said = command::run_against(&server, &["keys", "master", "rotate"]);
    assert!(
        said.code == 1 && said.err.contains("master_key_command"),
        "{said:?}"
    );
}

#[tokio::test]
async fn a_rotation_that_would_exceed_the_number_of_keys_is_refused_and_changes_nothing() {
    let server = server();
    for _ in 1..100 {
        let rotated = server.api().post("/v1/master-key/rotate", json!({})).await;
        rotated.expect(202);
    }
    let file = server.data_dir().join(MASTER_KEY_FILE);
    let kept = std::fs::read_to_string(&file).unwrap();
    assert_eq!(kept.lines().count(), 100);
    let refused = server.api().post("/v1/master-key/rotate", json!({})).await;
    refused.problem(409, "too_many_master_keys");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), kept);
    let path = "/v1/audit?action=master_key.rotated&limit=250";
    let noted = server.api().get(path).await.expect(200);
    assert_eq!(noted["data"].as_array().unwrap().len(), 99);
}
