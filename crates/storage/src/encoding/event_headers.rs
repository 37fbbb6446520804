//! The column `headers` of an event: what travels in the headers of its requests.
//!
//! It is NULL if there is nothing. Otherwise it is a JSON array of the names and values of the event's own
//! headers. If the event belongs to a trace, the byte [`TRACE`] and the trace's context come first, and the
//! array is left out if it is empty. So an event without a trace costs nothing, in both stores and in the
//! transfer between them.

use postrider_model::trace::CONTEXT_BYTES;
use postrider_model::{Event, EventHeaders, TraceContext};

use super::{Damaged, json_text, json_value};

/// Announces the context of a trace. No JSON begins with it.
const TRACE: u8 = 1;

const DAMAGED: Damaged = Damaged("the headers of an event");

/// Encodes the headers and the trace of an event; `None` for neither.
pub fn encode(event: &Event) -> Option<Vec<u8>> {
    let list: Vec<(&str, &str)> = event.headers.iter().collect();
    let headers = (!list.is_empty()).then(|| json_text(&list).into_bytes());
    let Some(trace) = event.trace else {
        return headers;
    };
    let headers = headers.unwrap_or_default();
    let mut bytes = Vec::with_capacity(1 + CONTEXT_BYTES + headers.len());
    bytes.push(TRACE);
    bytes.extend(trace.to_bytes());
    bytes.extend(headers);
    Some(bytes)
}

/// Decodes headers and trace.
///
/// # Errors
/// [`Damaged`] if [`encode`] never returns such bytes.
pub fn decode(bytes: Option<&[u8]>) -> Result<(EventHeaders, Option<TraceContext>), Damaged> {
    let (trace, json) = match bytes {
        None => return Ok((EventHeaders::default(), None)),
        Some([TRACE, rest @ ..]) => {
            let (context, json) = rest.split_first_chunk().ok_or(DAMAGED)?;
            (Some(TraceContext::from_bytes(context).ok_or(DAMAGED)?), json)
        }
        Some(json) => (None, json),
    };
    if trace.is_some() && json.is_empty() {
        return Ok((EventHeaders::default(), trace));
    }
    let text = std::str::from_utf8(json).map_err(|_| DAMAGED)?;
    Ok((json_value(text).map(EventHeaders::new)?, trace))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::test_values::event;

    #[test]
    fn headers_and_trace_survive_a_round_trip() {
        let two = [("X-Tenant", "4\t2 \"\\"), ("x-empty", "")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        let trace = TraceContext::parse(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        assert!(trace.is_some());
        for headers in [EventHeaders::default(), EventHeaders::new(two.to_vec())] {
            for trace in [None, trace] {
                let mut event = event();
                event.headers = headers.clone();
                event.trace = trace;
                let stored = encode(&event);
                assert_eq!(stored.is_none(), headers.is_empty() && trace.is_none());
                assert_eq!(decode(stored.as_deref()), Ok((headers.clone(), trace)));
            }
        }
        for damaged in [&b"{}"[..], b"\xff", b"", b"\x01[]", &[1; 25], &[0; 26]] {
            assert!(decode(Some(damaged)).is_err(), "{damaged:?}");
        }
    }
}
