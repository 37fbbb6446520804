//! Checks the headers of an event, which are sent with each of its webhooks.

use std::collections::HashSet;

use postrider_json::pointer::escape;
use postrider_model::EventHeaders;
use postrider_model::event_headers::{EVENT_HEADERS_BYTES_MAX, EVENT_HEADERS_MAX};
use postrider_signing::HeaderNames;

use super::{check_name, check_value};
use crate::{Fault, Faults, codes};

/// Checks the headers of an event: like an action's, but that their values are as they are, and that all
/// together are bounded. Returns no more than the bound on faults, with pointers relative to the event.
pub fn check_event_headers(headers: &EventHeaders, header_names: &HeaderNames) -> Result<(), Vec<Fault>> {
    let mut faults = Faults::default();
    let (mut count, mut bytes) = (0, 0);
    let mut seen = HashSet::new();
    for (name, value) in headers.iter().take(EVENT_HEADERS_MAX + 1) {
        let pointer = format!("/headers/{}", escape(name));
        check_name(name, header_names, &mut seen, &pointer, &mut faults);
        check_value(name, value, &pointer, &mut faults);
        count += 1;
        bytes += name.len() + value.len();
    }
    if count > EVENT_HEADERS_MAX {
        let detail = format!("list at most {EVENT_HEADERS_MAX} headers");
        faults = Faults::default();
        faults.add("/headers", codes::TOO_MANY, detail);
    } else if bytes > EVENT_HEADERS_BYTES_MAX {
        let detail = format!(
            "names and values can have at most {EVENT_HEADERS_BYTES_MAX} bytes in all headers together"
        );
        faults.add("/headers", codes::TOO_LONG, detail);
    }
    faults.into_result()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_an_event_are_checked_like_an_actions_and_bounded_together() {
        let code = |headers: &[(&str, &str)]| {
            let owned = headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string()));
            let headers = EventHeaders::new(owned.collect());
            let faults = check_event_headers(&headers, &HeaderNames::new("Acme")).err();
            faults.map(|faults| (faults[0].pointer.clone(), faults[0].code))
        };
        let fault = |pointer: &str, code| Some((pointer.to_owned(), code));
        assert_eq!(
            code(&[("X-Tenant", "42"), ("Authorization", "{{ data.x }}")]),
            None
        );
        assert_eq!(
            code(&[("Acme-Signature", "x")]),
            fault("/headers/Acme-Signature", "reserved_header")
        );
        assert_eq!(
            code(&[("webhook_id", "x")]),
            fault("/headers/webhook_id", "reserved_header")
        );
        assert_eq!(
            code(&[("x-a", "a\r\nb: c")]),
            fault("/headers/x-a", "invalid_value")
        );
        assert_eq!(
            code(&[("x-a", "1"), ("X-A", "2")]),
            fault("/headers/X-A", "duplicate")
        );
        assert_eq!(
            code(&[("x-a", &"v".repeat(1022))]),
            fault("/headers/x-a", "too_long")
        );
        let names: Vec<String> = (0..21).map(|n| format!("x-{n:02}")).collect();
        let of = |count: usize, value| -> Vec<(&str, &str)> {
            names[..count].iter().map(|name| (name.as_str(), value)).collect()
        };
        assert_eq!(code(&of(21, "v")), fault("/headers", "too_many"));
        let (fits, too_long) = ("v".repeat(200), "v".repeat(201));
        assert_eq!(code(&of(20, &fits)), None, "20 times 204 bytes are 4080");
        assert_eq!(code(&of(20, &too_long)), fault("/headers", "too_long"));
    }
}
