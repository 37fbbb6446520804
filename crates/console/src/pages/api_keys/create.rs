//! `POST /api-keys`: creates a key. Only this response shows it, so no address leads to it and no reload
//! shows it again.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use postrider_access::ApiKeyName;
use postrider_configuration::Fault;

use super::list;
use crate::console::page;
use crate::faults::FieldFaults;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shell::{Section, Shell};
use crate::state::App;
use crate::view::icon::Icon;
use crate::visitor::Visitor;

#[derive(Template)]
#[template(path = "api_keys/created.html")]
struct CreatedPage<'a> {
    shell: Shell<'a>,
    name: &'a str,
    key: &'a str,
}

/// Creates the key.
pub async fn create(State(app): State<App>, visitor: Visitor, form: Form) -> Result<Response, Refusal> {
    let typed = form.text("name").trim();
    let name: ApiKeyName = match typed.parse() {
        Ok(name) => name,
        Err(error) => {
            let fault = Fault {
                pointer: "/name".to_owned(),
                code: error.code(),
                detail: error.to_string(),
            };
            let words = FieldFaults::new(vec![fault]).at("/name");
            let mut response = list::render(&app, &visitor, typed, words).await?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(response);
        }
    };
    let (key, shown) = app.access.create_api_key(name).await?;
    page(&CreatedPage {
        shell: Shell::of(&app, &visitor, Section::ApiKeys, "The new API key"),
        name: &key.name,
        key: shown.expose(),
    })
}
