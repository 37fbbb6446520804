//! A delivery and its attempts, in order of time.

use serde_json::Value;

use crate::display::{Paint, Record, cell, printable, time};

/// Most lines of a response body that are shown; `--json` prints everything that is stored.
const BODY_LINES_MAX: usize = 20;

/// The delivery as text.
pub fn render(delivery: &Value, paint: Paint) -> String {
    let mut text = Record::new()
        .field("Delivery", cell(&delivery["id"]))
        .field("Status", cell(&delivery["status"]))
        .field("Event", cell(&delivery["event_id"]))
        .field("Type", cell(&delivery["event_type"]))
        .field("Automation", cell(&delivery["automation_id"]))
        .field("Action", cell(&delivery["action_id"]))
        .field("Created", time(&delivery["created_at"]))
        .field("Completed", time(&delivery["settled_at"]))
        .field("Next attempt", time(&delivery["next_attempt_at"]))
        .render(paint);
    for attempt in delivery["attempts"].as_array().into_iter().flatten() {
        text.push('\n');
        text.push_str(&render_attempt(attempt, paint));
    }
    text
}

/// One attempt in a line: `attempt 2  HTTP 503, bad_status in 12 ms, next attempt at 09:30:10Z`.
pub fn attempt_line(attempt: &Value, delivery: &Value, paint: Paint) -> String {
    let error = attempt["error"].as_str();
    let error = error
        .map(|error| format!(" ({})", printable(error)))
        .unwrap_or_default();
    let is_latest = attempt["number"] == delivery["attempt_count"];
    let next = match (delivery["next_attempt_at"].as_str(), delivery["status"].as_str()) {
        _ if !is_latest => String::new(),
        (Some(_), _) => {
            let at = time(&delivery["next_attempt_at"]);
            format!(
                ", {}",
                paint.yellow(&format!("next attempt at {}", at.get(11..).unwrap_or(&at)))
            )
        }
        (None, Some("failed")) => format!(", {}", paint.red("no retry left")),
        _ => String::new(),
    };
    let to = match &attempt["url"] {
        Value::String(url) => printable(url).into_owned(),
        _ => printable(&cell(&attempt["recipients"])).into_owned(),
    };
    format!(
        "  {}  {}{error} in {} ms{next}  {}",
        paint.bold(&format!("attempt {}", cell(&attempt["number"]))),
        outcome_in_words(attempt, paint),
        cell(&attempt["duration_ms"]),
        paint.dim(&to),
    )
}

/// The outcome with the status code, if there is one, in its colour.
fn outcome_in_words(attempt: &Value, paint: Paint) -> String {
    let outcome = attempt["outcome"].as_str().unwrap_or_default();
    let protocol = match attempt["dialogue"] {
        Value::Array(_) => "SMTP",
        _ => "HTTP",
    };
    match (outcome, &attempt["status_code"]) {
        ("succeeded", status) => paint.green(&format!("{protocol} {}, succeeded", cell(status))),
        (_, Value::Null) => paint.red(outcome),
        (_, status) => paint.red(&format!("{protocol} {}, {outcome}", cell(status))),
    }
}

fn render_attempt(attempt: &Value, paint: Paint) -> String {
    let outcome_words = outcome_in_words(attempt, paint);
    let started = attempt["started_at"]
        .as_str()
        .unwrap_or_default()
        .replace('T', " ");
    let mut text = format!(
        "{}  {}  {outcome_words}, {} ms\n",
        paint.bold(&format!("Attempt {}", cell(&attempt["number"]))),
        printable(&started),
        cell(&attempt["duration_ms"]),
    );
    if let Some(error) = attempt["error"].as_str() {
        text.push_str(&format!("  {}\n", paint.red(&printable(error))));
    }
    if let Value::Array(steps) = &attempt["dialogue"] {
        text.push_str(&dialogue(attempt, steps, paint));
        return text;
    }
    text.push_str(&format!(
        "  {} POST {}\n",
        paint.dim(">"),
        printable(&cell(&attempt["url"]))
    ));
    text.push_str(&headers(&attempt["request_headers"], ">", paint));
    text.push_str(&headers(&attempt["response_headers"], "<", paint));
    text.push_str(&body(attempt, paint));
    text
}

