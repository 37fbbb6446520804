//! `GET` and `POST /event-types/{name}`

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use postrider_storage::PutIf;

use super::Entry;
use super::fields::Fields;
use super::form::{faults, render};
use crate::conflict::{Conflict, Edited};
use crate::form::Form;
use crate::refusal::Refusal;
use crate::state::App;

/// The form, filled in.
pub async fn show(State(app): State<App>, entry: Entry) -> Result<Response, Refusal> {
    let fields = Fields::of(&entry.event_type);
    render(
        &app,
        &entry.visitor,
        Some(&entry.event_type),
        &fields,
        (Vec::new(), None),
    )
}

/// Saves it, or shows the form again. Never overwrites a change that somebody else saved in the meantime.
pub async fn save(State(app): State<App>, entry: Entry, form: Form) -> Result<Response, Refusal> {
    let current = &entry.event_type;
    let fields = Fields {
        name: current.name.to_string(),
        ..Fields::typed(&form)
    };
    if form.text("version").parse() != Ok(current.updated_at.unix_ms()) {
        let edited = Edited {
            account: None,
            id: current.name.to_string(),
            at: current.updated_at,
            form: super::href(&current.name).unwrap_or_else(|| "/event-types".to_owned()),
        };
        let differing = fields.differing(&Fields::of(current));
        let conflict = Conflict::of(&app, &entry.visitor, edited, differing).await?;
        let why = (Vec::new(), Some(conflict));
        return render(&app, &entry.visitor, Some(current), &fields, why);
    }
    let only_if = PutIf::UpdatedAt(current.updated_at);
    match app
        .configuration
        .put_event_type(&entry.visitor.by, fields.draft(Some(current)), only_if)
        .await
    {
        Ok(_) => {
            let path = super::href(&current.name).unwrap_or_else(|| "/event-types".to_owned());
            Ok(Redirect::to(&format!("{path}?saved=1")).into_response())
        }
        Err(error) => render(
            &app,
            &entry.visitor,
            Some(current),
            &fields,
            (faults(error)?, None),
        ),
    }
}
