//! The start of a journey: a server, a receiver, an account, and somebody at a browser.

use postrider_tests::browser::{button, label};
use postrider_tests::server::{ADMIN_KEY, LOOPBACK_ALLOWED};
use postrider_tests::{Account, Browser, Receiver, Server};
use serde_json::json;

/// A server with an account, and a browser in which the operator's staff is signed in.
pub struct Desk {
    pub browser: Browser,
    pub account: Account,
    pub receiver: Receiver,
    pub server: Server,
}

/// The flags of a desk's server: short retry delays, so that a journey sees retries.
const FLAGS: [&str; 2] = ["--retry-delays", "1,2"];

impl Desk {
    /// A desk with the usual browser.
    pub async fn open() -> Self {
        Self::open_with(&[], Browser::start().await).await
    }

    /// A desk with a browser that runs no scripts.
    pub async fn open_without_javascript() -> Self {
        Self::open_with(&[], Browser::start_without_javascript().await).await
    }

    /// A desk with additional flags for the server.
    pub async fn open_with(flags: &[&str], browser: Browser) -> Self {
        let flags = [&LOOPBACK_ALLOWED[..], &FLAGS, flags].concat();
        let server = Server::start_with(&flags);
        let account = Account::create(server.api()).await;
        let desk = Self {
            browser,
            account,
            receiver: Receiver::start().await,
            server,
        };
        desk.describe_event_types().await;
        desk.browser.open(&desk.url("/sign-in")).await;
        desk.browser.type_into(label("API key"), ADMIN_KEY).await;
        desk.browser.click(button("Sign in")).await;
        desk.browser.wait_until_hidden(label("API key")).await;
        desk
    }

    /// A URL of the console.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.api().url())
    }

    /// A path in the account.
    pub fn path(&self, rest: &str) -> String {
        format!("/accounts/{}{rest}", self.account.id)
    }

    /// Opens a page of the account.
    pub async fn go(&self, rest: &str) {
        self.browser.open(&self.url(&self.path(rest))).await;
    }

    /// The id of the newest object in a list of the account.
    pub async fn last_id(&self, list: &str) -> String {
        let items = self
            .account
            .api
            .get(self.account.at(&format!("/{list}")))
            .await
            .expect(200);
        items["data"][0]["id"].as_str().unwrap().to_owned()
    }

    /// A portal link to the account, created through the API.
    pub async fn customer_link(&self, options: serde_json::Value) -> String {
        let link = self.account.at("/portal-links");
        let response = self.account.api.post(link, options).await.expect(201);
        response["url"].as_str().unwrap().to_owned()
    }

    /// The cookie and the form token of a browser that shows a page of the console.
    pub async fn credentials(&self, browser: &Browser) -> (String, String) {
        let csrf = browser
            .evaluate("document.querySelector('.sign-out [name=csrf]').value")
            .await;
        let cookies = browser.cookies().await;
        let session = cookies
            .iter()
            .find(|cookie| cookie["name"] == "postrider_session");
        let session = session.unwrap()["value"].as_str().unwrap();
        (
            format!("postrider_session={session}"),
            csrf.as_str().unwrap().to_owned(),
        )
    }

    async fn describe_event_types(&self) {
        let types = [
            ("proposal.accepted", "A customer accepted a proposal"),
            ("proposal.sent", "A proposal went out to a customer"),
            ("invoice.paid", "A customer paid an invoice"),
        ];
        for (name, description) in types {
            let example = json!({ "proposal_id": "p_1001", "customer": "Zoë Müller", "total": 8400 });
            let entry = json!({ "description": description, "example": example });
            self.account
                .api
                .put(format!("/v1/event-types/{name}"), entry)
                .await
                .expect(201);
        }
    }
}
