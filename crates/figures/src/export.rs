//! Deliveries as CSV or as NDJSON, page by page, for spreadsheets and other programs.

use std::sync::Arc;

use futures_util::stream::{self, Stream};
use postrider_model::{AccountId, Delivery, Outcome};
use postrider_storage::{DeliveryFilter, LIMIT_MAX, PageRequest, Position, StoreError};
use serde::Serialize;

use crate::Figures;
use crate::rooms::{NoRoom, Room};

/// Most deliveries of an export. A spreadsheet can still open that many, and one request reads no more.
pub const EXPORT_DELIVERIES_MAX: usize = 100_000;

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Comma-separated values with a header row (RFC 4180).
    Csv,
    /// A JSON object on each line, with the members that a delivery has in the API.
    Ndjson,
}

impl ExportFormat {
    /// The media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    /// The name of the file that a browser saves.
    pub const fn disposition(self) -> &'static str {
        match self {
            Self::Csv => "attachment; filename=\"deliveries.csv\"",
            Self::Ndjson => "attachment; filename=\"deliveries.ndjson\"",
        }
    }
}

/// An export under way, newest delivery first.
pub struct Export {
    figures: Arc<Figures>,
    room: Room,
    account: AccountId,
    filter: DeliveryFilter,
    format: ExportFormat,
    /// The first part, until it is taken.
    first: Option<String>,
    rest: Option<Rest>,
}

/// What an export has not read yet.
#[derive(Clone, Copy)]
struct Rest {
    after: Option<Position>,
    deliveries: usize,
}

/// Why an export cannot begin or continue.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The account has an export under way, or the node as many as it has room for.
    #[error("too many exports are under way")]
    TooMany(#[from] NoRoom),
    /// Another export has taken the place of this one, which had lasted too long.
    #[error("the export took too long")]
    TooSlow,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Serialize)]
struct Line {
    id: String,
    event_id: String,
    event_type: String,
    automation_id: String,
    action_id: String,
    status: &'static str,
    attempt_count: u32,
    next_attempt_at: Option<String>,
    created_at: String,
    settled_at: Option<String>,
    last_status_code: Option<u16>,
    last_outcome: Option<&'static str>,
}

const CSV_HEADER: &str = "id,event_id,event_type,automation_id,action_id,status,attempt_count,next_attempt_at,created_at,\
                          settled_at,last_status_code,last_outcome\r\n";

impl Figures {
    /// Exports the account's deliveries that match. Reads the first page, so that a store that fails is
    /// reported before the response begins.
    pub async fn export(
        self: &Arc<Self>,
        account: AccountId,
        filter: DeliveryFilter,
        format: ExportFormat,
    ) -> Result<Export, ExportError> {
        let mut export = Export {
            figures: Arc::clone(self),
            room: self.exports.room(account)?,
            account,
            filter,
            format,
            first: None,
            rest: Some(Rest {
                after: None,
                deliveries: EXPORT_DELIVERIES_MAX,
            }),
        };
        let mut first = match format {
            ExportFormat::Csv => CSV_HEADER.to_owned(),
            ExportFormat::Ndjson => String::new(),
        };
        first.extend(export.read().await?);
        export.first = Some(first);
        Ok(export)
    }
}

impl Export {
    /// The parts of the file. An error ends it, and is logged: the response has begun.
    pub fn parts(self) -> impl Stream<Item = Result<String, ExportError>> + Send + 'static {
        stream::try_unfold(self, async |mut export: Self| {
            let part = match export.first.take() {
                Some(first) => Some(first),
                None => export.read().await.inspect_err(|error| {
                    tracing::warn!(account = %export.account, %error, "an export broke off");
                })?,
            };
            Ok(part.map(|part| (part, export)))
        })
    }

    /// Reads the next page. `None` if there is none.
    async fn read(&mut self) -> Result<Option<String>, ExportError> {
        let Some(rest) = self.rest else {
            return Ok(None);
        };
        if !self.room.is_ours() {
            return Err(ExportError::TooSlow);
        }
        let page = PageRequest {
            limit: LIMIT_MAX.min(rest.deliveries),
            after: rest.after,
        };
        let page = self.figures.deliveries(self.account, &self.filter, page).await?;
        let mut part = String::new();
        for delivery in &page.items {
            let line = Line::of(delivery);
            match self.format {
                ExportFormat::Csv => line.append_csv(&mut part),
                ExportFormat::Ndjson => line.append_json(&mut part),
            }
        }
        let left = Rest {
            after: page.next,
            deliveries: rest.deliveries - page.items.len(),
        };
        self.rest = (left.after.is_some() && left.deliveries > 0).then_some(left);
        Ok(Some(part))
    }
}

impl Line {
    fn of(delivery: &Delivery) -> Self {
        Self {
            id: delivery.id.to_string(),
            event_id: delivery.event.to_string(),
            event_type: delivery.event_type.to_string(),
            automation_id: delivery.automation.to_string(),
            action_id: delivery.action.to_string(),
            status: delivery.progress.status.as_str(),
            attempt_count: delivery.progress.attempts,
            next_attempt_at: delivery.next_attempt_at.map(|at| at.to_string()),
            created_at: delivery.created_at.to_string(),
            settled_at: delivery.settled_at.map(|at| at.to_string()),
            last_status_code: delivery.last_status_code,
            last_outcome: delivery.last_outcome.map(Outcome::as_str),
        }
    }

    fn append_json(&self, part: &mut String) {
        // Strings and numbers alone: writing them cannot fail.
        part.push_str(&serde_json::to_string(self).unwrap_or_default());
        part.push('\n');
    }

    /// No value needs quotes: ids, times and names of event types have no comma, quotation mark or line
    /// break.
    fn append_csv(&self, part: &mut String) {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let code = self.last_status_code.map(|code| code.to_string());
        let values = [
            self.id.clone(),
            self.event_id.clone(),
            not_a_formula(&self.event_type),
            self.automation_id.clone(),
            self.action_id.clone(),
            self.status.to_owned(),
            self.attempt_count.to_string(),
            text(&self.next_attempt_at),
            self.created_at.clone(),
            text(&self.settled_at),
            code.unwrap_or_default(),
            self.last_outcome.unwrap_or_default().to_owned(),
        ];
        part.push_str(&values.join(","));
        part.push_str("\r\n");
    }
}

/// The text, with an apostrophe in front where a spreadsheet would calculate it: a name of an event type may
/// begin with `-`.
fn not_a_formula(text: &str) -> String {
    match text.starts_with('-') {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_a_value_for_each_column_and_is_no_formula() {
        let line = Line {
            id: "dlv_1".to_owned(),
            event_id: "evt_1".to_owned(),
            event_type: "-1.a".to_owned(),
            automation_id: "auto_1".to_owned(),
            action_id: "act_1".to_owned(),
            status: "pending",
            attempt_count: 0,
            next_attempt_at: None,
            created_at: "2026-01-31T09:30:00.000Z".to_owned(),
            settled_at: None,
            last_status_code: None,
            last_outcome: None,
        };
        let mut row = String::new();
        line.append_csv(&mut row);
        assert_eq!(
            row,
            "dlv_1,evt_1,'-1.a,auto_1,act_1,pending,0,,2026-01-31T09:30:00.000Z,,,\r\n"
        );
        let columns = CSV_HEADER.split(',').count();
        assert_eq!(row.split(',').count(), columns);
        let json = serde_json::to_value(&line).unwrap();
        assert_eq!(json.as_object().unwrap().len(), columns);
    }
}
