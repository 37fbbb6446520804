//! The page that verifies a pasted request.

use futures_util::future::{Either, select};
use http::StatusCode;
use postrider_model::{Does, EventId, KeyMaterial};
use postrider_signing::profile::{BuiltIn, LiveKeys, Message, ProfileSigners};
use postrider_signing::{SigningSecret, postrider_scheme, standard_webhooks};

use crate::app::{App, Session, text};

const PATH: &str = "/accounts/{account}/signing-key/verify";

const BODY: &str = "{\"id\":\"evt_1\",\"type\":\"a.b\",\"timestamp\":\"2026-01-31T09:30:00.000Z\",\"data\":{\"url\":\"https://x/\"}}";

fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn sign(secret: &str, body: &str) -> String {
    let secret: SigningSecret = secret.parse().unwrap();
    postrider_scheme::sign(&secret, body.as_bytes())
}

/// The page after a form with these fields. A browser sends line breaks as CR LF.
async fn verified(
    app: &App,
    session: &Session,
    headers: &str,
    body: &str,
    more: &str,
) -> (StatusCode, String) {
    let [headers, body] = [headers, body].map(|text| escaped(&text.replace('\n', "\r\n")));
    let form = format!("csrf={}&headers={headers}&body={body}{more}", session.csrf);
    let response = app.post(&app.path(PATH, 0), Some(&session.cookie), &form).await;
    (response.status(), text(response).await)
}

/// Asserts that the page shows none of the account's secrets.
fn assert_no_secret(app: &App, page: &str) {
    let things = &app.accounts[0];
    for secret in [&things.secret, &things.action_secret] {
        assert!(!page.contains(secret.trim_start_matches("whsec_")), "{page}");
    }
}

#[tokio::test]
async fn a_reader_learns_which_key_signed_a_request_and_sees_no_key() {
    let app = App::start().await;
    let reader = app.customer(true).await;
    let before = app.state().await;
    let own = &app.accounts[0];
    let leads = text(
        app.get(
            &app.path("/accounts/{account}/signing-key", 0),
            Some(&reader.cookie),
        )
        .await,
    )
    .await;
    assert!(
        leads.contains(&app.path(PATH, 0)),
        "the page of the key leads here"
    );

    let headers = format!(
        "POST /hooks HTTP/1.1\nPostrider-Signature: {}",
        sign(&own.secret, BODY)
    );
    let (status, page) = verified(&app, &reader, &headers, BODY, "").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("The request is authentic") && page.contains("the current key of the account"));
    assert_no_secret(&app, &page);

    let of_action = format!("Postrider-Signature: {}", sign(&own.action_secret, BODY));
    let (_, page) = verified(&app, &reader, &of_action, BODY, "").await;
    assert!(page.contains("the current key of the action to"), "{page}");
    let (_, page) = verified(&app, &reader, &of_action, BODY, "&key=account").await;
    assert!(page.contains("No signature matches"), "{page}");
    assert_no_secret(&app, &page);

    let of_other = format!("Postrider-Signature: {}", sign(&app.accounts[1].secret, BODY));
    let (_, page) = verified(&app, &reader, &of_other, BODY, "").await;
    assert!(
        page.contains("the key is a different one"),
        "keys of other accounts do not count"
    );
    assert_eq!(app.state().await, before);
}

#[tokio::test]
async fn a_request_by_a_key_that_has_expired_is_not_called_authentic() {
    let app = App::start().await;
    let session = app.customer(false).await;
    let own = &app.accounts[0];
    let entry = app.configuration.entry(own.account).await.unwrap().unwrap();
    let rotate = app.path("/accounts/{account}/signing-key/rotate", 0);
    let form = format!(
        "csrf={}&current={}&overlap=0",
        session.csrf, entry.config.keys[0].id
    );
    let rotated = app.post(&rotate, Some(&session.cookie), &form).await;
    assert_eq!(rotated.status(), StatusCode::SEE_OTHER);
    let headers = format!("Postrider-Signature: {}", sign(&own.secret, BODY));
    let (_, page) = verified(&app, &session, &headers, BODY, "").await;
    assert!(!page.contains("The request is authentic"), "{page}");
    assert!(page.contains("The key has expired") && page.contains("a key of the account that expired on"));
}

