//! Event types: the catalogue.
//!
//! * `of_account`: the catalogue as the customers of an account see it.
//! * `list`: the whole catalogue, or the result of a search. `form`: the page of the form, for `create` and
//!   `edit`. `fields`: the contents of the form. `delete`: asks, then deletes.

mod create;
mod delete;
mod edit;
mod fields;
mod form;
mod list;
mod of_account;

use axum::extract::FromRequestParts;
use http::request::Parts;
use postrider_model::{EventType, EventTypeName};
use postrider_web::path::parameter;

use crate::refusal::Refusal;
use crate::routes::{ADMIN, READ, READ_ALL, Routes};
use crate::state::App;
use crate::visitor::Visitor;

/// The routes of this area.
pub fn routes() -> Routes {
    Routes::default()
        .get("/event-types", READ_ALL, list::show)
        .get("/event-types/new", ADMIN, create::show)
        .post("/event-types/new", ADMIN, create::create)
        .get("/event-types/{name}", ADMIN, edit::show)
        .post("/event-types/{name}", ADMIN, edit::save)
        .get("/event-types/{name}/delete", ADMIN, delete::ask)
        .post("/event-types/{name}/delete", ADMIN, delete::delete)
        .get("/accounts/{account}/event-types", READ, of_account::show)
}

/// The page of an event type. An escape in the address distinguishes the type `new` from the form's address.
/// Browsers read `.` and `..` as parts of a path in any spelling, so types of those names have no address.
pub fn href(name: &EventTypeName) -> Option<String> {
    match name.as_str() {
        "." | ".." => None,
        "new" => Some("/event-types/%6eew".to_owned()),
        name => Some(format!("/event-types/{name}")),
    }
}

/// The event type that the path names.
pub struct Entry {
    /// Who asks.
    pub visitor: Visitor,
    /// The type as stored.
    pub event_type: EventType,
}

impl FromRequestParts<App> for Entry {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let visitor = Visitor::from_request_parts(parts, app).await?;
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
    fn no_event_type_name_collides_with_another_address() {
        let href = |name: &str| href(&name.parse().unwrap());
        assert_eq!(href("a.b").as_deref(), Some("/event-types/a.b"));
        assert_eq!(href("new").as_deref(), Some("/event-types/%6eew"));
        assert_eq!(href(".."), None);
    }
}
