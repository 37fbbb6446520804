//! An event as a producer reports it, borrowed from the request's body.

use std::borrow::Cow;

use bytes::Bytes;
use postrider_engine::Submission;
use postrider_model::EventHeaders;
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::openapi::shapes;
use crate::problem::{Code, Faults, Problem, fault_codes};
use crate::router::ApiState;
use crate::routes::automations::headers::HeadersInput;

/// Most bytes of an event's body besides `data`. The other members need less than 6 KiB; the rest is for
/// white space and escapes.
pub const AROUND_DATA_BYTES_MAX: usize = 16 * 1024;

/// Largest `data`, in bytes, that is copied out of the request, which costs less than a microsecond. A slice
/// would keep the connection's whole read buffer alive as long as the event waits for delivery.
const COPY_BYTES_MAX: usize = 16 * 1024;

/// An event.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = EventInput)]
pub struct EventInput<'a> {
    /// The event's type: 1 to 128 of `a-z`, `A-Z`, `0-9`, `_`, `.` and `-`.
    #[serde(rename = "type", borrow)]
    #[schema(value_type = String, example = "proposal.accepted", pattern = "^[a-zA-Z0-9_.-]{1,128}$")]
    event_type: Cow<'a, str>,
    /// Any JSON value, at most 500 levels deep, sent unchanged.
    #[serde(borrow)]
    #[schema(schema_with = shapes::event_data)]
    data: &'a RawValue,
    /// Your own id for the event. A repeated request with the same id gets the first response again.
    #[schema(example = "evt_01h455vb4pex5vsknk084sn02q")]
    id: Option<String>,
    /// When the event happened. The default is now.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    occurred_at: Option<String>,
    /// When to deliver the event: at most 30 days ahead. A time in the past means at once. The event goes to
    /// the automations that are on when it is accepted.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-02-01T08:00:00.000Z")]
    deliver_at: Option<String>,
    #[serde(default)]
    #[schema(schema_with = shapes::event_headers)]
    headers: HeadersInput,
}

/// Largest body with one event, in bytes.
pub fn event_bytes_max(state: &ApiState) -> usize {
    state.engine.settings().data_bytes_max + AROUND_DATA_BYTES_MAX
}

/// The bytes of `data`, which was borrowed from `body`.
pub fn data_of(data: &RawValue, body: &Bytes) -> Bytes {
    let data = data.get().as_bytes();
    if data.len() <= COPY_BYTES_MAX {
        Bytes::copy_from_slice(data)
    } else {
        body.slice_ref(data)
    }
}

impl EventInput<'_> {
    /// The checked event, for the engine. `data` decides how to keep its bytes.
    pub(super) fn check(
        self,
        data: impl FnOnce(&RawValue) -> Bytes,
        idempotency_key: Option<String>,
    ) -> Result<Submission, Problem> {
        let mut faults = Faults::default();
        let invalid = |pointer: &'static str, error: &dyn std::fmt::Display, faults: &mut Faults| {
            faults.add(pointer, fault_codes::INVALID_VALUE, error.to_string());
        };
        let event_type = self
            .event_type
            .parse()
            .map_err(|error| invalid("/type", &error, &mut faults));
        let id = self.id.as_deref().map(str::parse).transpose();
        let id = id.map_err(|error| invalid("/id", &error, &mut faults));
        let occurred_at = self.occurred_at.as_deref().map(str::parse).transpose();
        let occurred_at = occurred_at.map_err(|error| invalid("/occurred_at", &error, &mut faults));
        let deliver_at = self.deliver_at.as_deref().map(str::parse).transpose();
        let deliver_at = deliver_at.map_err(|error| invalid("/deliver_at", &error, &mut faults));
        match (event_type, id, occurred_at, deliver_at) {
            (Ok(event_type), Ok(id), Ok(occurred_at), Ok(deliver_at)) => Ok(Submission {
                event_type,
                data: data(self.data),
                id,
                occurred_at,
                idempotency_key,
                deliver_at,
                headers: EventHeaders::new(self.headers.0),
                trace: None,
            }),
            _ => match faults.into_result(Code::InvalidBody) {
                Err(problem) => Err(problem),
                Ok(()) => Err(Problem::internal("an event was refused without a fault")),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::decode;

    fn submission(text: &str) -> Result<Submission, Problem> {
        let body = Bytes::copy_from_slice(text.as_bytes());
        let text = std::str::from_utf8(&body).unwrap();
        decode::<EventInput<'_>>(text)?.check(|data| data_of(data, &body), None)
    }

    #[test]
    fn data_is_kept_byte_for_byte_without_the_space_around_it() {
        for data in [
            "null",
            "{\"a\": 1.0, \"a\":\n1e400}",
            "\"\\ud800\"",
            "[ 1 ]",
            "12345678901234567890.10",
        ] {
            let submission = submission(&format!("{{\"data\":\t {data} \n,\"type\":\"a.b\"}}")).unwrap();
            assert_eq!(submission.data, data.as_bytes(), "{data}");
        }
        let large = format!("\"{}\"", "x".repeat(COPY_BYTES_MAX));
        assert_eq!(
            submission(&format!("{{\"data\":{large},\"type\":\"a\"}}"))
                .unwrap()
                .data,
            large.as_bytes()
        );
    }

    #[test]
    fn data_can_be_deeper_than_the_parser_recurses() {
        for depth in [127, 129, 500, 50_000] {
            let data = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            assert_eq!(
                submission(&format!("{{\"type\":\"a\",\"data\":{data}}}"))
                    .unwrap()
                    .data,
                data.as_bytes()
            );
        }
    }

    #[test]
    fn all_faults_of_an_event_are_reported_together() {
        let problem =
            submission(r#"{"type":"a b","data":1,"id":"acct_1","occurred_at":"now","deliver_at":1}"#)
                .unwrap_err();
        assert_eq!(
            problem.faults()[0].pointer(),
            Some("/deliver_at"),
            "a wrong type comes first"
        );
        let problem =
            submission(r#"{"type":"a b","data":1,"id":"acct_1","occurred_at":"now","deliver_at":"soon"}"#)
                .unwrap_err();
        let pointers: Vec<_> = problem
            .faults()
            .iter()
            .filter_map(|fault| fault.pointer())
            .collect();
        assert_eq!(pointers, ["/type", "/id", "/occurred_at", "/deliver_at"]);
    }

    #[test]
    fn members_are_required_known_and_unique() {
        for (text, pointer, code) in [
            (r#"{"type":"a"}"#, "/data", "required"),
            (r#"{"data":1}"#, "/type", "required"),
            (r#"{"type":"a","data":1,"dta":1}"#, "/dta", "unknown_member"),
            (r#"{"type":"a","data":1,"data":1}"#, "/data", "duplicate_member"),
            (r#"{"type":1,"data":1}"#, "/type", "wrong_type"),
            ("[]", "", "wrong_type"),
        ] {
            let problem = submission(text).unwrap_err();
            let fault = &problem.faults()[0];
            assert_eq!((fault.pointer(), fault.code()), (Some(pointer), code), "{text}");
        }
    }
}
