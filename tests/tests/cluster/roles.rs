//! The roles of `docs/operating/postgresql.md`, created with the statements of that page.

use std::path::Path;

use postrider_tests::command::run;
use postrider_tests::server::LOOPBACK_ALLOWED;
use postrider_tests::{Account, Postgres, Receiver, Server};

/// The name of the page's database.
const DATABASE: &str = "postrider";

/// The page's blocks in SQL: of one role, and of two, the second one in the database.
fn blocks() -> [Vec<String>; 3] {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operating/postgresql.md");
    let page = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let blocks = page.split("```sql\n").skip(1);
    let blocks: Vec<_> = blocks
        .map(|rest| statements(rest.split("```").next().unwrap()))
        .collect();
    blocks.try_into().expect("the page has three blocks")
}

fn statements(block: &str) -> Vec<String> {
    let statements = block.split(';').map(str::trim);
    let statements = statements.filter(|statement| !statement.is_empty());
    statements.map(str::to_owned).collect()
}

/// The statements of the page that revoke what serving does not need.
fn revocations() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operating/postgresql.md");
    let page = std::fs::read_to_string(path).unwrap();
    let quoted = page.split("-c 'REVOKE").skip(1);
    quoted
        .map(|rest| format!("REVOKE{}", rest.split('\'').next().unwrap()))
        .collect()
}

/// The URL of the page's database for a role.
fn url(postgres: &Postgres, role: &str) -> String {
    let address = postgres.address();
    format!("postgres://{role}@{address}/{DATABASE}")
}

/// Accepts and delivers events, changes a key, and deletes an account.
async fn works(server: &Server) {
    let receiver = Receiver::start().await;
    let account = Account::create(server.api()).await;
    let action = serde_json::json!({"url": receiver.url("/hooks"), "signing_key": "own_hmac"});
    account.automation(action).await;
    let event = account.send("proposal.accepted", "1").await;
    account.wait_for_delivery(&event, "succeeded").await;
    let rotate = account.at("/signing-keys/rotate");
    account.api.post(rotate, serde_json::json!({})).await.expect(201);
    let replay = serde_json::json!({"status": "succeeded"});
    account
        .api
        .post(account.at("/deliveries/replay"), replay)
        .await
        .expect(202);
    assert_eq!(account.api.delete(account.at("")).await.status, 204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_serves_with_the_documented_role_that_owns_the_tables() {
    let postgres = Postgres::start();
    // The servers of tests have a superuser of this name.
    let [one, _, _] = blocks();
    for statement in one {
        let renamed = statement.replace("ROLE postrider ", "ROLE hooks ");
        postgres.sql(&renamed.replace("OWNER postrider ", "OWNER hooks "));
    }
    let mut server = Server::stopped_on_database(url(&postgres, "hooks"));
    server.start_again_with(&LOOPBACK_ALLOWED);
    works(&server).await;
    let log = server.log().lines().join("\n");
    assert!(log.contains("partitions of a day were made"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_serves_with_a_documented_role_that_cannot_change_tables() {
    let postgres = Postgres::start();
    let [_, roles, defaults] = blocks();
    for statement in roles {
        postgres.sql(&statement);
    }
    let owner = url(&postgres, "postrider_owner");
    for statement in defaults {
        postgres.sql_at(&owner, &statement);
    }
    let migrated = run(&["migrate", "--database-url", &owner]);
    assert!(migrated.success().contains("from schema 0"), "{migrated:?}");
    let revocations = revocations();
    assert_eq!(revocations.len(), 2);
    for statement in revocations {
        postgres.sql_at(&owner, &statement);
    }
    let mut server = Server::stopped_on_database(url(&postgres, "postrider_app"));
    server.start_again_with(&LOOPBACK_ALLOWED);
    works(&server).await;
    let log = server.log().lines().join("\n");
    assert!(log.contains("no partitions were made"), "{log}");
    assert!(!log.contains("ERROR"), "{log}");
}
