use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use postrider_egress::{Request, Response};
use postrider_model::{ClientAuthentication, OAuth2, Secret, Timestamp};
use tokio::time::{Instant, sleep};

use super::*;

/// A clock that follows the runtime's virtual time.
struct Virtual(Instant);

impl Clock for Virtual {
    fn wall(&self) -> Timestamp {
        Timestamp::from_unix_ms(0)
    }

    fn now(&self) -> Timestamp {
        self.wall()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A token endpoint that takes a second, and issues `token-1`, `token-2` and so on for 100 s each.
#[derive(Default)]
struct Endpoint {
    asked: AtomicUsize,
    is_down: bool,
}

impl Transport for Endpoint {
    async fn send(&self, _: &Request) -> Response {
        let number = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        sleep(SECOND).await;
        let body = format!(r#"{{"access_token":"token-{number}","token_type":"Bearer","expires_in":100}}"#);
        Response {
            outcome: Outcome::Succeeded,
            status_code: Some(if self.is_down { 503 } else { 200 }),
            error: None,
            headers: Vec::new(),
            body: Bytes::from(body),
            truncated: false,
            retry_after: None,
            waited: Duration::ZERO,
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);

fn client(version: i64) -> OAuth2Client {
    OAuth2Client {
        connection: ConnectionId::from_u128(1),
        version,
        oauth2: OAuth2 {
            token_url: "https://id.example/token".to_owned(),
            client_id: "me & you".to_owned(),
            client_secret: Secret::new("s:e+c%r=t"),
            scope: Some("a b".to_owned()),
            audience: None,
            client_authentication: ClientAuthentication::Basic,
        },
    }
}

fn asking(endpoint: &Endpoint, timeout: Duration) -> Asking<'_, Endpoint> {
    Asking {
        transport: endpoint,
        user_agent: "Postrider/1",
        tenant: 1,
        timeout,
        may_leave: &|| true,
    }
}

struct Scene {
    tokens: Tokens,
    endpoint: Endpoint,
}

impl Scene {
    fn new(is_down: bool) -> Self {
        Self {
            tokens: Tokens::new(Arc::new(Virtual(Instant::now()))),
            endpoint: Endpoint {
                is_down,
                ..Endpoint::default()
            },
        }
    }

    async fn get(&self, version: i64, refused: Option<&Token>) -> Result<Got, TokenFailure> {
        let asking = asking(&self.endpoint, 5 * SECOND);
        let got = self.tokens.get(&client(version), refused, &asking).await;
        got.unwrap().0
    }

    async fn token(&self) -> Token {
        self.get(1, None).await.unwrap().token
    }

    fn asked(&self) -> usize {
        self.endpoint.asked.load(Ordering::Relaxed)
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_that_wait_for_the_same_token_share_one_request() {
    let scene = Scene::new(false);
    let all = (0..20).map(|_| scene.get(1, None));
    let mut tokens = Vec::new();
    for got in futures_of(all).await {
        tokens.push(got.unwrap().token.expose().to_owned());
    }
    assert_eq!(tokens, vec!["token-1"; 20]);
    assert_eq!(scene.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_kept_until_shortly_before_its_end() {
    let scene = Scene::new(false);
    assert_eq!(scene.token().await.expose(), "token-1");
    sleep(89 * SECOND).await;
    assert_eq!(scene.token().await.expose(), "token-1");
    sleep(2 * SECOND).await;
    assert_eq!(scene.token().await.expose(), "token-2");
}

#[tokio::test(start_paused = true)]
async fn an_edited_connection_does_not_use_the_token_of_before() {
    let scene = Scene::new(false);
    assert_eq!(scene.token().await.expose(), "token-1");
    let edited = scene.get(2, None).await.unwrap();
    assert!(edited.is_new);
    assert_eq!(edited.token.expose(), "token-2");
}

#[tokio::test(start_paused = true)]
async fn a_failure_counts_for_a_second_and_for_all_who_waited() {
    let scene = Scene::new(true);
    let all = (0..20).map(|_| scene.get(1, None));
    for got in futures_of(all).await {
        assert_eq!(got.unwrap_err().error, "the token endpoint responded HTTP 503");
    }
    assert_eq!(scene.asked(), 1);
    sleep(SECOND).await;
    assert!(scene.get(1, None).await.is_err());
    assert_eq!(scene.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_at_most_once_in_ten_seconds() {
    let scene = Scene::new(false);
    let first = scene.token().await;
    let second = scene.get(1, Some(&first)).await.unwrap();
    assert!(second.is_new);
    let late = scene.get(1, Some(&first)).await.unwrap();
    assert!(!late.is_new, "another attempt has renewed it already");
    assert_eq!(late.token, second.token);
    assert!(scene.get(1, Some(&second.token)).await.is_err());
    assert_eq!(scene.asked(), 2);
    assert_eq!(scene.token().await, second.token, "it is still used");
    sleep(RENEWED_EVERY).await;
    let third = scene.get(1, Some(&second.token)).await.unwrap();
    assert_eq!(third.token.expose(), "token-3");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_waits_for_the_request_of_another_within_its_own_timeout() {
    let scene = Scene::new(false);
    let hasty = async {
        let asking = asking(&scene.endpoint, SECOND / 2);
        scene.tokens.get(&client(1), None, &asking).await.unwrap().0
    };
    let (first, hasty) = tokio::join!(scene.get(1, None), hasty);
    assert!(first.is_ok());
    assert_eq!(hasty.unwrap_err().outcome, Outcome::Timeout);
}

#[test]
fn a_request_is_the_one_of_the_specification() {
    let endpoint = Endpoint::default();
    let asking = asking(&endpoint, SECOND);
    let header = |request: &Request, name: &str| {
        let found = request.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.clone())
    };
    let basic = request(&client(1), &asking, SECOND);
    assert_eq!(basic.body, "grant_type=client_credentials&scope=a%20b");
    assert_eq!(
        header(&basic, "Content-Type").unwrap(),
        "application/x-www-form-urlencoded"
    );
    // `me%20%26%20you:s%3Ae%2Bc%25r%3Dt`
    assert_eq!(
        header(&basic, "Authorization").unwrap(),
        "Basic bWUlMjAlMjYlMjB5b3U6cyUzQWUlMkJjJTI1ciUzRHQ="
    );
    let mut in_body = client(1);
    in_body.oauth2.client_authentication = ClientAuthentication::Body;
    in_body.oauth2.audience = Some("https://api.example/".to_owned());
    let in_body = request(&in_body, &asking, SECOND);
    assert_eq!(
        in_body.body,
        "grant_type=client_credentials&scope=a%20b&audience=https%3A%2F%2Fapi.example%2F\
         &client_id=me%20%26%20you&client_secret=s%3Ae%2Bc%25r%3Dt"
    );
    assert_eq!(header(&in_body, "Authorization"), None);
}

/// Runs the futures at the same time.
async fn futures_of<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut pending: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, output) in &mut pending {
            if output.is_none()
                && let std::task::Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *output = Some(ready);
            }
        }
        match pending.iter().all(|(_, output)| output.is_some()) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    pending.into_iter().filter_map(|(_, output)| output).collect()
}
