//! Checks the headers that an action or an event adds to requests: no header may break framing or imitate one
//! of Postrider's own.

mod of_event;
mod reserved;

use std::collections::HashSet;

use postrider_egress::Destination;
use postrider_json::pointer::escape;
use postrider_model::automation::{HEADER_BYTES_MAX, HEADERS_MAX};
use postrider_model::cloud_events::is_attribute_header;
use postrider_model::custom_header::MASK;
use postrider_model::{CustomHeader, SendWebhook};
use postrider_signing::HeaderNames;

use super::SendWebhookDraft;
use crate::header_templates::{compile, is_template};
use crate::{Faults, codes};
pub(crate) use reserved::is_reserved;
pub use reserved::is_reserved_by_others;

pub use of_event::check_event_headers;

/// Checks the headers of the action at `pointer`, and returns them with the values that the draft leaves as
/// they are `stored`.
pub(super) fn check_headers(
    draft: &SendWebhookDraft,
    stored: Option<&SendWebhook>,
    header_names: &HeaderNames,
    pointer: &str,
    faults: &mut Faults,
) -> Vec<CustomHeader> {
    let headers_pointer = format!("{pointer}/headers");
    if draft.headers.len() > HEADERS_MAX {
        let detail = format!("list at most {HEADERS_MAX} headers");
        faults.add(headers_pointer, codes::TOO_MANY, detail);
        return Vec::new();
    }
    check_plain_headers(draft, pointer, faults);
    let mut seen = HashSet::new();
    let mut checked = Vec::with_capacity(draft.headers.len());
    for (name, value) in &draft.headers {
        let pointer = format!("{headers_pointer}/{}", escape(name));
        check_name(name, header_names, &mut seen, &pointer, faults);
        if draft.body.content.is_cloud_event() && is_attribute_header(name) {
            let detail = "Postrider sets the headers that begin with `ce-` where `body` is a CloudEvent";
            faults.add(&pointer, codes::RESERVED_HEADER, detail);
        }
        let is_plain = draft
            .plain_headers
            .iter()
            .any(|plain| plain.eq_ignore_ascii_case(name));
        let value = if value == MASK {
            match kept_value(draft, stored, name, is_plain) {
                Ok(value) => value,
                Err(detail) => {
                    faults.add(&pointer, codes::VALUE_REQUIRED, detail);
                    continue;
                }
            }
        } else {
            check_value(name, value, &pointer, faults);
            if is_template(value)
                && let Err(fault) = compile(value)
            {
                faults.add(&pointer, codes::INVALID_TEMPLATE, fault.message);
            }
            value
        };
        checked.push(CustomHeader {
            name: name.clone(),
            value: value.clone(),
            is_plain,
        });
    }
    checked
}

fn check_plain_headers(draft: &SendWebhookDraft, pointer: &str, faults: &mut Faults) {
    for (index, plain) in draft.plain_headers.iter().enumerate() {
        if !draft
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(plain))
        {
            let detail = "the action has no header of this name";
            faults.add(
                format!("{pointer}/plain_headers/{index}"),
                codes::INVALID_VALUE,
                detail,
            );
        }
    }
}

/// The stored value of a header whose value the draft leaves out. A secret stays write-only: an edit neither
/// makes it readable nor sends it to another receiver.
fn kept_value<'a>(
    draft: &SendWebhookDraft,
    stored: Option<&'a SendWebhook>,
    name: &str,
    is_plain: bool,
) -> Result<&'a String, &'static str> {
    let headers = stored.into_iter().flat_map(|stored| &stored.headers);
    let found = headers
        .clone()
        .find(|header| header.name.eq_ignore_ascii_case(name));
    let (Some(found), Some(stored)) = (found, stored) else {
        return Err("send the value: the action has none of this name that it could keep");
    };
    if !found.is_plain && is_plain {
        return Err("send the value: a secret one cannot become readable");
    }
    if !found.is_plain && origin(&draft.url) != origin(&stored.url) {
        return Err(
            "send the value: the URL leads to another receiver, which must not get the secret of the former",
        );
    }
    Ok(&found.value)
}

/// Scheme, host and port. `None` for what is not a URL, which is a fault of its own.
pub(crate) fn origin(url: &str) -> Option<String> {
    let destination = Destination::parse(url).ok()?;
    Some(destination.origin().to_string())
}

