//! `GET` and `POST /event-types/new`

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use postrider_configuration::{ConfigureError, Fault};
use postrider_model::EventTypeName;
use postrider_storage::PutIf;

use super::fields::Fields;
use super::form::{faults, render};
use crate::form::Form;
use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::Visitor;

/// The empty form.
pub async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Refusal> {
    render(&app, &visitor, None, &Fields::default(), (Vec::new(), None))
}

/// Creates the event type. It does not replace an existing one, because the person does not expect that.
pub async fn create(State(app): State<App>, visitor: Visitor, form: Form) -> Result<Response, Refusal> {
    let fields = Fields::typed(&form);
    if let Ok(name) = fields.name.parse::<EventTypeName>()
        && app.configuration.event_type(&name).await?.is_some()
    {
        return render(&app, &visitor, None, &fields, (vec![name_conflict()], None));
    }
    match app
        .configuration
        .put_event_type(&visitor.by, fields.draft(None), PutIf::Absent)
        .await
    {
        Ok((entry, _)) => {
            let path = super::href(&entry.name).unwrap_or_else(|| "/event-types".to_owned());
            Ok(Redirect::to(&format!("{path}?saved=1")).into_response())
        }
        // Somebody has created it since the look above.
        Err(ConfigureError::Stale) => render(&app, &visitor, None, &fields, (vec![name_conflict()], None)),
        Err(error) => render(&app, &visitor, None, &fields, (faults(error)?, None)),
    }
}

fn name_conflict() -> Fault {
    Fault {
        pointer: "/name".to_owned(),
        code: "duplicate",
        detail: "this type is in the catalogue already; find it in the list to change it".to_owned(),
    }
}
