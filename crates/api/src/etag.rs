//! Entity tags of objects that can be changed, `If-Match` and `If-None-Match` (RFC 9110, sections 8.8.3,
//! 13.1.1 and 13.1.2).
//!
//! A client that read an object sends its tag with a change. The change is then made only if nobody else has
//! changed the object since: the store compares the version and makes the change in one step. A tag stands
//! for what clients can change: figures and health change without it. `PUT` also takes `If-None-Match: *`,
//! and then creates but does not replace.

use std::convert::Infallible;
use std::fmt;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use postrider_model::{Account, Automation, Connection, EventType};
use utoipa::IntoParams;

use crate::problem::{Code, Problem};

/// Longest value of a condition, in bytes. The longest tag, of an event type, has 145.
const CONDITION_BYTES_MAX: usize = 1_024;

/// The tag of an object, with its quotation marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag(String);

/// The condition of a change.
#[derive(Debug, Clone, Default)]
pub struct IfMatch(Option<Vec<String>>);

/// The conditions of a `PUT`, which creates or replaces.
#[derive(Debug, Clone, Default)]
pub struct PutConditions {
    if_match: IfMatch,
    if_none_match: Option<Vec<String>>,
}

/// Headers of a request that creates or replaces an object.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes what [`PutConditions`] takes")]
pub struct IfNoneMatchHeader {
    /// `*`: create the object. If it exists already, the response is 412 and nothing changes. The check and
    /// the change are one step.
    #[param(rename = "If-None-Match", max_length = 1024, example = "*")]
    if_none_match: Option<String>,
}

/// Headers of a request that changes an object.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes what [`IfMatch`] takes")]
pub struct IfMatchHeader {
    /// The `ETag` of the object that the change is based on. If the object has another tag now, the response
    /// is 412 and nothing changes. The check and the change are one step.
    #[param(
        rename = "If-Match",
        max_length = 1024,
        example = "\"auto_01h455vb4pex5vsknk084sn02q.3\""
    )]
    if_match: Option<String>,
}

impl Tag {
    pub(crate) fn of_account(account: &Account) -> Self {
        Self::of(account.id, account.version)
    }

    pub(crate) fn of_automation(automation: &Automation) -> Self {
        Self::of(automation.id, automation.version)
    }

    pub(crate) fn of_connection(connection: &Connection) -> Self {
        Self::of(connection.id, connection.version)
    }

    /// An event type has no version, but each change raises its time.
    pub(crate) fn of_event_type(event_type: &EventType) -> Self {
        Self::of(&event_type.name, event_type.updated_at.unix_ms())
    }

    /// The id tells an object from an earlier one of the same uid.
    fn of(id: impl fmt::Display, version: i64) -> Self {
        Self(format!("\"{id}.{version}\""))
    }
}

impl IntoResponseParts for Tag {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        // Ids and names of event types are visible ASCII.
        if let Ok(value) = HeaderValue::from_str(&self.0) {
            parts.headers_mut().insert(header::ETAG, value);
        }
        Ok(parts)
    }
}

impl IfMatch {
    fn of(headers: &HeaderMap) -> Self {
        Self(tags_of(headers, &header::IF_MATCH, ""))
    }

    /// Whether the request has a condition.
    pub fn is_present(&self) -> bool {
        self.0.is_some()
    }

    /// Checks the condition against the object as it is now; `None` if it does not exist.
    pub fn check(&self, current: Option<&Tag>) -> Result<(), Problem> {
        let Some(tags) = &self.0 else {
            return Ok(());
        };
        let Some(current) = current else {
            return Err(failed("the object does not exist".to_owned()));
        };
        match tags.iter().any(|tag| tag == "*" || *tag == current.0) {
            true => Ok(()),
            false => Err(failed(format!(
                "the object has the tag {} now; read it, and make the change again",
                current.0
            ))),
        }
    }

    /// The problem of a change that another one has overtaken.
    pub fn overtaken() -> Problem {
        failed(
            "another request changed the object at the same time; read it, and make the change again"
                .to_owned(),
        )
    }
}

impl PutConditions {
    fn of(headers: &HeaderMap) -> Self {
        Self {
            if_match: IfMatch::of(headers),
            // Of two readings, the one that changes nothing.
            if_none_match: tags_of(headers, &header::IF_NONE_MATCH, "*"),
        }
    }

