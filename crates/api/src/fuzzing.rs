//! What the fuzzers of `fuzz/` call: the readers of requests, which are private otherwise.

use bytes::Bytes;
use http::{HeaderMap, Uri};
use postrider_storage::{PageRequest, Position};

pub use crate::cursor::ListId;
pub use crate::problem::Problem;
pub use postrider_engine::Submission;

use crate::query::Parameters;
use crate::routes::events::{cloud_events, create, create_batch};
use crate::{cursor, json_body};

/// The event in the body of `POST …/events`.
pub fn event(body: &Bytes) -> Result<Submission, Problem> {
    create::read_event(body, None)
}

/// The events in the body of `POST …/events/batch`: the problem of each, if it has one, and those without.
pub fn batch(body: &[u8]) -> Result<(Vec<Option<Problem>>, Vec<Submission>), Problem> {
    create_batch::read_events(json_body::utf8(body)?, None)
}

/// The CloudEvents of `POST …/events`, in the mode that the headers tell; of a batch, those without a
/// problem.
pub fn cloud_events(headers: &HeaderMap, body: &Bytes) -> Result<Vec<Submission>, Problem> {
    cloud_events::read_any(headers, body)
}

/// The page that the query of a list asks for.
pub fn page(uri: &Uri, list: ListId) -> Result<PageRequest, Problem> {
    let mut parameters = Parameters::of(uri);
    let page = parameters.page(list);
    parameters.finish().map(|()| page)
}

/// The cursor for a position in a list.
pub fn cursor_of(list: ListId, position: Position) -> String {
    cursor::encode(list, position)
}

/// The position of a cursor, if it is one of this list.
pub fn position_of(list: ListId, text: &str) -> Option<Position> {
    cursor::decode(list, text)
}
