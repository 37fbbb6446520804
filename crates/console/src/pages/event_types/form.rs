//! The page of the form, for a new and for an existing event type.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use postrider_configuration::{ConfigureError, Fault};
use postrider_model::EventType;

use super::fields::Fields;
use crate::conflict::{Conflict, SAVE_ANYWAY};
use crate::console::page;
use crate::faults::FieldFaults;
use crate::refusal::Refusal;
use crate::shell::{Section, Shell};
use crate::state::App;
use crate::view::id::CopyId;
use crate::view::time::Moment;
use crate::visitor::Visitor;

#[derive(Template)]
#[template(path = "event_types/form.html")]
struct FormPage<'a> {
    shell: Shell<'a>,
    /// The type that is edited; `None` for a new one.
    subject: Option<Subject>,
    /// The address that the form is sent to.
    target: String,
    fields: &'a Fields,
    faults: FieldFaults,
    /// What somebody else saved in the meantime.
    conflict: Option<Conflict>,
    is_saved: bool,
}

struct Subject {
    id: CopyId,
    changed: Moment,
    created: Moment,
    /// The version that is edited: the time of the last update, in Unix milliseconds.
    version: i64,
}

/// The page of the form. `entry` is the edited type, as the person saw it.
pub fn render(
    app: &App,
    visitor: &Visitor,
    entry: Option<&EventType>,
    fields: &Fields,
    (faults, conflict): (Vec<Fault>, Option<Conflict>),
) -> Result<Response, Refusal> {
    let now = app.now();
    let status = match (&conflict, faults.is_empty()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, true) => StatusCode::OK,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let subject = entry.map(|entry| Subject {
        id: CopyId::new(&entry.name),
        changed: Moment::new(entry.updated_at, now),
        created: Moment::new(entry.created_at, now),
        version: entry.updated_at.unix_ms(),
    });
    let title = entry.map_or_else(|| "New event type".to_owned(), |entry| entry.name.to_string());
    let target = match entry {
        None => "/event-types/new".to_owned(),
        Some(entry) => super::href(&entry.name).ok_or(Refusal::NotFound)?,
    };
    let mut response = page(&FormPage {
        shell: Shell::of(app, visitor, Section::EventTypes, title),
        subject,
        target,
        fields,
        faults: FieldFaults::new(faults),
        conflict,
        is_saved: status == StatusCode::OK && visitor.query.get("saved").is_some(),
    })?;
    *response.status_mut() = status;
    Ok(response)
}

/// The faults of a refused draft; any other error has its own page.
pub fn faults(error: ConfigureError) -> Result<Vec<Fault>, Refusal> {
    match error {
        ConfigureError::Faults(faults) => Ok(faults),
        other => Err(other.into()),
    }
}