    /// Whether the request has a condition.
    pub fn is_present(&self) -> bool {
        self.if_match.is_present() || self.if_none_match.is_some()
    }

    /// Checks the conditions against the object as it is now; `None` if it does not exist.
    pub fn check(&self, current: Option<&Tag>) -> Result<(), Problem> {
        self.if_match.check(current)?;
        let (Some(tags), Some(current)) = (&self.if_none_match, current) else {
            return Ok(());
        };
        match tags.iter().any(|tag| tag == "*" || *tag == current.0) {
            false => Ok(()),
            true => Err(failed(format!(
                "the object exists already, with the tag {}; read it, and send its tag as If-Match to replace it",
                current.0
            ))),
        }
    }
}

/// The tags of all headers of this name; `None` if there is none. `unread` stands for a value that is too
/// long or not text.
fn tags_of(headers: &HeaderMap, name: &HeaderName, unread: &str) -> Option<Vec<String>> {
    let mut values = headers.get_all(name).iter().peekable();
    values.peek()?;
    let texts = values.map(|value| {
        let fits = value.len() <= CONDITION_BYTES_MAX;
        value.to_str().ok().filter(|_| fits).unwrap_or(unread)
    });
    let tags = texts.flat_map(|text| text.split(','));
    // A proxy that compresses responses turns their tags into weak ones. Ours stand for a version and not for
    // bytes, so a weak one is as good.
    let tags = tags.map(|tag| {
        let tag = tag.trim();
        tag.strip_prefix("W/").unwrap_or(tag).to_owned()
    });
    Some(tags.collect())
}

fn failed(detail: String) -> Problem {
    Problem::new(Code::PreconditionFailed, detail)
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

impl<S: Sync> FromRequestParts<S> for PutConditions {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

/// A response with the tag of its object.
pub fn tagged(tag: Tag, view: impl IntoResponse) -> Response {
    (tag, view).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(values: &[&str], current: Option<&str>) -> Option<Code> {
        let headers: HeaderMap = values
            .iter()
            .map(|value| (header::IF_MATCH, value.parse().unwrap()))
            .collect();
        let current = current.map(|tag| Tag(tag.to_owned()));
        let result = IfMatch::of(&headers).check(current.as_ref());
        result.err().map(|problem| problem.code())
    }

    #[test]
    fn a_change_with_a_condition_is_based_on_the_current_object() {
        let now = Some("\"a.2\"");
        for values in [
            &[] as &[&str],
            &["*"],
            &["\"a.2\""],
            &["W/\"a.2\""],
            &["\"a.1\", \"a.2\""],
            &["\"a.1\"", "\"a.2\""],
        ] {
            assert_eq!(checked(values, now), None, "{values:?}");
        }
        for values in [
            &["\"a.1\""] as &[&str],
            &["a.2"],
            &[""],
            &["\"a.22\""],
            &["\"b.2\""],
        ] {
            assert_eq!(checked(values, now), Some(Code::PreconditionFailed), "{values:?}");
        }
        let oversized = "*,".repeat(CONDITION_BYTES_MAX);
        assert_eq!(checked(&[&oversized], now), Some(Code::PreconditionFailed));
        assert_eq!(checked(&["*"], None), Some(Code::PreconditionFailed));
        assert_eq!(checked(&[], None), None);
    }

    #[test]
    fn a_put_that_may_only_create_finds_no_object() {
        let holds = |value: &str, current: Option<&str>| {
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, value.parse().unwrap())]);
            let current = current.map(|tag| Tag(tag.to_owned()));
            let conditions = PutConditions::of(&headers);
            assert!(conditions.is_present());
            conditions.check(current.as_ref()).is_ok()
        };
        assert!(holds("*", None) && !holds("*", Some("\"a.2\"")));
        assert!(holds("\"a.1\"", Some("\"a.2\"")) && holds("\"a.1\"", None));
        assert!(!holds("\"a.1\", W/\"a.2\"", Some("\"a.2\"")));
        let oversized = format!("\"{}\"", "a".repeat(CONDITION_BYTES_MAX));
        assert!(
            !holds(&oversized, Some("\"a.2\"")),
            "what was not read does not hold"
        );
    }
}
