//! The table of deliveries: a fragment that pages contain and their streams send.

use askama::Template;
use postrider_configuration::AccountEntry;
use postrider_model::{Delivery, Timestamp};

use crate::view::status::Badge;
use crate::view::time::Moment;
use crate::view::{action, markup, response};

/// Deliveries, as rows.
#[derive(Template)]
#[template(path = "deliveries/rows.html")]
pub struct Rows {
    /// The table's caption, for screen readers.
    pub caption: &'static str,
    /// The rows.
    pub rows: Vec<Row>,
    /// Whether rows show the event type; the page of one event does not.
    pub shows_type: bool,
}

markup!(Rows);

/// A delivery in a table.
pub struct Row {
    key: String,
    href: String,
    badge: Badge,
    event_type: String,
    /// The action's present target; `None` if the action was deleted.
    url: Option<String>,
    response: Option<String>,
    attempts: u32,
    created: Moment,
    next: Option<Moment>,
}

impl Row {
    /// A row of an account's table.
    pub fn of(delivery: &Delivery, entry: &AccountEntry, now: Timestamp) -> Self {
        let found = entry.action(delivery.action);
        Self {
            key: delivery.id.to_string(),
            href: format!("/accounts/{}/deliveries/{}", delivery.account, delivery.id),
            badge: Badge::of_delivery(delivery),
            event_type: delivery.event_type.as_str().to_owned(),
            url: found.map(|(_, found)| action::target(found).to_owned()),
            response: match found.is_some_and(|(_, found)| action::is_email(found)) {
                true => response::short_of_email(delivery.last_status_code, delivery.last_outcome),
                false => response::short(delivery.last_status_code, delivery.last_outcome),
            },
            attempts: delivery.progress.attempts,
            created: Moment::new(delivery.created_at, now),
            next: delivery
                .next_attempt_at
                .filter(|_| delivery.progress.attempts > 0)
                .map(|at| Moment::due(at, now)),
        }
    }
}