fn check_name(
    name: &str,
    header_names: &HeaderNames,
    seen: &mut HashSet<String>,
    pointer: &str,
    faults: &mut Faults,
) {
    let lower = name.to_ascii_lowercase();
    if !is_token(name) {
        let detail = "a header's name can have only letters, digits and !#$%&'*+-.^_`|~ (RFC 9110)";
        faults.add(pointer, codes::INVALID_VALUE, detail);
    } else if is_reserved(&lower, header_names) {
        let detail = "Postrider sets this header, or it belongs to the connection, to a proxy or to a cloud";
        faults.add(pointer, codes::RESERVED_HEADER, detail);
    } else if !seen.insert(lower) {
        let detail = "this header is listed more than once; case is ignored";
        faults.add(pointer, codes::DUPLICATE, detail);
    }
}

fn check_value(name: &str, value: &str, pointer: &str, faults: &mut Faults) {
    if !is_field_value(value) {
        let detail =
            "a header's value can have only visible ASCII characters, with spaces and tabs between them";
        faults.add(pointer, codes::INVALID_VALUE, detail);
    }
    if name.len() + value.len() > HEADER_BYTES_MAX {
        let detail = format!("name and value can have at most {HEADER_BYTES_MAX} bytes together");
        faults.add(pointer, codes::TOO_LONG, detail);
    }
}

/// RFC 9110, section 5.6.2.
pub(crate) fn is_token(name: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(token)
}