/// The recipients, the mail server if it is shown, and what was said to it.
fn dialogue(attempt: &Value, steps: &[Value], paint: Paint) -> String {
    let mut text = format!("  To {}", printable(&cell(&attempt["recipients"])));
    if let Some(server) = attempt["mail_server"].as_str() {
        let tls = attempt["tls"].as_str().unwrap_or("no encryption");
        text.push_str(&format!(", by {} ({})", printable(server), printable(tls)));
    }
    text.push('\n');
    for step in steps {
        text.push_str(&format!(
            "  {} {}\n",
            paint.dim(">"),
            printable(&cell(&step["command"]))
        ));
        for line in step["reply"].as_str().unwrap_or_default().lines() {
            text.push_str(&format!(
                "  {} {} {}\n",
                paint.dim("<"),
                cell(&step["code"]),
                printable(line)
            ));
        }
    }
    text
}

fn headers(headers: &Value, mark: &str, paint: Paint) -> String {
    let line = |header: &Value| {
        let (name, value) = (cell(&header["name"]), cell(&header["value"]));
        format!(
            "  {} {}: {}\n",
            paint.dim(mark),
            paint.cyan(&printable(&name)),
            printable(&value)
        )
    };
    headers.as_array().into_iter().flatten().map(line).collect()
}

fn body(attempt: &Value, paint: Paint) -> String {
    let body = attempt["response_body"].as_str().unwrap_or_default();
    let mut text: String = body
        .lines()
        .take(BODY_LINES_MAX)
        .map(|line| format!("  {} {}\n", paint.dim("│"), printable(line)))
        .collect();
    let hidden = body.lines().count().saturating_sub(BODY_LINES_MAX);
    if hidden > 0 {
        text.push_str(&paint.dim(&format!("  │ … {hidden} more lines: see --json\n")));
    }
    if attempt["response_truncated"].as_bool() == Some(true) {
        text.push_str(&paint.dim("  │ … truncated: the response was longer than response_bytes_kept\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_of_an_email_shows_the_dialogue() {
        let attempt = serde_json::json!({
            "number": 1, "started_at": "2026-01-31T09:30:00.130Z", "duration_ms": 7, "outcome": "bad_status",
            "status_code": 550, "error": "refused", "recipients": "a@x.example", "mail_server": "mail:25", "tls": null,
            "dialogue": [
                {"command": "MAIL FROM:<b@x.example>", "code": 250, "reply": "Ok"},
                {"command": "RCPT TO:<a@x.example>", "code": 550, "reply": "no such\n\u{1b}user"},
            ],
        });
        assert_eq!(
            render_attempt(&attempt, Paint::PLAIN),
            "\
Attempt 1  2026-01-31 09:30:00.130Z  SMTP 550, bad_status, 7 ms
  refused
  To a@x.example, by mail:25 (no encryption)
  > MAIL FROM:<b@x.example>
  < 250 Ok
  > RCPT TO:<a@x.example>
  < 550 no such
  < 550 \\u{1b}user
"
        );
    }

    #[test]
    fn attempts_show_the_request_and_the_response() {
        let delivery = serde_json::json!({
            "id": "dlv_1", "status": "pending", "event_id": "evt_1", "event_type": "a.b",
            "created_at": "2026-01-31T09:30:00.123Z", "next_attempt_at": "2026-01-31T09:30:10.200Z",
            "attempts": [
                {"number": 1, "started_at": "2026-01-31T09:30:00.130Z", "duration_ms": 7, "outcome": "bad_status",
                 "status_code": 500, "url": "http://x/", "request_headers": [{"name": "webhook-id", "value": "evt_1"}],
                 "response_headers": [{"name": "content-type", "value": "text/plain"}], "response_body": "a\n\u{1b}[2J"},
                {"number": 2, "started_at": "2026-01-31T09:30:10.130Z", "duration_ms": 3, "outcome": "connect_error",
                 "status_code": null, "error": "connection refused", "url": "http://x/", "request_headers": [],
                 "response_headers": [], "response_body": ""},
            ],
        });
        assert_eq!(
            render(&delivery, Paint::PLAIN),
            "\
Delivery      dlv_1
Status        pending
Event         evt_1
Type          a.b
Created       2026-01-31 09:30:00Z
Next attempt  2026-01-31 09:30:10Z

Attempt 1  2026-01-31 09:30:00.130Z  HTTP 500, bad_status, 7 ms
  > POST http://x/
  > webhook-id: evt_1
  < content-type: text/plain
  │ a
  │ \\u{1b}[2J

Attempt 2  2026-01-31 09:30:10.130Z  connect_error, 3 ms
  connection refused
  > POST http://x/
"
        );
    }
}
