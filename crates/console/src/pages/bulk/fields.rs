//! The filter of a replay or of canceling, as people choose it.

use std::str::FromStr;

use postrider_configuration::Fault;
use postrider_model::{DeliveryStatus, EventTypeName, Outcome, Timestamp};
use postrider_storage::DeliveryFilter;

use super::verb::Verb;
use crate::pages::deliveries::moment::MomentField;

/// The code of the fault for a missing filter.
pub const FILTER_REQUIRED: &str = "filter_required";

/// The fields of the filter. Each is also a parameter of the page's address, named as in the list of
/// deliveries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    /// Created at this time or later; empty for any.
    pub from: MomentField,
    /// Created before this time.
    pub to: MomentField,
    /// For a replay `failed`, `succeeded`, `canceled`, or `all` of them, which requires another filter; to
    /// cancel always `pending`.
    pub status: String,
    /// An event type; empty for any.
    pub event_type: String,
    /// An event's id; empty for any.
    pub event: String,
    /// An automation's id; empty for any.
    pub automation: String,
    /// An action's id; empty for any.
    pub action: String,
    /// A status code of the last response, such as `503`, or a class, such as `5xx`; empty for any.
    pub status_code: String,
    /// An outcome of the last attempt, by its name in the API; empty for any.
    pub outcome: String,
}

impl Fields {
    /// Reads the fields by name from a query or a form.
    pub fn of<'a>(verb: Verb, get: impl Fn(&str) -> Option<&'a str>) -> Self {
        let text = |name| get(name).unwrap_or_default().trim().to_owned();
        let status = match (verb, get("status")) {
            (Verb::Cancel, _) => "pending",
            (Verb::Replay, None | Some("pending")) => "failed",
            (Verb::Replay, Some(status)) => status,
        };
        Self {
            from: MomentField::of(get("after")),
            to: MomentField::of(get("before")),
            status: status.to_owned(),
            event_type: text("type"),
            event: text("event"),
            automation: text("automation"),
            action: text("action"),
            status_code: text("status_code"),
            outcome: text("outcome"),
        }
    }

    /// The filter, and the faults of the fields. It matches no delivery created at `now` or later: those are
    /// not part of the count.
    pub fn filter(&self, now: Timestamp) -> (DeliveryFilter, Vec<Fault>) {
        let mut faults = Vec::new();
        if self.is_unfiltered() {
            faults.push(Fault {
                pointer: "/status".to_owned(),
                code: FILTER_REQUIRED,
                detail: "choose a status or set another filter".to_owned(),
            });
        }
        let before = time(&self.to, "/to", &mut faults).map_or(now, |to| to.min(now));
        let filter = DeliveryFilter {
            status: status(&self.status, &mut faults),
            event: parsed(
                &self.event,
                "/event",
                "is not the id of an event, such as “evt_01h455vb4pex5vsknk084sn02q”",
                &mut faults,
            ),
            automation: parsed(
                &self.automation,
                "/automation",
                "is not the id of an automation, such as “auto_01h455vb4pex5vsknk084sn02q”",
                &mut faults,
            ),
            action: parsed(
                &self.action,
                "/action",
                "is not the id of an action, such as “act_01h455vb4pex5vsknk084sn02q”",
                &mut faults,
            ),
            event_type: event_type(&self.event_type, &mut faults),
            after: time(&self.from, "/from", &mut faults),
            before: Some(before),
            status_code: parsed(
                &self.status_code,
                "/status_code",
                "is neither a status code, such as “503”, nor a class, such as “5xx”",
                &mut faults,
            ),
            outcome: outcome(&self.outcome, &mut faults),
        };
        (filter, faults)
    }

    /// Whether every delivery of the account would match.
    fn is_unfiltered(&self) -> bool {
        let others = [
            &self.from.text,
            &self.to.text,
            &self.event_type,
            &self.event,
            &self.automation,
            &self.action,
            &self.status_code,
            &self.outcome,
        ];
        self.status == "all" && others.iter().all(|field| field.is_empty())
    }
}

/// The time in a field; `None`, and a fault if the field is not empty, if it is none.
pub fn time(field: &MomentField, pointer: &str, faults: &mut Vec<Fault>) -> Option<Timestamp> {
    if field.is_wrong() {
        faults.push(Fault {
            pointer: pointer.to_owned(),
            code: "invalid_value",
            detail: "is not a date and time, such as “2026-11-24 15:40”".to_owned(),
        });
    }
    field.at
}