/// RFC 9110, section 5.5, without the obsolete bytes above ASCII.
pub(crate) fn is_field_value(value: &str) -> bool {
    let visible = |byte: u8| (0x21..=0x7e).contains(&byte) || byte == b' ' || byte == b'\t';
    value.bytes().all(visible) && value.trim_matches([' ', '\t']).len() == value.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::automation::ContentDraft;
    use crate::fault::tests::faults_of;

    fn code(headers: &[(&str, &str)]) -> Option<&'static str> {
        let draft = draft("https://a.example/", headers, &[]);
        let faults = checked(&draft, None).err();
        faults.map(|faults| faults[0].1)
    }

    fn draft(url: &str, headers: &[(&str, &str)], plain: &[&str]) -> SendWebhookDraft {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()));
        SendWebhookDraft {
            headers: headers.collect(),
            plain_headers: plain.iter().map(ToString::to_string).collect(),
            ..SendWebhookDraft::to(url)
        }
    }

    /// The headers, or pointer and code of each fault.
    fn checked(
        draft: &SendWebhookDraft,
        stored: Option<&SendWebhook>,
    ) -> Result<Vec<CustomHeader>, Vec<(String, &'static str)>> {
        let names = HeaderNames::new("Acme");
        let mut headers = Vec::new();
        let faults = faults_of(|faults| headers = check_headers(draft, stored, &names, "/actions/0", faults));
        if faults.is_empty() {
            Ok(headers)
        } else {
            Err(faults)
        }
    }

    /// An action that was stored with a secret and a plain header.
    fn stored() -> SendWebhook {
        SendWebhook {
            url: "https://a.example/hooks".to_owned(),
            body: Default::default(),
            headers: vec![
                CustomHeader::secret("Authorization", "Bearer x"),
                CustomHeader::plain("X-Team", "sales"),
            ],
            secret_query: None,
            timeout_s: None,
            signature: Default::default(),
            connection: None,
        }
    }

    #[test]
    fn a_draft_of_what_is_stored_keeps_every_value() {
        let stored = stored();
        let draft = SendWebhookDraft::of(&stored);
        assert_eq!(draft.headers[0], ("Authorization".to_owned(), MASK.to_owned()));
        assert_eq!(draft.plain_headers, ["X-Team"]);
        assert_eq!(checked(&draft, Some(&stored)), Ok(stored.headers));
    }

    #[test]
    fn a_value_is_kept_by_its_name_in_any_case_and_where_the_path_of_the_url_changes() {
        let moved = draft("https://A.example:443/other?x=1", &[("authorization", MASK)], &[]);
        let kept = CustomHeader::secret("authorization", "Bearer x");
        assert_eq!(checked(&moved, Some(&stored())), Ok(vec![kept]));
    }

    #[test]
    fn an_edit_neither_shows_a_secret_nor_sends_it_elsewhere() {
        let required = |pointer: &str| Err(vec![(pointer.to_owned(), "value_required")]);
        let authorization = [("Authorization", MASK)];
        let at = "/actions/0/headers/Authorization";
        for url in [
            "https://b.example/",
            "http://a.example/hooks",
            "https://a.example:8443/hooks",
        ] {
            assert_eq!(
                checked(&draft(url, &authorization, &[]), Some(&stored())),
                required(at),
                "{url}"
            );
        }
        let url = "https://a.example/hooks";
        let shown = draft(url, &authorization, &["authorization"]);
        assert_eq!(checked(&shown, Some(&stored())), required(at));
        assert_eq!(
            checked(&draft(url, &authorization, &[]), None),
            required(at),
            "a new action"
        );
        let other = draft(url, &[("X-Other", MASK)], &[]);
        assert_eq!(
            checked(&other, Some(&stored())),
            required("/actions/0/headers/X-Other")
        );
    }

    #[test]
    fn a_new_value_may_be_plain_or_secret() {
        let both = draft(
            "https://b.example/",
            &[("Authorization", "y"), ("X-Team", "z")],
            &["x-team"],
        );
        let expected = [
            CustomHeader::secret("Authorization", "y"),
            CustomHeader::plain("X-Team", "z"),
        ];
        assert_eq!(checked(&both, Some(&stored())), Ok(expected.to_vec()));
        let unknown = draft("https://b.example/", &[("X-A", "y")], &["X-A", "X-B"]);
        let fault = ("/actions/0/plain_headers/1".to_owned(), "invalid_value");
        assert_eq!(checked(&unknown, None), Err(vec![fault]));
    }

    #[test]
    fn ordinary_headers_pass() {
        for header in [
            ("X-Tenant", "42"),
            ("authorization", "Bearer a b\tc"),
            ("Cookie", "a=b"),
            ("X-Empty", ""),
        ] {
            assert_eq!(code(&[header]), None, "{header:?}");
        }
    }

    #[test]
    fn reserved_and_framing_headers_are_refused_in_any_case() {
        for name in [
            "Host",
            "CONTENT-LENGTH",
            "Transfer-Encoding",
            "connection",
            "Keep-Alive",
            "TE",
            "Trailer",
            "Upgrade",
            "Expect",
            "Proxy-Anything",
            "Content-Type",
            "Content-Encoding",
            "User-Agent",
            "Date",
            "Webhook-Id",
            "webhook-signature",
            "Postrider-Signature",
            "ACME-Signature",
            "acme-x",
            "HTTP2-Settings",
        ] {
            assert_eq!(code(&[(name, "x")]), Some("reserved_header"), "{name}");
        }
    }

    #[test]
    fn a_cloud_event_has_the_headers_of_its_attributes_to_itself() {
        for (content, expected) in [
            (ContentDraft::Envelope, None),
            (ContentDraft::CloudEvents, Some("reserved_header")),
            (ContentDraft::CloudEventsBinary, Some("reserved_header")),
        ] {
            for name in ["ce-source", "CE_tenant"] {
                let mut draft = draft("https://a.example/", &[(name, "x")], &[]);
                draft.body.content = content;
                let code = checked(&draft, None).err().map(|faults| faults[0].1);
                assert_eq!(code, expected, "{content:?} {name}");
            }
        }
    }

    #[test]
    fn header_names_and_values_that_could_split_a_request_are_refused() {
        for name in ["", "a b", "a:", "a\r\nb", "é", "a\0"] {
            assert_eq!(code(&[(name, "x")]), Some("invalid_value"), "{name:?}");
        }
        for value in ["a\r\nb: c", "a\nb", "a\0", "é", " a", "a ", "\u{7f}"] {
            assert_eq!(code(&[("x-a", value)]), Some("invalid_value"), "{value:?}");
        }
    }

    #[test]
    fn headers_are_bounded_and_unique_regardless_of_case() {
        assert_eq!(code(&[("x-a", "1"), ("X-A", "2")]), Some("duplicate"));
        assert_eq!(code(&[("x-a", &"v".repeat(1021))]), None);
        assert_eq!(code(&[("x-a", &"v".repeat(1022))]), Some("too_long"));
        let names: Vec<String> = (0..21).map(|n| format!("x-{n}")).collect();
        let headers: Vec<_> = names.iter().map(|name| (name.as_str(), "v")).collect();
        assert_eq!(code(&headers), Some("too_many"));
    }
}
