//! `{name}` in a path, a header or a body stands for a value. Other braces stand for themselves: in JSON, no
//! brace is followed by a name.

use std::collections::BTreeMap;

use super::Fault;

/// Values by name.
pub type Values = BTreeMap<String, String>;

/// A part of a template.
enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

/// The template with the values in the place of their names.
pub fn fill(template: &str, values: &Values) -> Result<String, Fault> {
    let mut filled = String::with_capacity(template.len());
    for piece in pieces(template) {
        match piece {
            Piece::Text(text) => filled.push_str(text),
            Piece::Name(name) => match values.get(name) {
                Some(value) => filled.push_str(value),
                None => return Err(unknown(name, values)),
            },
        }
    }
    Ok(filled)
}

/// The names in a template.
pub fn names(template: &str) -> impl Iterator<Item = &str> {
    pieces(template).into_iter().filter_map(|piece| match piece {
        Piece::Name(name) => Some(name),
        Piece::Text(_) => None,
    })
}

/// Whether a value can be given this name: a lowercase letter, then lowercase letters, digits and
/// underscores.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .chars()
            .all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_')
}

fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut text_from, mut search_from) = (0, 0);
    while let Some(brace) = template[search_from..].find('{').map(|at| search_from + at) {
        search_from = brace + 1;
        let Some(length) = template[search_from..].find('}') else {
            break;
        };
        let name = &template[search_from..search_from + length];
        if is_name(name) {
            pieces.push(Piece::Text(&template[text_from..brace]));
            pieces.push(Piece::Name(name));
            search_from += length + 1;
            text_from = search_from;
        }
    }
    pieces.push(Piece::Text(&template[text_from..]));
    pieces
}

fn unknown(name: &str, values: &Values) -> Fault {
    let known: Vec<String> = values.keys().map(|name| format!("{{{name}}}")).collect();
    Fault::new(format!(
        "{{{name}}} is unknown here; known are {}",
        known.join(", ")
    ))
}
