//! A batch of events: a JSON array of events in structured mode.

use axum::body::HttpBody;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use postrider_engine::Submission;
use postrider_model::{AccountId, TraceContext};
use postrider_web::body::Collected;
use postrider_web::body_budget::Owner;
use postrider_web::trace::tell_account;
use serde_json::value::RawValue;

use super::{problem_of, structured};
use crate::decode::decode_array;
use crate::idempotency_key::{idempotency_key, key_of_item};
use crate::json_body::{read, utf8};
use crate::problem::{Problem, fault_codes};
use crate::query::no_parameters;
use crate::rate_limits::told;
use crate::router::ApiState;
use crate::routes::events::accepted::response;
use crate::routes::events::create_batch::{EVENTS_MAX, RawEvents, batch_bytes_max, results_of, write_batch};

/// Accepts a batch. The response has this status and the body that a batch of Postrider's own JSON gets.
pub async fn accept_batch<B>(
    state: &ApiState,
    account: AccountId,
    request: http::Request<B>,
    status: StatusCode,
) -> Result<Response, Problem>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    no_parameters(request.uri())?;
    let key = idempotency_key(request.headers())?.map(str::to_owned);
    let trace: Option<TraceContext> = request.extensions().get().copied();
    let bytes_max = batch_bytes_max(state.engine.settings().data_bytes_max);
    let limits = state.body_limits(bytes_max, Owner::Account(account));
    // The room stays taken until the events are stored, because they were copied out of the body.
    let Collected {
        bytes: body,
        room: _room,
    } = read(request, limits).await?;
    let (refusals, mut submissions) = read_events(utf8(&body)?, key.as_deref())?;
    drop(body);
    for submission in &mut submissions {
        submission.trace = trace;
    }
    let standing = state.rate_limits.events_of(account, submissions.len())?;
    let results = match submissions.is_empty() {
        true => Vec::new(),
        false => state.engine.accept(account, submissions).await?,
    };
    let results = results.into_iter().map(|result| result.map_err(problem_of));
    let items = results_of(refusals, results, pointer_of);
    let json = write_batch(items, state.problem_pages()).map_err(Problem::internal)?;
    let mut response = response(status, json);
    tell_account(trace, account, response.extensions_mut());
    Ok(told(response, standing))
}

/// The problem of each event, if it has one, and the submissions of the events that have none.
pub(super) fn read_events(
    text: &str,
    key: Option<&str>,
) -> Result<(Vec<Option<Problem>>, Vec<Submission>), Problem> {
    let RawEvents::Few(events) = decode_array(text)? else {
        let detail = format!("a batch can have at most {EVENTS_MAX} events");
        return Err(Problem::body("", fault_codes::TOO_MANY, detail));
    };
    let mut submissions = Vec::with_capacity(events.len());
    let refusals = events.into_iter().enumerate().map(|(index, event)| {
        let key = key.map(|key| key_of_item(key, index));
        // Copy the data: a slice would keep the whole batch in memory as long as one of its events waits.
        let copy = |data: &RawValue| Bytes::copy_from_slice(data.get().as_bytes());
        match structured::read_text(event.get(), copy, key) {
            Ok(submission) => {
                submissions.push(submission);
                None
            }
            Err(problem) => Some(problem.within(&pointer_of(index))),
        }
    });
    Ok((refusals.collect(), submissions))
}

fn pointer_of(index: usize) -> String {
    format!("/{index}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_event_is_refused_alone_with_a_pointer_into_the_batch() {
        let event = |more: &str| format!(r#"{{"specversion":"1.0","id":"1","source":"/s"{more}}}"#);
        let events = [
            event(r#","type":"a""#),
            event(""),
            "7".to_owned(),
            event(r#","type":"b","data":2"#),
        ];
        let (refusals, submissions) = read_events(&format!("[{}]", events.join(",")), None).unwrap();
        let pointers = refusals
            .iter()
            .map(|refusal| refusal.as_ref().and_then(|p| p.faults()[0].pointer()));
        assert_eq!(
            pointers.collect::<Vec<_>>(),
            [None, Some("/1/type"), Some("/2"), None]
        );
        assert_eq!(submissions.len(), 2);
        assert_eq!(submissions[1].data, "2");
    }

    #[test]
    fn batches_are_bounded_arrays() {
        assert!(read_events("[]", None).unwrap().0.is_empty());
        let code = |text: &str| read_events(text, None).map(|_| ()).unwrap_err().faults()[0].code();
        assert_eq!(code("{}"), "wrong_type");
        assert_eq!(code(&format!("[{}]", vec!["1"; 1_001].join(","))), "too_many");
    }
}
