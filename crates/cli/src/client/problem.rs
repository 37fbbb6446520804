//! Problem documents (RFC 9457) as text.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use crate::display::printable;

/// A problem that the server reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: Option<String>,
    message: String,
    /// The place of each error (a JSON pointer into the request's body, or the name of a parameter or
    /// header), and its detail.
    errors: Vec<(String, String)>,
    /// The document as the server sent it, if it sent one.
    document: Option<Value>,
    /// How long the server asks to wait before another call.
    retry_after: Option<Duration>,
}

impl Problem {
    /// The problem in a response; built from the status if the response holds none.
    pub fn from_response(status: StatusCode, text: &str) -> Self {
        let document: Value = serde_json::from_str(text).unwrap_or_default();
        let field = |name: &str| document[name].as_str().map(str::to_owned);
        let errors: Vec<_> = document["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(entry)
            .collect();
        // With a single error, `detail` repeats that error. With several, `detail` only says how many there
        // are.
        let (message, errors) = match (field("title"), field("detail")) {
            (Some(title), _) if errors.len() > 1 => (title, errors),
            (_, Some(detail)) => (detail, vec![]),
            (Some(title), None) => (title, errors),
            (None, None) => (
                status
                    .canonical_reason()
                    .unwrap_or("the server refused the request")
                    .to_owned(),
                errors,
            ),
        };
        Self {
            status,
            code: field("code"),
            message,
            errors,
            document: document.is_object().then_some(document),
            retry_after: None,
        }
    }

    /// The same problem, after which the server asks to wait this long.
    #[must_use]
    pub fn retry_after(self, retry_after: Option<Duration>) -> Self {
        Self { retry_after, ..self }
    }

    /// How long to wait before the same call can succeed, if it can: as the server says, after a 429 or 503.
    pub fn is_passing(&self) -> Option<Duration> {
        let passes = matches!(
            self.status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        );
        passes.then(|| self.retry_after.unwrap_or_default())
    }

    /// The response's status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The problem document as the server sent it; one of the same shape if it sent none.
    pub fn document(&self) -> Value {
        self.document.clone().unwrap_or_else(|| {
            serde_json::json!({
                "type": "about:blank", "title": self.message, "status": self.status.as_u16(), "detail": self.message,
            })
        })
    }

    /// The stable code, if the response had one.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }
}

fn entry(error: &Value) -> (String, String) {
    let field = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| error[*name].as_str())
            .unwrap_or_default()
            .to_owned()
    };
    (
        field(&["pointer", "parameter", "header"]),
        field(&["detail", "message", "code"]),
    )
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self
            .code
            .as_ref()
            .map(|code| format!(" {code}"))
            .unwrap_or_default();
        let status = self.status.as_u16();
        write!(f, "{} ({status}{})", printable(&self.message), printable(&code))?;
        for (pointer, detail) in &self.errors {
            let pointer = if pointer.is_empty() { "/" } else { pointer };
            write!(f, "\n  at {}: {}", printable(pointer), printable(detail))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_prints_as_a_sentence_and_its_pointers() {
        let text = r#"{"type":"about:blank","title":"Invalid request","status":422,"code":"invalid_body",
            "detail":"Two fields are wrong.","errors":[{"pointer":"/name","detail":"expected a string"},
            {"pointer":"","detail":"unknown field `x`"}]}"#;
        assert_eq!(
            Problem::from_response(StatusCode::UNPROCESSABLE_ENTITY, text).to_string(),
            "Invalid request (422 invalid_body)\n  at /name: expected a string\n  at /: unknown \
             field `x`"
        );
    }

    #[test]
    fn a_response_without_a_problem_document_is_reported_by_its_status() {
        assert_eq!(
            Problem::from_response(StatusCode::BAD_GATEWAY, "<html>").to_string(),
            "Bad Gateway (502)"
        );
        let nasty = "{\"title\":\"\\u001b[2J\"}";
        assert_eq!(
            Problem::from_response(StatusCode::NOT_FOUND, nasty).to_string(),
            "\\u{1b}[2J (404)"
        );
    }
}
