//! Keeps the secrets of an action out of the record of its attempts.
//!
//! The record of a request names its URL and headers, with [`MASK`] in the place of secret values. A receiver
//! may send a secret back: debugging endpoints repeat the whole request, and error pages the header that was
//! wrong. Wherever a response repeats a secret byte for byte, [`MASK`] replaces it before anything is stored
//! or shown.
//!
//! Not recognised are values shorter than [`ECHO_BYTES_MIN`], which occur in any text by chance, values of
//! headers that never hold a secret ([`PUBLIC`]), and values that the receiver has encoded, except as a JSON
//! string. Actions without secret headers cost nothing.
//!
//! Where a response was cut off, its end may hold the beginning of a secret. As much as that could be is left
//! out, whatever it holds: a customer who could see whether the end matches would guess the secret of another
//! owner's connection character by character, from a host that repeats what it is sent.

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use postrider_egress::{Destination, Request};
use postrider_model::attempt::RESPONSE_HEADER_BYTES_KEPT;
use postrider_model::custom_header::MASK;
use postrider_model::{CustomHeader, HttpResponse, SendWebhook};

/// Shortest text that is replaced in a response.
const ECHO_BYTES_MIN: usize = 8;

/// Headers whose values are not secrets and occur in responses, such as `application/json`. Their values are
/// left out of the record of a request like others, unless they are marked plain.
const PUBLIC: [&str; 8] = [
    "accept",
    "accept-charset",
    "accept-language",
    "cache-control",
    "content-language",
    "origin",
    "prefer",
    "referer",
];

/// Replaces the values of the action's secret headers, and its secret query, in a request that was sent.
pub(super) fn mask_request(request: &mut Request, webhook: &SendWebhook) {
    if webhook.secret_query.is_some() {
        request.url.clone_from(&webhook.url);
    }
    for (name, value) in &mut request.headers {
        if secrets_of(webhook).any(|secret| secret.name.eq_ignore_ascii_case(name)) {
            MASK.clone_into(value);
        }
    }
}

/// Replaces the action's secrets in the part of a response that is stored, and in the words about an attempt.
pub(super) fn mask_echoes(
    response: Option<&mut HttpResponse>,
    error: Option<&mut String>,
    webhook: &SendWebhook,
) {
    let texts = texts(webhook);
    if texts.is_empty() {
        return;
    }
    if let Some(error) = error {
        mask_text(error, &texts, false);
    }
    let Some(response) = response else { return };
    let mut kept = 0;
    for (name, value) in &mut response.headers {
        kept += name.len() + value.len();
        mask_text(name, &texts, false);
        // The kept part ends within a value, and at a character.
        mask_text(
            value,
            &texts,
            kept + char::MAX_LEN_UTF8 > RESPONSE_HEADER_BYTES_KEPT,
        );
    }
    if let Cow::Owned(masked) = masked(&response.body, &texts, response.truncated) {
        response.body = Bytes::from(masked);
    }
}

fn secrets_of(webhook: &SendWebhook) -> impl Iterator<Item = &CustomHeader> {
    webhook.headers.iter().filter(|header| !header.is_plain)
}

/// The texts that give a secret away, the longest first, so that none leaves a part of another.
fn texts(webhook: &SendWebhook) -> Vec<String> {
    let mut texts = of_query(webhook);
    let is_public = |header: &&CustomHeader| PUBLIC.iter().any(|it| header.name.eq_ignore_ascii_case(it));
    for header in secrets_of(webhook).filter(|header| !is_public(header)) {
        let mut forms = vec![header.value.clone()];
        // `Bearer`, `Basic` and their kind are public; what follows is not (RFC 9110, section 11.4).
        if let Some((scheme, credentials)) = header.value.split_once(' ')
            && has_scheme(&header.name, scheme)
        {
            forms.push(credentials.trim().to_owned());
            if scheme.eq_ignore_ascii_case("basic") {
                forms.extend(user_and_password(credentials.trim()));
            }
        }
        for form in forms {
            // In a JSON string; values hold no other character that is escaped there.
            let as_json = form
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\t', "\\t");
            texts.extend([form.replace('/', "\\/"), as_json, form]);
        }
    }
    texts.retain(|text| text.len() >= ECHO_BYTES_MIN);
    texts.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    texts.dedup();
    texts
}

/// The query, and its values or what stands without one: as they were typed, as they are sent, and decoded.
fn of_query(webhook: &SendWebhook) -> Vec<String> {
    let Some(query) = &webhook.secret_query else {
        return Vec::new();
    };
    // The URL that is sent: `'` becomes `%27`, and other characters than ASCII are encoded.
    let sent = Destination::parse(&webhook.call_url()).ok();
    let sent = sent.and_then(|url| Some(url.as_str().split_once('?')?.1.to_owned()));
    let mut texts = Vec::new();
    for query in [query.expose().to_owned()].into_iter().chain(sent) {
        for part in query.split('&') {
            let value = part.split_once('=').map_or(part, |(_, value)| value);
            let decoded = percent_decode_str(value).decode_utf8_lossy();
            texts.extend([decoded.replace('+', " "), decoded.into_owned(), value.to_owned()]);
        }
        texts.push(query);
    }
    texts
}

