//! Connections: deliveries authenticate at their receivers, and nothing shows the credentials.

mod command_line;
mod hostile;
mod hosts;
mod installation;
mod kinds;
mod mutual_tls;
mod nginx;
mod oauth2;

use postrider_tests::Account;
use postrider_tests::account::id_of;
use serde_json::Value;

/// The id of a new connection.
async fn create(account: &Account, body: &Value) -> String {
    let created = account.api.post(account.at("/connections"), body.clone()).await;
    id_of(&created.expect(201))
}
