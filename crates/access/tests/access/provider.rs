//! An identity provider in memory, which a test lets lie.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use postrider_access::people::{
    Answer, FailedSignIn, FromProvider, ProviderTransport, RoleRules, SignInFault, SignedIn, ToProvider,
    Unanswered,
};
use postrider_access::{People, PeopleParts, PeopleSettings};
use postrider_model::By;
use postrider_storage::sealing::known_sealer;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Map, Value, json};
use url::{Url, form_urlencoded};

use crate::support::Node;

pub const ISSUER: &str = "https://id.example";
pub const CLIENT: &str = "postrider";
pub const REDIRECT: &str = "https://webhooks.example/sign-in/oidc/callback";

/// The provider. Everything it says can be changed.
pub struct Provider {
    key: Mutex<(EcdsaKeyPair, String)>,
    pub says: Mutex<Says>,
}

/// What the provider says.
pub struct Says {
    /// Why it does not answer; `None` if it does.
    pub down: Option<&'static str>,
    /// Whether its keys alone cannot be fetched.
    pub keys_down: bool,
    /// How long it takes to answer.
    pub takes: Duration,
    /// Its metadata.
    pub metadata: Value,
    /// The header of ID tokens, in addition to `alg` and `kid`.
    pub header: Value,
    /// The claims of ID tokens, in addition to those of the sign-in; null removes one.
    pub claims: Value,
    /// The user info, if it has any.
    pub user_info: Option<Value>,
    /// What it answers to a code instead of tokens.
    pub refusal: Option<(u16, Value)>,
    /// The requests so far, by path; those with a form have it behind a space.
    pub requests: Vec<String>,
    /// The authorizations of these.
    pub authorizations: Vec<Option<String>>,
    nonce: String,
    now_s: i64,
}

impl Provider {
    pub fn new(node: &Node) -> Arc<Self> {
        let metadata = json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://id.example/authorize?tenant=1",
            "token_endpoint": "https://id.example/token",
            "jwks_uri": "https://id.example/keys",
        });
        Arc::new(Self {
            key: Mutex::new((fresh_key(), "k1".to_owned())),
            says: Mutex::new(Says {
                down: None,
                keys_down: false,
                takes: Duration::ZERO,
                metadata,
                header: json!({}),
                claims: json!({"sub": "u1", "name": "Zoë Müller", "email": "zoe@example.com",
                    "email_verified": true, "groups": ["ops"]}),
                user_info: None,
                refusal: None,
                requests: Vec::new(),
                authorizations: Vec::new(),
                nonce: String::new(),
                now_s: node.now().unix_s(),
            }),
        })
    }

    /// Replaces the only key.
    pub fn rotate(&self, id: &str) {
        *self.key.lock() = (fresh_key(), id.to_owned());
    }

    /// Changes what it says.
    pub fn say(&self, change: impl FnOnce(&mut Says)) {
        change(&mut self.says.lock());
    }

    /// Adds these claims to all ID tokens, or replaces them.
    pub fn claim(&self, claims: Value) {
        self.say(|says| says.claims.as_object_mut().unwrap().extend(object(claims)));
    }

    /// How often this path was requested.
    pub fn count(&self, path: &str) -> usize {
        let says = self.says.lock();
        says.requests
            .iter()
            .filter(|request| request.starts_with(path))
            .count()
    }

    fn id_token(&self, says: &Says) -> String {
        let (key, id) = &*self.key.lock();
        let mut header = object(json!({"alg": "ES256", "kid": id}));
        header.extend(object(says.header.clone()));
        let mut claims = object(json!({
            "iss": ISSUER, "aud": CLIENT, "nonce": says.nonce, "iat": says.now_s, "exp": says.now_s + 300,
        }));
        claims.extend(object(says.claims.clone()));
        let part = |object: Map<String, Value>| URL_SAFE_NO_PAD.encode(Value::from(object).to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn keys(&self) -> Value {
        let (key, id) = &*self.key.lock();
        let point = key.public_key().as_ref();
        let (x, y) = (
            URL_SAFE_NO_PAD.encode(&point[1..33]),
            URL_SAFE_NO_PAD.encode(&point[33..]),
        );
        json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "x": x, "y": y}]})
    }
}