/// Whether the first word of a value is an authentication scheme rather than a part of the secret.
fn has_scheme(name: &str, word: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with("authorization")
        || ["basic", "bearer", "token"]
            .iter()
            .any(|it| word.eq_ignore_ascii_case(it))
}

/// The user and password of the `Basic` scheme, together and the password alone (RFC 7617).
fn user_and_password(credentials: &str) -> Vec<String> {
    let decoded = STANDARD.decode(credentials).ok();
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(both) = decoded else { return Vec::new() };
    let password = both.split_once(':').map(|(_, password)| password.to_owned());
    [Some(both), password].into_iter().flatten().collect()
}

fn mask_text(text: &mut String, texts: &[String], cut_off: bool) {
    if let Cow::Owned(masked) = masked(text.as_bytes(), texts, cut_off) {
        *text = String::from_utf8_lossy(&masked).into_owned();
    }
}

/// The bytes with [`MASK`] in the place of each text. If they were cut off, [`MASK`] also stands in the place
/// of their end: of as many bytes as could be a part of the longest text.
fn masked<'a>(bytes: &'a [u8], texts: &[String], cut_off: bool) -> Cow<'a, [u8]> {
    let mut secret = occurrences(bytes, texts);
    if cut_off {
        let longest = texts.first().map_or(0, String::len);
        secret.push(bytes.len().saturating_sub(longest.saturating_sub(1))..bytes.len());
    }
    if secret.is_empty() {
        return Cow::Borrowed(bytes);
    }
    secret.sort_unstable_by_key(|range| range.start);
    let mut masked = Vec::with_capacity(bytes.len());
    let mut from = 0;
    for range in secret {
        // One that overlaps the one before is masked with it.
        if range.start >= from {
            masked.extend_from_slice(&bytes[from..range.start]);
            masked.extend_from_slice(MASK.as_bytes());
        }
        from = from.max(range.end);
    }
    masked.extend_from_slice(&bytes[from..]);
    Cow::Owned(masked)
}