#[tokio::test]
async fn a_mismatch_is_explained_and_reveals_no_signature() {
    let app = App::start().await;
    let reader = app.customer(true).await;
    let own = &app.accounts[0].secret;
    let php = BODY.replace('/', "\\/");
    let headers = format!("Postrider-Signature: {}", sign(own, &php));
    let (status, page) = verified(&app, &reader, &headers, BODY, "").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("No signature matches") && page.contains("PHP&#39;s <code>json_encode</code>"));
    assert!(
        !page.contains(&sign(own, BODY)),
        "the right signature stays hidden"
    );
    assert_no_secret(&app, &page);

    let unknown = format!("<b>-Signature: {}", "0".repeat(64));
    let (_, page) = verified(&app, &reader, &unknown, BODY, "").await;
    assert!(page.contains("No usual mistake explains it") && !page.contains("<b>-Signature"));
}

#[tokio::test]
async fn line_breaks_that_a_form_changes_do_not_matter() {
    let app = App::start().await;
    let reader = app.customer(true).await;
    let own = &app.accounts[0].secret;
    let pretty = "\n{\n  \"a\": 1\n}\n";
    let plain = format!("Postrider-Signature: {}", sign(own, pretty));
    let (_, page) = verified(&app, &reader, &plain, pretty, "").await;
    assert!(page.contains("The request is authentic") && !page.contains("matches with CR LF"));
    // HTML drops a line break right after the tag, so the page has one more.
    assert!(
        page.contains("\">\n\n{\n  &#34;a&#34;: 1"),
        "the first line break is kept: {page}"
    );
    let windows = format!(
        "Postrider-Signature: {}",
        sign(own, &pretty.replace('\n', "\r\n"))
    );
    let (_, page) = verified(&app, &reader, &windows, pretty, "").await;
    assert!(page.contains("The request is authentic") && page.contains("matches with CR LF"));

    // Mixed line breaks survive in base64 alone.
    let mixed = format!("Postrider-Signature: {}", sign(own, "{\r\n\n}"));
    let (_, page) = verified(&app, &reader, &mixed, "{\n\n}", "").await;
    assert!(page.contains("No signature matches"));
    let (_, page) = verified(&app, &reader, &mixed, "ew0K\nCn0=\n", "&base64=1").await;
    assert!(page.contains("The request is authentic"));
}

#[tokio::test]
async fn the_headers_of_every_profile_count() {
    let app = App::start().await;
    let reader = app.customer(true).await;
    let own = &app.accounts[0].secret;
    let secret: SigningSecret = own.parse().unwrap();
    let token = standard_webhooks::sign(&secret, "evt_1", 1_769_851_800, BODY.as_bytes());
    for prefix in ["webhook", "svix"] {
        let headers =
            format!("{prefix}-id: evt_1\n{prefix}-timestamp: 1769851800\n{prefix}-signature: {token}");
        let (_, page) = verified(&app, &reader, &headers, BODY, "").await;
        assert!(page.contains("The request is authentic"), "{prefix}: {page}");
    }
    let github = format!("X-Hub-Signature-256: sha256={}", sign(own, BODY));
    let (_, page) = verified(&app, &reader, &github, BODY, "").await;
    assert!(page.contains("The request is authentic"), "{page}");
    let (_, page) = verified(&app, &reader, &github, "{}", "").await;
    assert!(page.contains("Does not match") && page.contains("No usual mistake explains it"));
    let (_, page) = verified(&app, &reader, &github, &BODY.replace('/', "\\/"), "").await;
    assert!(
        page.contains("Does not match") && page.contains("json_encode"),
        "{page}"
    );
}

#[tokio::test]
async fn a_signature_by_an_ed25519_key_is_verified_beside_one_by_hmac() {
    let app = App::start().await;
    let session = app.customer(false).await;
    let action = app.accounts[0].action;
    let edit = app.path("/accounts/{account}/automations/{automation}/edit", 0);
    let form = format!(
        "csrf={}&version=1&name=n&event_type=a.b&row=0&id.0={action}&url.0=https://receiver.example/&on.0=1&profile.0=standard&signing_key.0=own_ed25519&enabled=1&do=save",
        session.csrf
    );
    let saved = app.post(&edit, Some(&session.cookie), &form).await;
    assert_eq!(saved.status(), StatusCode::SEE_OTHER);
    let entry = app.configuration.entry(app.accounts[0].account).await;
    let entry = entry.unwrap().unwrap();
    let Does::SendWebhook(webhook) = &entry.action(action).unwrap().1.does else {
        panic!("a webhook");
    };
    let keys = webhook.signature.own_keys.iter().map(|key| key.secret.clone());
    let (ed25519, others): (Vec<_>, Vec<_>) =
        keys.partition(|key: &KeyMaterial| matches!(key, KeyMaterial::Ed25519(_)));
    let keys = LiveKeys {
        current: ed25519[0].clone(),
        previous: others,
    };
    let profiles = app.configuration.signature_profiles();
    let profile = profiles.find(Some(BuiltIn::Standard.name())).unwrap();
    let mut headers = String::new();
    let message = Message {
        id: "evt_1",
        timestamp_s: 1_769_851_800,
        body: BODY.as_bytes(),
    };
    let signers = ProfileSigners::new(profile, &keys).unwrap();
    signers.sign(&message, |name, value| headers += &format!("{name}: {value}\n"));
    assert!(headers.contains("v1,") && headers.contains("v1a,"), "{headers}");
    let (_, page) = verified(&app, &session, &headers, BODY, "").await;
    assert!(
        page.contains("the older key of the action to https://receiver.example/"),
        "{page}"
    );
    assert!(page.contains("the current key of the action to https://receiver.example/"));
    let (_, page) = verified(&app, &session, &headers, "{}", "").await;
    assert!(page.contains("No signature matches") && page.matches("Does not match").count() == 2);
}