#[async_trait]
impl ProviderTransport for Provider {
    async fn send(&self, request: ToProvider) -> Result<FromProvider, Unanswered> {
        let takes = self.says.lock().takes;
        tokio::time::sleep(takes).await;
        let mut says = self.says.lock();
        let url = Url::parse(&request.url).unwrap();
        let form = request.form.map(|form| format!(" {form}")).unwrap_or_default();
        says.requests.push(format!("{}{form}", url.path()));
        says.authorizations.push(request.authorization);
        if let Some(why) = says.down {
            return Err(Unanswered(why.to_owned()));
        }
        let (status, body) = match url.path() {
            "/.well-known/openid-configuration" => (200, says.metadata.clone()),
            "/keys" if says.keys_down => (503, json!({})),
            "/keys" => (200, self.keys()),
            "/token" => says.refusal.clone().unwrap_or_else(|| {
                let token = self.id_token(&says);
                (
                    200,
                    json!({"id_token": token, "access_token": "at", "token_type": "Bearer"}),
                )
            }),
            "/userinfo" => match &says.user_info {
                Some(info) => (200, info.clone()),
                None => (401, json!({})),
            },
            _ => (404, json!({})),
        };
        let body = body.to_string().into_bytes();
        assert!(body.len() <= request.bytes_max);
        Ok(FromProvider { status, body })
    }
}

/// The people of this provider, at a node.
pub fn people(node: &Node, provider: &Arc<Provider>) -> People {
    people_with(node, provider, |_| {})
}

/// The people of this provider, with other settings.
pub fn people_with(
    node: &Node,
    provider: &Arc<Provider>,
    change: impl FnOnce(&mut PeopleSettings),
) -> People {
    let values = |value: &str| vec![value.to_owned()];
    let mut settings = PeopleSettings {
        issuer: ISSUER.parse().unwrap(),
        client_id: CLIENT.to_owned(),
        client_secret: None,
        scopes: "openid profile email".to_owned(),
        rules: RoleRules {
            role_claim: "groups".parse().unwrap(),
            admin: values("ops"),
            support: values("help"),
            viewer: values("staff"),
            group_claim: "groups".parse().unwrap(),
            required_groups: Vec::new(),
        },
        signs_out_there: true,
        label: "Single sign-on".to_owned(),
    };
    change(&mut settings);
    let parts = PeopleParts {
        access: Arc::clone(&node.access),
        transport: Arc::clone(provider) as _,
        sealer: known_sealer(),
        clock: Arc::clone(&node.clock),
        entropy: node.entropy.clone(),
    };
    People::new(settings, parts)
}

/// A browser that has been sent to the provider and back.
pub struct Returned {
    pub cookie: String,
    pub state: String,
}

/// Begins a sign-in, and lets the provider answer it.
pub async fn returned(people: &People, provider: &Provider) -> Returned {
    let begun = people.begin(REDIRECT, "/accounts", false).await.unwrap();
    let url = Url::parse(&begun.url).unwrap();
    let parameter = |name: &str| parameter_of(url.query().unwrap_or_default(), name).unwrap();
    provider.say(|says| says.nonce = parameter("nonce"));
    Returned {
        cookie: begun.cookie,
        state: parameter("state"),
    }
}

/// Signs in.
pub async fn signed_in(people: &People, provider: &Provider) -> Result<SignedIn, SignInFault> {
    let returned = returned(people, provider).await;
    finish(people, &returned, |_| {})
        .await
        .map_err(|failed| failed.fault)
}

/// Finishes a sign-in with a code, or with something else.
pub async fn finish<'a>(
    people: &People,
    returned: &'a Returned,
    change: impl FnOnce(&mut Answer<'a>),
) -> Result<SignedIn, FailedSignIn> {
    let mut answer = Answer {
        state: Some(&returned.state),
        code: Some("c1"),
        ..Answer::default()
    };
    change(&mut answer);
    let returned = people.returned(Some(&returned.cookie), answer)?;
    people.finish(&By::NODE, returned).await
}

/// A parameter of a query or a form.
pub fn parameter_of(text: &str, name: &str) -> Option<String> {
    let found = form_urlencoded::parse(text.as_bytes()).find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned())
}

fn fresh_key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("{other}"),
    }
}
