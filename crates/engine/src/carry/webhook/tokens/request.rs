//! The request to a token endpoint (RFC 6749 sections 2.3.1 and 4.4.2).

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use postrider_configuration::{OAuth2Client, basic};
use postrider_egress::Request;
use postrider_model::ClientAuthentication;

use super::Asking;
use super::response::RESPONSE_BYTES_MAX;

/// What is encoded in a form. Decoders agree on the rest, and some do not decode the parts of `Basic`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The request for a token.
pub(super) fn request<T>(client: &OAuth2Client, asking: &Asking<'_, T>, timeout: Duration) -> Request {
    let oauth2 = &client.oauth2;
    let (id, secret) = (encoded(&oauth2.client_id), encoded(oauth2.client_secret.expose()));
    let mut headers = vec![
        (
            "Content-Type".to_owned(),
            "application/x-www-form-urlencoded".to_owned(),
        ),
        ("Accept".to_owned(), "application/json".to_owned()),
        ("User-Agent".to_owned(), asking.user_agent.to_owned()),
    ];
    let mut body = "grant_type=client_credentials".to_owned();
    for (name, value) in [("scope", &oauth2.scope), ("audience", &oauth2.audience)] {
        if let Some(value) = value {
            body.push_str(&format!("&{name}={}", encoded(value)));
        }
    }
    match oauth2.client_authentication {
        ClientAuthentication::Basic => headers.push(("Authorization".to_owned(), basic(&id, &secret))),
        ClientAuthentication::Body => {
            body.push_str(&format!("&client_id={id}&client_secret={secret}"));
        }
    }
    Request {
        url: oauth2.token_url.clone(),
        headers,
        body: body.into(),
        timeout,
        tenant: asking.tenant,
        identity: None,
        response_bytes_kept: Some(RESPONSE_BYTES_MAX),
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}
