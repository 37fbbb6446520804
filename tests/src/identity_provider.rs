//! The identity providers of `tests/identity_provider/`, as child processes: a real one (`oidc-provider`),
//! and one that lies.
//!
//! `./test` installs the package into `node_modules` beside them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::client::Api;
use crate::foreign::port_in;
use crate::log::Log;
use crate::server::Server;

/// How long Node may take to start on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// The id of the servers under test at the provider.
const CLIENT_ID: &str = "postrider";

/// Their secret there.
pub const CLIENT_SECRET: &str = "the-secret-of-the-client-in-the-tests";

/// A provider. Dropping it ends the process.
#[derive(Debug)]
pub struct IdentityProvider {
    script: &'static str,
    child: Option<Child>,
    port: u16,
    log: Log,
    secret: NamedTempFile,
    /// How long access tokens for client credentials live.
    token_lifetime_s: u32,
}

impl IdentityProvider {
    /// A provider with the people `ada` (staff, platform), `sam` (staff, helpdesk), `vera` (staff, sales),
    /// `nick` (staff) and `olga` (platform).
    pub fn start() -> Self {
        Self::start_script("server.mjs", 600)
    }

    /// The same provider, whose access tokens for client credentials live for this long.
    pub fn start_with_tokens_for(token_lifetime_s: u32) -> Self {
        Self::start_script("server.mjs", token_lifetime_s)
    }

    /// A provider that signs everybody in as `u1` of the group `platform`, and lies as told.
    pub fn start_lying() -> Self {
        Self::start_script("lying.mjs", 600)
    }

    fn start_script(script: &'static str, token_lifetime_s: u32) -> Self {
        let secret = NamedTempFile::new().expect("a file can be created");
        std::fs::write(secret.path(), CLIENT_SECRET).expect("a file can be written");
        let mut provider = Self {
            script,
            child: None,
            port: 0,
            log: Log::default(),
            secret,
            token_lifetime_s,
        };
        provider.start_again();
        provider
    }

    /// Starts it again at its address, with other keys and without sessions.
    pub fn start_again(&mut self) {
        assert!(self.child.is_none(), "the provider runs already");
        let from = self.log.len();
        let mut command = Command::new("node");
        let mut child = command
            .arg(folder().join(self.script))
            .env("PORT", self.port.to_string())
            .env("CLIENT_SECRET", CLIENT_SECRET)
            .env("TOKEN_LIFETIME_S", self.token_lifetime_s.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; ./test installs what is missing"));
        self.log.follow(child.stdout.take().expect("it was piped"));
        self.log.follow(child.stderr.take().expect("it was piped"));
        self.child = Some(child);
        let Some(port) = self.log.find(from, START_TIMEOUT, port_in) else {
            self.log.print("output of a provider that did not start");
            panic!("the provider does not start; ./test installs what is missing");
        };
        self.port = port;
    }

    /// Ends the process.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// The issuer.
    pub fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The flags of a server whose staff sign in here: `platform` administers, `helpdesk` supports, `sales`
    /// views.
    pub fn flags(&self) -> Vec<String> {
        let secret = self.secret.path().display().to_string();
        let flags = [
            ("--oidc-issuer", self.issuer().as_str()),
            ("--oidc-client-id", CLIENT_ID),
            ("--oidc-client-secret-file", &secret),
            ("--oidc-scopes", "openid profile email groups"),
            ("--oidc-admin", "platform"),
            ("--oidc-support", "helpdesk"),
            ("--oidc-viewer", "sales"),
            ("--oidc-name", "Acme sign-on"),
        ]
        .map(|(flag, value)| [flag.to_owned(), value.to_owned()]);
        flags.concat()
    }

    /// Makes a server known as the client.
    pub async fn register(&self, server: &Server) {
        let url = server.api().url();
        let client = json!({
            "redirect_uris": [format!("{url}/sign-in/oidc/callback")],
            "post_logout_redirect_uris": [format!("{url}/sign-in")],
        });
        self.api().post("/reg", client).await.expect(201);
    }

    /// Makes a client known that gets access tokens for its own credentials, which it sends in the
    /// `Authorization` header (`basic`) or in the body (`body`).
    pub async fn register_client(&self, client_authentication: &str) {
        let method = match client_authentication {
            "body" => "client_secret_post",
            _ => "client_secret_basic",
        };
        let client = json!({
            "grant_types": ["client_credentials"], "response_types": [], "redirect_uris": [],
            "token_endpoint_auth_method": method, "scope": "hooks:write",
        });
        self.api().post("/reg", client).await.expect(201);
    }

    /// What the provider knows of an access token (RFC 7662).
    pub async fn introspect(&self, token: &str, client_authentication: &str) -> Value {
        let said = self.ask_about("/token/introspection", token, client_authentication);
        serde_json::from_str(&said.await).expect("an introspection is JSON")
    }

    /// Revokes an access token (RFC 7009).
    pub async fn revoke(&self, token: &str, client_authentication: &str) {
        self.ask_about("/token/revocation", token, client_authentication)
            .await;
    }

    async fn ask_about(&self, path: &str, token: &str, client_authentication: &str) -> String {
        let url = format!("{}{path}", self.issuer());
        let mut request = reqwest::Client::new()
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded");
        let mut body = format!("token={token}");
        if client_authentication == "body" {
            body += &format!("&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}");
        } else {
            request = request.basic_auth(CLIENT_ID, Some(CLIENT_SECRET));
        }
        let response = request.body(body).send().await.expect("the provider responds");
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.expect("the response is complete")
    }

    /// A new server whose staff sign in here, with further flags.
    pub async fn server(&self, further: &[&str]) -> Server {
        let flags = self.flags();
        let flags: Vec<&str> = flags
            .iter()
            .map(String::as_str)
            .chain(further.iter().copied())
            .collect();
        let server = Server::start_with(&flags);
        if self.script == "server.mjs" {
            self.register(&server).await;
        }
        server
    }

    /// Tells a lying provider what to say next.
    pub async fn say(&self, says: Value) {
        self.api().post("/says", says).await.expect(200);
    }

    /// How often a lying provider was asked for this path.
    pub async fn asked(&self, path: &str) -> u64 {
        let asked = self.api().get("/asked").await.expect(200);
        asked[path].as_u64().unwrap_or(0)
    }

    /// Calls the provider.
    pub fn api(&self) -> Api {
        Api::new(SocketAddr::from(([127, 0, 0, 1], self.port)), None)
    }
}

impl Drop for IdentityProvider {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            self.log.print("output of the identity provider");
        }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("identity_provider")
}
