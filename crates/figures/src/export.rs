//! Deliveries as CSV or as NDJSON, page by page, for spreadsheets and other programs.

use std::sync::Arc;

use futures_util::stream::{self, Stream};
use postrider_model::{AccountId, Delivery, Outcome};
use postrider_storage::{DeliveryFilter, LIMIT_MAX, PageRequest, Position, StoreResult};
use serde::Serialize;

use crate::Figures;

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
    account: AccountId,
    filter: DeliveryFilter,
    format: ExportFormat,
    after: Option<Position>,
    /// Deliveries that may still follow.
    left: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Begins,
    Continues,
    Over,
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
    /// Exports the account's deliveries that match.
    pub fn export(
        self: &Arc<Self>,
        account: AccountId,
        filter: DeliveryFilter,
        format: ExportFormat,
    ) -> Export {
        Export {
            figures: Arc::clone(self),
            account,
            filter,
            format,
            after: None,
            left: EXPORT_DELIVERIES_MAX,
            state: State::Begins,
        }
    }
}

impl Export {
    /// The parts of the file. A part can be empty. An error ends it.
    pub fn parts(self) -> impl Stream<Item = StoreResult<String>> + Send + 'static {
        stream::try_unfold(self, async |mut export: Self| {
            let part = export.next().await?;
            Ok(part.map(|part| (part, export)))
        })
    }

    async fn next(&mut self) -> StoreResult<Option<String>> {
        if self.state == State::Over {
            return Ok(None);
        }
        let page = PageRequest {
            limit: LIMIT_MAX.min(self.left),
            after: self.after,
        };
        let page = self.figures.deliveries(self.account, &self.filter, page).await?;
        let mut part = match (self.state, self.format) {
            (State::Begins, ExportFormat::Csv) => CSV_HEADER.to_owned(),
            _ => String::new(),
        };
        for delivery in &page.items {
            let line = Line::of(delivery);
            match self.format {
                ExportFormat::Csv => line.append_csv(&mut part),
                ExportFormat::Ndjson => line.append_json(&mut part),
            }
        }
        self.left -= page.items.len();
        self.after = page.next;
        let is_last = page.next.is_none() || self.left == 0;
        self.state = if is_last { State::Over } else { State::Continues };
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
