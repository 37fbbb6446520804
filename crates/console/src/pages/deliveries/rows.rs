//! The table of deliveries: a fragment that pages contain and their streams send.

use askama::Template;
use postrider_configuration::AccountEntry;
use postrider_model::{Delivery, DeliveryStatus, Timestamp};

use crate::refusal::Refusal;
use crate::state::App;
use crate::view::excerpt::{self, excerpt};
use crate::view::status::Badge;
use crate::view::time::Moment;
use crate::view::{action, id, markup, response};

/// Characters of an event's data in a row: they fit under the event type.
const EXCERPT_CHARS: usize = 60;

/// Deliveries, as rows.
#[derive(Template)]
#[template(path = "deliveries/rows.html")]
pub struct Rows {
    /// The table's caption, for screen readers.
    pub caption: &'static str,
    /// The rows.
    pub rows: Vec<Row>,
    /// Whether rows show the account; only the list of all accounts does.
    pub shows_account: bool,
    /// Whether rows show the event type; the page of one event does not.
    pub shows_type: bool,
    /// The id of the form that resends the ticked rows, if the visitor may.
    pub chosen_by: Option<&'static str>,
}

markup!(Rows);

/// A delivery in a table.
pub struct Row {
    key: String,
    href: String,
    /// The name of its account, and the address of the account's deliveries.
    account: String,
    account_href: String,
    badge: Badge,
    is_pending: bool,
    event_type: String,
    /// The short id of its event, and how the event's data begins.
    event: String,
    excerpt: Option<String>,
    /// The action's present target; `None` if the action was deleted.
    url: Option<String>,
    response: Option<String>,
    attempts: u32,
    created: Moment,
    next: Option<Moment>,
}

impl Row {
    /// Rows of an account's table, with the beginnings of their events.
    pub async fn of_all(
        app: &App,
        deliveries: &[Delivery],
        entry: &AccountEntry,
        now: Timestamp,
    ) -> Result<Vec<Self>, Refusal> {
        // One byte more tells whether anything follows.
        let bytes = excerpt::bytes(EXCERPT_CHARS) + 1;
        let account = entry.config.account.id;
        let beginnings = app.figures.beginnings(account, deliveries, bytes).await?;
        let rows = deliveries
            .iter()
            .zip(beginnings)
            .map(|(delivery, beginning)| Self {
                excerpt: beginning.map(|data| excerpt(&data, EXCERPT_CHARS)),
                ..Self::of(delivery, entry, now)
            });
        Ok(rows.collect())
    }

    /// Rows of a table of all accounts. Deliveries of accounts that were deleted meanwhile are left out.
    pub async fn of_accounts(
        app: &App,
        deliveries: &[Delivery],
        now: Timestamp,
    ) -> Result<Vec<Self>, Refusal> {
        let accounts = deliveries.iter().map(|delivery| delivery.account).collect();
        let entries = app.configuration.entries(accounts).await?;
        let mut rows = Vec::with_capacity(deliveries.len());
        // Most neighbours are of the same account, and read together.
        for of_account in deliveries.chunk_by(|one, next| one.account == next.account) {
            if let Some(entry) = entries.get(&of_account[0].account) {
                rows.extend(Self::of_all(app, of_account, entry, now).await?);
            }
        }
        Ok(rows)
    }

    /// A row of a table whose deliveries are of one event.
    pub fn of(delivery: &Delivery, entry: &AccountEntry, now: Timestamp) -> Self {
        let found = entry.action(delivery.action);
        Self {
            key: delivery.id.to_string(),
            account: entry.config.account.name.clone(),
            account_href: format!("/accounts/{}/deliveries", delivery.account),
            href: format!("/accounts/{}/deliveries/{}", delivery.account, delivery.id),
            badge: Badge::of_delivery(delivery),
            is_pending: delivery.progress.status == DeliveryStatus::Pending,
            event_type: delivery.event_type.as_str().to_owned(),
            event: id::short(delivery.event),
            excerpt: None,
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
