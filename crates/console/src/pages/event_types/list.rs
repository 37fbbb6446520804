//! `GET /event-types`: the catalogue, or the result of a search.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use postrider_configuration::catalogue::CATALOGUE_MAX;
use postrider_model::EventType;
use postrider_storage::{LIMIT_MAX, PageRequest, Position};

use crate::console::page;
use crate::paging;
use crate::refusal::Refusal;
use crate::shell::{Section, Shell};
use crate::state::App;
use crate::view::time::Moment;
use crate::visitor::Visitor;

/// Most types that a search shows; a person who gets more narrows the search.
const FOUND_MAX: usize = 200;

/// Longest part of a description that a row shows, in characters: two lines.
const DESCRIPTION_SHOWN: usize = 160;

#[derive(Template)]
#[template(path = "event_types/list.html")]
struct ListPage<'a> {
    shell: Shell<'a>,
    search: &'a str,
    rows: Vec<Row>,
    is_by_name: bool,
    is_cut_off: bool,
    older: Option<String>,
    is_first: bool,
    deleted: Option<&'a str>,
    may_edit: bool,
}

struct Row {
    href: Option<String>,
    name: String,
    description: String,
    has_schema: bool,
    is_hidden: bool,
    changed: Moment,
}

/// The types on the page.
struct Listed {
    types: Vec<EventType>,
    is_by_name: bool,
    is_cut_off: bool,
    next: Option<Position>,
}

/// The list.
pub async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Refusal> {
    let search = visitor.query.get("search").unwrap_or_default().trim();
    let after = visitor.query.get("after");
    let listed = if search.is_empty() {
        browse(&app, after).await?
    } else {
        find(&app, search).await?
    };
    let now = app.now();
    let may_edit = visitor.is_admin();
    let rows = listed.types.into_iter().map(|entry| Row {
        href: super::href(&entry.name).filter(|_| may_edit),
        name: entry.name.to_string(),
        description: shortened(&entry.description),
        has_schema: entry.schema.is_some(),
        is_hidden: !entry.visible,
        changed: Moment::new(entry.updated_at, now),
    });
    let older = listed
        .next
        .map(|next| visitor.query.with(&[("after", Some(&paging::text(next)))]));
    page(&ListPage {
        shell: Shell::of(&app, &visitor, Section::EventTypes, "Event types"),
        search,
        rows: rows.collect(),
        is_by_name: listed.is_by_name,
        is_cut_off: listed.is_cut_off,
        older,
        is_first: after.is_none(),
        deleted: visitor.query.get("deleted"),
        may_edit,
    })
}

/// A catalogue that fits on one page is sorted by name; a longer one is in the order of creation, as in the
/// store.
async fn browse(app: &App, after: Option<&str>) -> Result<Listed, Refusal> {
    let request = PageRequest {
        limit: LIMIT_MAX,
        ..paging::request(after)
    };
    let found = app.configuration.event_types(request).await?;
    let mut types = found.items;
    let is_by_name = found.next.is_none() && after.is_none();
    if is_by_name {
        types.sort_by(|one, other| one.name.cmp(&other.name));
    }
    Ok(Listed {
        types,
        is_by_name,
        is_cut_off: false,
        next: found.next,
    })
}

/// Types whose name contains these words; names that start with them are first.
async fn find(app: &App, search: &str) -> Result<Listed, Refusal> {
    let words = search.to_lowercase();
    let (mut types, mut looked_at, mut after) = (Vec::new(), 0, None);
    while looked_at < CATALOGUE_MAX {
        let request = PageRequest {
            limit: LIMIT_MAX,
            after,
        };
        let found = app.configuration.event_types(request).await?;
        looked_at += found.items.len();
        let matching = |entry: &EventType| entry.name.as_str().to_lowercase().contains(&words);
        types.extend(found.items.into_iter().filter(matching));
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    types.sort_by_cached_key(|entry| {
        let begins = entry.name.as_str().to_lowercase().starts_with(&words);
        (!begins, entry.name.clone())
    });
    let is_cut_off = types.len() > FOUND_MAX;
    types.truncate(FOUND_MAX);
    Ok(Listed {
        types,
        is_by_name: true,
        is_cut_off,
        next: None,
    })
}

fn shortened(description: &str) -> String {
    match description.char_indices().nth(DESCRIPTION_SHOWN) {
        None => description.to_owned(),
        Some((end, _)) => format!("{}…", description[..end].trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_descriptions_are_shortened_between_characters() {
        assert_eq!(shortened("short"), "short");
        let long = shortened(&"é".repeat(500));
        assert_eq!(long.chars().count(), DESCRIPTION_SHOWN + 1);
    }
}
