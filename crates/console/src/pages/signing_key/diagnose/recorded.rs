//! What the record says about a pasted request whose signatures do not match: what Postrider sent for its
//! event.

use postrider_model::delivery::BodySpec;
use postrider_model::{ActionId, EventId};
use postrider_storage::DeliveryFilter;
use serde_json::Value;

use super::request::Pasted;
use crate::pages::deliveries::attempt::Sent;
use crate::paging;
use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::account::InAccount;

/// Most different bodies of an event that are compared. Few events have more than two.
const BODIES_MAX: usize = 10;

/// Characters that are shown before and after the first difference.
const AROUND: usize = 24;

/// What the record says.
#[derive(Debug, PartialEq, Eq)]
pub enum Recorded {
    /// The account has no such event.
    NoEvent(String),
    /// The event was not sent by a webhook.
    NotSent(String),
    /// The pasted body is what was sent.
    Same(String),
    /// Something else was sent.
    Differs {
        /// The event.
        event: String,
        /// The first difference.
        at: Difference,
    },
}

/// Where two texts begin to differ.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// What was sent around there.
    pub sent: String,
    /// What was pasted around there.
    pub pasted: String,
}

/// Compares a pasted body with what was sent for its event. `None` if the request names no event.
pub async fn compare(app: &App, account: &InAccount, pasted: &Pasted) -> Result<Option<Recorded>, Refusal> {
    let Some(id) = event_of(pasted) else {
        return Ok(None);
    };
    let event = id.to_string();
    let Some(stored) = app.figures.event(account.id(), id).await? else {
        return Ok(Some(Recorded::NoEvent(event)));
    };
    let filter = DeliveryFilter {
        event: Some(id),
        ..DeliveryFilter::default()
    };
    let deliveries = app
        .figures
        .deliveries(account.id(), &filter, paging::request(None))
        .await?;
    let mut kinds: Vec<(ActionId, BodySpec)> = Vec::new();
    for delivery in deliveries.items {
        let (action, spec) = (delivery.action, delivery.body);
        // Only templates differ by action.
        let is_built_in = matches!(spec, BodySpec::BuiltIn { .. });
        let mut known = kinds.iter().filter(|(_, other)| *other == spec);
        let is_known = known.any(|(other, _)| is_built_in || *other == action);
        if !is_known && kinds.len() < BODIES_MAX {
            kinds.push((action, spec));
        }
    }
    let mut nearest: Option<(usize, String)> = None;
    for (action, spec) in kinds {
        let sent = Sent::of(app, &account.entry, &stored, action, spec).await?;
        let Some(sent) = sent.into_body() else {
            continue;
        };
        if pasted.bodies().any(|body| body == sent.as_bytes()) {
            return Ok(Some(Recorded::Same(event)));
        }
        let common = common(sent.as_bytes(), pasted.body());
        if nearest.as_ref().is_none_or(|(known, _)| *known < common) {
            nearest = Some((common, sent));
        }
    }
    Ok(Some(match nearest {
        None => Recorded::NotSent(event),
        Some((_, sent)) => Recorded::Differs {
            event,
            at: difference(&sent, &String::from_utf8_lossy(pasted.body())),
        },
    }))
}

/// The event of a request: the first id of one among its headers, or the member `id` of its body.
fn event_of(pasted: &Pasted) -> Option<EventId> {
    let in_headers = pasted.header_values().find_map(|value| value.trim().parse().ok());
    in_headers.or_else(|| {
        let body: Value = serde_json::from_slice(pasted.body()).ok()?;
        body["id"].as_str()?.parse().ok()
    })
}

fn common(one: &[u8], other: &[u8]) -> usize {
    one.iter()
        .zip(other)
        .take_while(|(one, other)| one == other)
        .count()
}

/// The first difference of two texts that are not equal.
fn difference(sent: &str, pasted: &str) -> Difference {
    let at = sent
        .chars()
        .zip(pasted.chars())
        .take_while(|(one, other)| one == other)
        .count();
    let before: Vec<char> = sent.chars().take(at).collect();
    let line_begins = before
        .iter()
        .rposition(|character| *character == '\n')
        .map_or(0, |found| found + 1);
    Difference {
        line: 1 + before.iter().filter(|character| **character == '\n').count(),
        column: 1 + at - line_begins,
        sent: around(sent, at),
        pasted: around(pasted, at),
    }
}

/// The characters around this one. Invisible ones are escaped.
fn around(text: &str, at: usize) -> String {
    let first = at.saturating_sub(AROUND);
    let mut shown = if first > 0 { "…" } else { "" }.to_owned();
    let mut rest = text.chars().skip(first);
    for character in rest.by_ref().take(at - first + AROUND) {
        match character.is_control() || character == '\u{feff}' {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
    }
    if rest.next().is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_shown_with_its_place_and_what_is_around() {
        let found = difference("{\n  \"a\": 1,\n  \"ä\": 2\n}", "{\n  \"a\": 1,\n  \"ä\": 3\n}");
        assert_eq!((found.line, found.column), (3, 8));
        assert_eq!(found.sent, "{\\n  \"a\": 1,\\n  \"ä\": 2\\n}");
        assert_eq!(found.pasted, "{\\n  \"a\": 1,\\n  \"ä\": 3\\n}");
        let long = "x".repeat(100);
        let found = difference(&format!("{long}a{long}"), &format!("{long}a"));
        assert_eq!((found.line, found.column), (1, 102));
        assert_eq!(found.sent, format!("…{}a{}…", "x".repeat(23), "x".repeat(24)));
        assert_eq!(found.pasted, format!("…{}a", "x".repeat(23)));
        assert_eq!(difference("{}", "\u{feff}{}").pasted, "\\u{feff}{}");
        assert_eq!(difference("", "a").sent, "");
    }
}
