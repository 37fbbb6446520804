//! Event types: the catalogue of what can happen.
//!
//! * `list`: all of it, or what a search finds. `form`: the page of the form, for `create` and `edit`.
//!   `fields`: what the form holds. `delete`: asks, then deletes.

mod create;
mod delete;
mod edit;
mod fields;
mod form;
mod list;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::routing::get;
use http::request::Parts;
use postrider_model::{EventType, EventTypeName};
use postrider_web::path::parameter;

use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::{Operator, Visitor};

/// The routes of this area.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/event-types", get(list::show))
        .route("/event-types/new", get(create::show).post(create::create))
        .route("/event-types/{name}", get(edit::show).post(edit::save))
        .route(
            "/event-types/{name}/delete",
            get(delete::ask).post(delete::delete),
        )
}

/// The page of an event type. The one called `new` is told from the form's address by an escape; browsers
/// take `.` and `..` for parts of a path in any spelling, so that no address leads to types of those names.
pub fn href(name: &EventTypeName) -> Option<String> {
    match name.as_str() {
        "." | ".." => None,
        "new" => Some("/event-types/%6eew".to_owned()),
        name => Some(format!("/event-types/{name}")),
    }
}

/// The event type that an address names, for the operator.
pub struct Entry {
    /// Who asks.
    pub visitor: Visitor,
    /// As it is in the store.
    pub event_type: EventType,
}

impl FromRequestParts<App> for Entry {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let Operator(visitor) = Operator::from_request_parts(parts, app).await?;
        let name: EventTypeName = parameter(parts, "name").await.map_err(|_| Refusal::NotFound)?;
        let event_type = app.configuration.event_type(&name).await?;
        Ok(Self {
            visitor,
            event_type: event_type.ok_or(Refusal::NotFound)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::href;

    #[test]
    fn no_event_type_is_taken_for_a_form_or_a_folder() {
        let href = |name: &str| href(&name.parse().unwrap());
        assert_eq!(href("a.b").as_deref(), Some("/event-types/a.b"));
        assert_eq!(href("new").as_deref(), Some("/event-types/%6eew"));
        assert_eq!(href(".."), None);
    }
}