/// Where the texts occur.
fn occurrences(bytes: &[u8], texts: &[String]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for text in texts {
        found.extend(memchr::memmem::find_iter(bytes, text).map(|at| at..at + text.len()));
    }
    found
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use postrider_model::SecretQuery;

    use super::*;

    fn webhook(headers: Vec<CustomHeader>) -> SendWebhook {
        SendWebhook {
            url: "https://receiver.example/".to_owned(),
            secret_query: None,
            body: Default::default(),
            headers,
            timeout_s: None,
            signature: Default::default(),
            connection: None,
        }
    }

    fn bearer() -> SendWebhook {
        webhook(vec![
            CustomHeader::secret("Authorization", r#"Bearer a/long-"secret""#),
            CustomHeader::plain("X-Team", "sales-and-marketing"),
            CustomHeader::secret("X-Pin", "1234"),
        ])
    }

    /// A response with this body, masked.
    fn body(webhook: &SendWebhook, body: &str, truncated: bool) -> String {
        let mut response = HttpResponse {
            status: 500,
            headers: vec![("x-echo".to_owned(), body.to_owned())],
            body: Bytes::copy_from_slice(body.as_bytes()),
            truncated,
        };
        mask_echoes(Some(&mut response), None, webhook);
        String::from_utf8(response.body.to_vec()).unwrap()
    }

    #[test]
    fn the_record_of_a_request_names_its_secret_headers_without_their_values() {
        let headers = bearer().headers.into_iter();
        let mut request = Request {
            url: "https://receiver.example/".to_owned(),
            headers: headers.map(|header| (header.name, header.value)).collect(),
            body: Bytes::new(),
            timeout: Duration::ZERO,
            tenant: 0,
            identity: None,
            response_bytes_kept: None,
        };
        mask_request(&mut request, &bearer());
        let values: Vec<&str> = request.headers.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, [MASK, "sales-and-marketing", MASK]);
    }

    #[test]
    fn a_secret_query_is_masked_whole_and_in_parts() {
        let (url, query) = SecretQuery::divide("https://a.example/?v=2&token=long%20secret").unwrap();
        let webhook = SendWebhook {
            url,
            secret_query: Some(query),
            ..webhook(Vec::new())
        };
        let echo = "/?v=2&token=long%20secret, long%20secret, long secret, v=2";
        assert_eq!(body(&webhook, echo, false), "/?••••, ••••, ••••, v=2");
        for (url, echo) in [
            ("https://a.example/?token=pa'ss-wörd", "token=pa%27ss-w%C3%B6rd"),
            ("https://a.example/?token=pa'ss-wörd", "token=pa'ss-wörd"),
            ("https://a.example/?only'a-value", "only%27a-value"),
            ("https://a.example/?t=one+secret", "t=one secret"),
            ("https://a.example/?t=one+secret", "t=one+secret"),
        ] {
            let (url, query) = SecretQuery::divide(url).unwrap();
            let webhook = SendWebhook {
                url,
                secret_query: Some(query),
                ..webhook.clone()
            };
            let shown = body(&webhook, &format!("GET /?{echo} HTTP/1.1"), false);
            assert!(
                shown.contains(MASK) && !shown.contains("ss-w") && !shown.contains("secret"),
                "{shown}"
            );
            assert!(!shown.contains("a-value"), "{shown}");
        }
    }

    #[test]
    fn what_a_receiver_repeats_is_masked() {
        for (echo, expected) in [
            (
                r#"got Bearer a/long-"secret" twice: Bearer a/long-"secret"."#,
                "got •••• twice: ••••.",
            ),
            (r#"a/long-"secret""#, "••••"),
            (
                r#"{"authorization":"Bearer a/long-\"secret\""}"#,
                r#"{"authorization":"••••"}"#,
            ),
            (
                "1234 sales-and-marketing Bearer",
                "1234 sales-and-marketing Bearer",
            ),
        ] {
            assert_eq!(body(&bearer(), echo, false), expected, "{echo}");
        }
        let mut error = r#"unexpected line: Bearer a/long-"secret""#.to_owned();
        mask_echoes(None, Some(&mut error), &bearer());
        assert_eq!(error, "unexpected line: ••••");
    }

    #[test]
    fn words_that_are_no_secrets_stay_readable() {
        let webhook = webhook(vec![
            CustomHeader::secret("Accept", "application/json"),
            CustomHeader::secret("X-Note", "orders department"),
            CustomHeader::secret("X-Api-Key", "Token department"),
        ]);
        let echo = "application/json, orders, department, orders department";
        let expected = "application/json, orders, ••••, ••••";
        assert_eq!(body(&webhook, echo, false), expected);
    }

    #[test]
    fn the_password_of_basic_credentials_is_masked_decoded_too() {
        let value = format!("Basic {}", STANDARD.encode("me:correct horse"));
        let basic = webhook(vec![CustomHeader::secret("Authorization", value.clone())]);
        assert_eq!(
            body(&basic, "no user me with correct horse", false),
            "no user me with ••••"
        );
        assert_eq!(body(&basic, &value[6..], false), "••••");
        assert_eq!(body(&basic, "me:correct horse", false), "••••");
    }

    #[test]
    fn a_secret_that_the_end_of_the_kept_part_cuts_is_masked() {
        let got = |end: &str| format!("{}{end}", "x".repeat(30));
        assert_eq!(body(&bearer(), &got("Bearer a/lon"), false), got("Bearer a/lon"));
        // One that the end cuts, one that ends before it, and one across the beginning of what is left out.
        for end in [
            "Bearer a/lon",
            r#"Bearer a/long-"secret""#,
            r#"Bearer a/long-"secret" and more"#,
        ] {
            let shown = body(&bearer(), &got(end), true);
            assert!(shown.ends_with(MASK) && !shown.contains("a/"), "{shown}");
        }
    }

    #[test]
    fn the_end_of_the_kept_part_does_not_say_whether_it_is_a_part_of_a_secret() {
        for (right, wrong) in [("Bearer a/lo", "Bearer a/lX"), ("Bearer a", "Bearer X")] {
            let filler = "x".repeat(50);
            let of = |guess: &str| body(&bearer(), &format!("{filler}{guess}"), true);
            assert_eq!(of(right), of(wrong));
        }
        // A header's value that was not cut is shown as it is.
        let mut response = HttpResponse {
            status: 301,
            headers: vec![("location".to_owned(), "https://a.example/Bearer a/lo".to_owned())],
            body: Bytes::new(),
            truncated: false,
        };
        mask_echoes(Some(&mut response), None, &bearer());
        assert_eq!(response.headers[0].1, "https://a.example/Bearer a/lo");
        let long = "x".repeat(RESPONSE_HEADER_BYTES_KEPT - "location".len());
        response.headers[0].1 = long.clone();
        mask_echoes(Some(&mut response), None, &bearer());
        let shown = &response.headers[0].1;
        assert!(
            shown.len() < long.len() && shown.ends_with(MASK),
            "{}",
            shown.len()
        );
    }

    #[test]
    fn a_response_without_an_echo_is_not_copied() {
        let before = Bytes::from_static(b"all is well");
        let mut response = HttpResponse {
            status: 200,
            headers: Vec::new(),
            body: before.clone(),
            truncated: false,
        };
        mask_echoes(Some(&mut response), None, &bearer());
        assert_eq!(response.body.as_ptr(), before.as_ptr());
    }
}
