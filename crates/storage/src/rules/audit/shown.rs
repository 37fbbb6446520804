//! The state of an object as entries show it, and the difference of two. A secret takes part in the
//! comparison and is never shown: a change of it reads `••••` before and after.

use postrider_model::audit::DETAILS_BYTES_MAX;
use postrider_model::custom_header::MASK;
use serde_json::{Map, Value, json};

/// Longest text that an entry shows, in bytes: long enough for a URL.
const TEXT_BYTES_MAX: usize = 2_048;

/// The lengths to which texts are cut, one after the other, until the whole fits.
const CUTS: [usize; 4] = [TEXT_BYTES_MAX, 512, 128, 32];

/// A value as entries show it.
#[derive(Clone, PartialEq)]
pub enum Shown {
    /// A value that is shown, without a secret in it.
    Plain(Value),
    /// A secret, which is compared and masked.
    Secret(String),
    /// An object, whose members are compared one by one.
    Object(Vec<(String, Shown)>),
}

impl Shown {
    /// An object.
    pub fn object<N: Into<String>>(members: impl IntoIterator<Item = (N, Self)>) -> Self {
        let members = members.into_iter().map(|(name, shown)| (name.into(), shown));
        Self::Object(members.collect())
    }

    fn value(&self) -> Value {
        match self {
            Self::Plain(value) => value.clone(),
            Self::Secret(_) => MASK.into(),
            Self::Object(members) => {
                let members = members.iter().map(|(name, shown)| (name.clone(), shown.value()));
                Value::Object(members.collect())
            }
        }
    }
}

impl<T: Into<Value>> From<T> for Shown {
    fn from(value: T) -> Self {
        Self::Plain(value.into())
    }
}

/// The members that differ, as `{"before":{…},"after":{…}}`; without `before` or `after` for what was created
/// or deleted. `None` if nothing differs.
pub fn changes(before: Option<Shown>, after: Option<Shown>) -> Option<String> {
    let value = match (before, after) {
        (Some(before), Some(after)) => {
            let (before, after) = differences(&before, &after)?;
            json!({ "before": before, "after": after })
        }
        (Some(before), None) => json!({ "before": before.value() }),
        (None, Some(after)) => json!({ "after": after.value() }),
        (None, None) => return None,
    };
    Some(details(&value))
}

/// The parts of two states that differ.
fn differences(before: &Shown, after: &Shown) -> Option<(Value, Value)> {
    let (Shown::Object(was), Shown::Object(is)) = (before, after) else {
        return (before != after).then(|| (before.value(), after.value()));
    };
    let (mut old, mut new) = (Map::new(), Map::new());
    for (name, shown) in was {
        match is.iter().find(|(other, _)| other == name) {
            Some((_, other)) => {
                if let Some((before, after)) = differences(shown, other) {
                    old.insert(name.clone(), before);
                    new.insert(name.clone(), after);
                }
            }
            None => {
                old.insert(name.clone(), shown.value());
            }
        }
    }
    for (name, shown) in is {
        if !was.iter().any(|(other, _)| other == name) {
            new.insert(name.clone(), shown.value());
        }
    }
    (!old.is_empty() || !new.is_empty()).then_some((old.into(), new.into()))
}

/// The text of an entry's details, cut to [`DETAILS_BYTES_MAX`]. A text that was cut says how long it was.
pub fn details(value: &Value) -> String {
    for bytes_max in CUTS {
        let mut cut_value = value.clone();
        cut(&mut cut_value, bytes_max);
        let text = cut_value.to_string();
        if text.len() <= DETAILS_BYTES_MAX {
            return text;
        }
    }
    json!({ "cut": "the change is too large to be shown" }).to_string()
}

fn cut(value: &mut Value, bytes_max: usize) {
    match value {
        Value::String(text) if text.len() > bytes_max => {
            let whole = text.len();
            text.truncate(text.floor_char_boundary(bytes_max));
            text.push_str(&format!("… ({whole} bytes)"));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| cut(item, bytes_max)),
        Value::Object(members) => members.values_mut().for_each(|member| cut(member, bytes_max)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn automation(url: &str, token: &str) -> Shown {
        let headers = Shown::object([("Authorization", Shown::Secret(token.to_owned()))]);
        let action = Shown::object([("url", Shown::from(url)), ("headers", headers)]);
        Shown::object([
            ("name", Shown::from("Orders")),
            ("actions", Shown::object([("act_1", action)])),
        ])
    }

    #[test]
    fn only_members_that_differ_are_shown() {
        let (old, new) = (automation("https://a", "s"), automation("https://b", "s"));
        assert_eq!(changes(Some(old.clone()), Some(old.clone())), None);
        assert_eq!(
            changes(Some(old), Some(new)).unwrap(),
            r#"{"before":{"actions":{"act_1":{"url":"https://a"}}},"after":{"actions":{"act_1":{"url":"https://b"}}}}"#
        );
    }

    #[test]
    fn a_secret_shows_that_it_changed_and_nothing_else() {
        let (old, new) = (automation("u", "secret-one"), automation("u", "secret-two"));
        let text = changes(Some(old.clone()), Some(new)).unwrap();
        assert_eq!(
            text,
            r#"{"before":{"actions":{"act_1":{"headers":{"Authorization":"••••"}}}},"after":{"actions":{"act_1":{"headers":{"Authorization":"••••"}}}}}"#
        );
        assert!(!changes(None, Some(old)).unwrap().contains("secret-one"));
    }

    #[test]
    fn members_that_came_or_went_are_on_one_side_only() {
        let of = |name: &str| Shown::object([(name, Shown::from(1))]);
        assert_eq!(
            changes(Some(of("a")), Some(of("b"))).unwrap(),
            r#"{"before":{"a":1},"after":{"b":1}}"#
        );
    }

    #[test]
    fn long_values_are_cut_and_say_so() {
        let text = details(&json!({ "schema": "x".repeat(100_000) }));
        assert!(text.len() < 3_000 && text.contains("… (100000 bytes)"));
        let many: Map<_, _> = (0..100)
            .map(|n| (n.to_string(), "é".repeat(1_000).into()))
            .collect();
        let text = details(&many.into());
        assert!(text.len() <= DETAILS_BYTES_MAX && text.contains("(2000 bytes)"));
        let more: Map<_, _> = (0..10_000).map(|n| (n.to_string(), 1.into())).collect();
        assert!(details(&more.into()).contains("too large"));
    }
}