#[tokio::test]
async fn a_mismatch_is_compared_with_what_was_sent_for_the_event() {
    let app = App::start().await;
    let reader = app.customer(true).await;
    let [own, other] = &app.accounts;
    let signature = format!("Postrider-Signature: {}", "0".repeat(64));
    let named = |event: &EventId| format!("{signature}\nX-Event: {event}");

    // What the page shows of the sent body completes the pasted one, step by step.
    let mut body = format!("{{\"id\":\"{}\"", own.event);
    let mut steps = 0;
    loop {
        let (_, page) = verified(&app, &reader, &named(&own.event), &format!("{body}#"), "").await;
        assert!(page.contains("Postrider sent another body"), "{page}");
        assert!(
            page.contains(&format!("character {} of line 1", body.len() + 1)),
            "{page}"
        );
        let sent = shown(&page, "Sent");
        assert_eq!(shown(&page, "Pasted"), format!("…{}#", &body[body.len() - 24..]));
        let rest = sent
            .strip_prefix(&format!("…{}", &body[body.len() - 24..]))
            .expect(&sent);
        body += rest.trim_end_matches('…');
        steps += 1;
        if !rest.ends_with('…') {
            break;
        }
        assert!(steps < 20, "{body}");
    }
    assert!(body.ends_with("\"data\":1}") && steps > 1, "{body}");
    let (_, page) = verified(&app, &reader, &signature, &body, "").await;
    assert!(page.contains("The body is what Postrider sent"), "{page}");

    let (_, page) = verified(&app, &reader, &named(&other.event), BODY, "").await;
    assert!(
        page.contains("This account has no event"),
        "of another account: {page}"
    );
    let (_, page) = verified(&app, &reader, &signature, BODY, "").await;
    assert!(!page.contains("This account has no event") && !page.contains("Postrider sent"));
}

/// The text of the page's row with this label.
fn shown(page: &str, label: &str) -> String {
    let (_, rest) = page
        .split_once(&format!("<dt>{label}</dt><dd><code>"))
        .unwrap_or_else(|| panic!("no {label} in {page}"));
    rest.split_once("</code>").unwrap().0.replace("&#34;", "\"")
}

#[tokio::test]
async fn a_paste_without_a_signature_and_a_body_that_is_not_base64_are_refused_in_their_fields() {
    let app = App::start().await;
    let reader = app.customer(true).await;
    for (headers, more, words) in [
        (
            "Content-Type: application/json",
            "",
            "No signature among the headers",
        ),
        ("webhook-signature: v1,AAAA", "", "give both headers"),
        ("Postrider-Signature: 00", "&base64=1", "This is not base64"),
    ] {
        let (status, page) = verified(&app, &reader, headers, BODY, more).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.contains(words), "{words}: {page}");
        assert!(
            page.contains(headers),
            "what was pasted is still in the form: {page}"
        );
    }
}

/// What the diagnosis runs on is taken until both requests have arrived, so the second always finds the first
/// under way.
#[test]
fn an_account_verifies_one_request_at_a_time() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let app = App::start().await;
        let reader = app.customer(true).await;
        let (free, taken) = std::sync::mpsc::channel::<()>();
        let until_free = tokio::task::spawn_blocking(move || taken.recv());
        let headers = "Postrider-Signature: 0000";
        let again = || Box::pin(verified(&app, &reader, headers, BODY, ""));
        let (refused, waiting) = match select(again(), again()).await {
            Either::Left((refused, waiting)) | Either::Right((refused, waiting)) => (refused, waiting),
        };
        assert_eq!(refused.0, StatusCode::SERVICE_UNAVAILABLE);
        assert!(refused.1.contains("The server is busy"), "{}", refused.1);
        free.send(()).unwrap();
        until_free.await.unwrap().unwrap();
        assert_eq!(waiting.await.0, StatusCode::OK);
        assert_eq!(again().await.0, StatusCode::OK);
    });
}