/// The event type in a field; `None`, and a fault if the field is not empty, if it is none.
pub fn event_type(text: &str, faults: &mut Vec<Fault>) -> Option<EventTypeName> {
    parsed(
        text,
        "/event_type",
        "is not an event type, such as “invoice.paid”",
        faults,
    )
}

/// The status of this name; `None` for `all`, and a fault if there is none.
fn status(name: &str, faults: &mut Vec<Fault>) -> Option<DeliveryStatus> {
    let status = DeliveryStatus::from_name(name);
    if status.is_none() && name != "all" {
        faults.push(Fault {
            pointer: "/status".to_owned(),
            code: "invalid_value",
            detail: format!("“{name}” is not a status; choose one"),
        });
    }
    status
}

/// The outcome of this name; `None`, and a fault if the field is not empty, if there is none.
fn outcome(name: &str, faults: &mut Vec<Fault>) -> Option<Outcome> {
    let outcome = Outcome::from_name(name);
    if outcome.is_none() && !name.is_empty() {
        faults.push(Fault {
            pointer: "/outcome".to_owned(),
            code: "invalid_value",
            detail: "is not an outcome of an attempt".to_owned(),
        });
    }
    outcome
}

fn parsed<T: FromStr>(text: &str, pointer: &str, detail: &str, faults: &mut Vec<Fault>) -> Option<T> {
    if text.is_empty() {
        return None;
    }
    let parsed = text.parse().ok();
    if parsed.is_none() {
        faults.push(Fault {
            pointer: pointer.to_owned(),
            code: "invalid_value",
            detail: detail.to_owned(),
        });
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_ms(1_795_534_863_120);

    fn filter(fields: &[(&str, &str)]) -> (DeliveryFilter, Vec<String>) {
        let get = |name: &str| {
            fields
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| *value)
        };
        let (filter, faults) = Fields::of(Verb::Replay, get).filter(NOW);
        (filter, faults.into_iter().map(|fault| fault.pointer).collect())
    }

    #[test]
    fn an_empty_form_replays_everything_that_failed_until_now() {
        let (filter, faults) = filter(&[]);
        assert!(faults.is_empty());
        let expected = DeliveryFilter {
            status: Some(DeliveryStatus::Failed),
            before: Some(NOW),
            ..DeliveryFilter::default()
        };
        assert_eq!(filter, expected);
    }

    #[test]
    fn only_pending_deliveries_are_canceled_and_none_is_replayed() {
        for given in [None, Some("all"), Some("failed"), Some("pending")] {
            let status = |verb| {
                let get = |name: &str| given.filter(|_| name == "status");
                Fields::of(verb, get).filter(NOW).0.status
            };
            assert_eq!(status(Verb::Cancel), Some(DeliveryStatus::Pending), "{given:?}");
            assert_ne!(status(Verb::Replay), Some(DeliveryStatus::Pending), "{given:?}");
        }
    }

    #[test]
    fn times_are_read_as_utc_however_they_are_written() {
        let expected: Timestamp = "2026-01-31T10:30:00Z".parse().unwrap();
        for text in [
            "2026-01-31T10:30",
            "2026-01-31 10:30",
            "2026-01-31T10:30:00",
            "2026-01-31T10:30:00.000",
            "2026-01-31T10:30:00Z",
            "2026-01-31T11:30:00+01:00",
        ] {
            let (filter, faults) = filter(&[("after", text), ("before", text)]);
            assert_eq!(
                (filter.after, filter.before),
                (Some(expected), Some(expected)),
                "{text}"
            );
            assert!(faults.is_empty());
        }
    }

    #[test]
    fn later_deliveries_are_not_included() {
        let (filter, _) = filter(&[("before", "2030-01-01")]);
        assert_eq!(filter.before, Some(NOW));
    }

    #[test]
    fn an_invalid_filter_is_reported_and_never_ignored() {
        let (_, faults) = filter(&[
            ("after", "yesterday"),
            ("before", "é"),
            ("type", "a b"),
            ("status", "bogus"),
            ("automation", "x"),
            ("action", "auto_x"),
        ]);
        assert_eq!(
            faults,
            ["/to", "/status", "/automation", "/action", "/event_type", "/from"]
        );
    }
}
