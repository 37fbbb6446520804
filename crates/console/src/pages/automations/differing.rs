//! How an automation that somebody else saved differs from what the form holds.

use postrider_model::Automation;

use super::fields::Fields;
use super::row::RowFields;
use super::suggestions::Suggestions;
use crate::conflict::Differing;

/// The fields of the form whose saved values differ. Rows of actions that were removed lose their ids, so
/// that saving the form creates them again.
pub fn differing(typed: &mut Fields, saved: &Automation, suggestions: &Suggestions) -> Vec<Differing> {
    let now = Fields::of(saved);
    let mut found = Differing::among(&[
        ("Name", &typed.name, &now.name),
        ("Description", &typed.description, &now.description),
    ]);
    let sorted = |mut types: Vec<String>| {
        types.sort();
        types.join(", ")
    };
    let (types, types_now) = (sorted(typed.event_types()), sorted(now.event_types()));
    found.extend(Differing::among(&[("Event types", &types, &types_now)]));
    let conditions = |fields: &Fields| {
        let (json, _) = fields.conditions.clone().json(&|path| suggestions.kind(path));
        json.unwrap_or_default()
    };
    let (conditions, conditions_now) = (conditions(typed), conditions(&now));
    found.extend(Differing::among(&[
        ("Conditions", &conditions, &conditions_now),
        ("Retry delays", &typed.delays, &now.delays),
        ("Your own id (uid)", &typed.uid, &now.uid),
    ]));
    if typed.enabled != now.enabled {
        found.push(Differing::in_words("Switched on", yes(now.enabled)));
    }
    of_actions(&mut typed.rows, &now.rows, &mut found);
    found
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

fn of_actions(typed: &mut [RowFields], saved: &[RowFields], found: &mut Vec<Differing>) {
    for row in typed.iter_mut().filter(|row| !row.id.is_empty()) {
        match saved.iter().find(|saved| saved.id == row.id) {
            Some(now) => of_action(row, now, found),
            None => {
                row.id.clear();
                let words = "removed; “Save anyway” adds it again";
                found.push(Differing::in_words(name(row), words));
            }
        }
    }
    for now in saved {
        if typed.iter().all(|row| row.id != now.id) {
            let words = "saved, but not in the form; “Save anyway” removes it";
            found.push(Differing::in_words(name(now), words));
        }
    }
}

/// What people call the action.
fn name(row: &RowFields) -> String {
    let target = row.email.as_ref().map_or(&row.url, |email| &email.to);
    format!("Action {}", target.trim())
}

fn of_action(row: &RowFields, now: &RowFields, found: &mut Vec<Differing>) {
    if row.draft(0, &mut Vec::new()) == now.draft(0, &mut Vec::new()) {
        return;
    }
    let before = found.len();
    // The row of a preset has a sentence, and no fields for the body that is made of it.
    let body = |row: &RowFields, text: &str| match row.preset {
        None => text.to_owned(),
        Some(_) => String::new(),
    };
    let email = |row: &RowFields| row.email.clone().unwrap_or_default();
    let (mail, mail_now) = (email(row), email(now));
    let limit = |row: &RowFields| match (row.requests.trim(), row.per_s.trim()) {
        ("", "") => String::new(),
        (requests, per_s) => format!("{requests} requests every {per_s} seconds"),
    };
    let fields = Differing::among(&[
        ("URL", &row.url, &now.url),
        ("To", &mail.to, &mail_now.to),
        ("Subject", &mail.subject, &mail_now.subject),
        ("Text", &mail.text, &mail_now.text),
        ("Sentence", &row.sentence, &now.sentence),
        ("Body", &body(row, &row.body), &body(now, &now.body)),
        ("Template", &body(row, &row.template), &body(now, &now.template)),
        (
            "Content type",
            &body(row, &row.content_type),
            &body(now, &now.content_type),
        ),
        ("JSON style", &body(row, &row.style), &body(now, &now.style)),
        ("Headers", &row.headers, &now.headers),
        ("Headers with readable values", &row.plain, &now.plain),
        ("Timeout", &row.timeout, &now.timeout),
        ("Rate limit", &limit(row), &limit(now)),
    ]);
    let name = name(now);
    found.extend(fields.into_iter().map(|field| field.within(&name)));
    if row.enabled != now.enabled {
        found.push(Differing::in_words(
            format!("{name}: switched on"),
            yes(now.enabled),
        ));
    }
    if found.len() == before {
        found.push(Differing::in_words(name, "other options"));
    }
}
