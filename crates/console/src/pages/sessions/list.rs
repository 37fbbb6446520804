//! `GET /sessions`: the sessions of the operator's staff.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use postrider_model::{ApiKeyId, Permission, Role, Scope, Who};

use crate::console::page;
use crate::paging;
use crate::refusal::Refusal;
use crate::shell::{Section, Shell};
use crate::state::App;
use crate::view::time::Moment;
use crate::visitor::Visitor;

#[derive(Template)]
#[template(path = "sessions/list.html")]
struct ListPage<'a> {
    shell: Shell<'a>,
    is_ended: bool,
    rows: Vec<Row>,
    older: Option<String>,
    is_first: bool,
}

struct Row {
    /// The person, or what they signed in with.
    who: String,
    /// The person's e-mail address or id at the provider, or what `who` is.
    further: Option<String>,
    permissions: String,
    began: Moment,
    expires: Moment,
    is_own: bool,
    end: String,
}

/// The list.
pub async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Refusal> {
    let after = visitor.query.get("after");
    let found = app.access.sessions(Scope::All, paging::request(after)).await?;
    let names: HashMap<ApiKeyId, String> = app
        .access
        .api_keys()
        .await?
        .into_iter()
        .map(|key| (key.id, key.name))
        .collect();
    let now = app.now();
    let rows = found.items.into_iter().map(|session| {
        let key = session.api_key.and_then(|key| names.get(&key).cloned());
        let (who, further) = match (session.person.as_deref(), key) {
            (Some(person), _) => {
                let further = person.email.as_ref().unwrap_or(&person.subject);
                (person.name.clone(), Some(further.clone()))
            }
            (None, Some(key)) => (key, Some("API key".to_owned())),
            (None, None) => ("A one-time sign-in link".to_owned(), None),
        };
        Row {
            who,
            further,
            permissions: match session
                .person
                .as_ref()
                .and_then(|_| Role::of_permissions(session.permissions))
            {
                Some(role) => role.as_str().to_owned(),
                None => words(session.permissions.named()),
            },
            began: Moment::new(session.created_at, now),
            expires: Moment::new(session.expires_at, now),
            is_own: matches!(visitor.caller.who, Who::Session { id, .. } if id == session.id),
            end: format!("/sessions/{}/end", session.id),
        }
    });
    page(&ListPage {
        shell: Shell::of(&app, &visitor, Section::Sessions, "Sessions"),
        is_ended: visitor.query.get("ended").is_some(),
        rows: rows.collect(),
        older: found
            .next
            .map(|next| visitor.query.with(&[("after", Some(&paging::text(next)))])),
        is_first: after.is_none(),
    })
}

/// The names of these permissions, in a row.
pub fn words(permissions: impl Iterator<Item = Permission>) -> String {
    let names: Vec<_> = permissions.map(Permission::as_str).collect();
    names.join(", ")
}
