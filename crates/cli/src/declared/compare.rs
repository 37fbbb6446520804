//! Compares what a file says of an object with what a server shows of it.

use postrider_model::SecretQuery;
use postrider_model::custom_header::MASK;

use super::fields::{self, Field, Kind, LeftOut};
use super::settle::is_header;
use super::tree::{Node, Tree};

/// A field that differs.
#[derive(Debug, Clone)]
pub struct Difference {
    /// Which: `actions[0].url`.
    pub field: String,
    /// What the server has; `None` if it has none.
    pub old: Option<Node>,
    /// What the file says; `None` if it has none.
    pub new: Option<Node>,
}

/// The fields of an object that a server shows, completed with defaults. An action keeps its `id` and
/// `disabled_reason` too.
pub fn stored(fields: &[Field], view: &Node) -> Node {
    let mut settled = Tree::Map(Vec::new()).nowhere();
    for field in fields {
        let shown = view.get(field.name).filter(|value| !value.is_null());
        let value = match (shown, field.kind, field.left_out) {
            (Some(shown), Kind::Group(fields), _) => Some(stored(fields, shown)),
            (Some(shown), Kind::Actions, _) => {
                let actions = shown.items().iter().filter_map(stored_action);
                Some(Tree::List(actions.collect()).nowhere())
            }
            (Some(shown), ..) => Some(shown.clone()),
            (None, _, LeftOut::Default(_)) => Some(Tree::Null.nowhere()),
            (None, _, LeftOut::Kept(json) | LeftOut::Untouched(json)) => Node::of_json(json).ok(),
            (None, _, LeftOut::Fault) => None,
        };
        if let Some(value) = value {
            settled.set(field.name, value);
        }
    }
    settled
}

/// An action of a type that this version does not know is left out.
fn stored_action(view: &Node) -> Option<Node> {
    let mut action = stored(fields::of_action(view.text_of("type")?)?, view);
    for member in ["id", "disabled_reason"] {
        action.set(member, view.get(member).cloned().unwrap_or(Tree::Null.nowhere()));
    }
    Some(action)
}

/// The object as the API would show it: [`MASK`] in the place of each secret. And how many secrets it has.
pub fn masked(fields: &[Field], object: &Node) -> (Node, usize) {
    let mut shown = object.clone();
    let mut count = 0;
    let plain: Vec<Node> = object
        .get("plain_headers")
        .map(Node::items)
        .unwrap_or_default()
        .to_vec();
    let has_secret_query = object.get("secret_query").is_some_and(Node::is_true);
    for field in fields {
        let Some(value) = shown.get_mut(field.name).filter(|value| !value.is_null()) else {
            continue;
        };
        match (field.kind, &mut value.tree) {
            (Kind::Secret, _) => count += mask(value),
            (Kind::Headers, Tree::Map(headers)) => {
                let is_plain = |name: &str| plain.iter().any(|plain| is_header(plain, name));
                for header in headers.iter_mut().filter(|header| !is_plain(&header.name)) {
                    count += mask(&mut header.value);
                }
            }
            (Kind::Url, Tree::Text(url)) if has_secret_query && !SecretQuery::stands_in(url) => {
                if let Some((shown, _)) = SecretQuery::divide(url) {
                    *url = shown;
                    count += 1;
                }
            }
            (Kind::Actions, Tree::List(actions)) => {
                for action in actions {
                    let known = action.text_of("type").and_then(fields::of_action);
                    let (shown, secrets) = masked(known.unwrap_or_default(), action);
                    *action = shown;
                    count += secrets;
                }
            }
            _ => {}
        }
    }
    (shown, count)
}

/// Masks a secret, and counts it unless it is masked already.
fn mask(secret: &mut Node) -> usize {
    let is_known = secret.text().is_some_and(|text| text != MASK);
    secret.tree = Tree::text(MASK);
    usize::from(is_known)
}

/// The fields in which `new`, masked, differs from `old`. Actions are compared with those that have their
/// `id`. A field that `new` does not have is kept.
pub fn differences(fields: &[Field], old: &Node, new: &Node) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(fields, old, new, "", &mut found);
    found
}

fn compare(fields: &[Field], old: &Node, new: &Node, path: &str, found: &mut Vec<Difference>) {
    for field in fields {
        let Some(value) = new.get(field.name) else {
            continue;
        };
        let before = old.get(field.name);
        let name = format!("{path}{}", field.name);
        match (field.kind, before.map(|before| &before.tree), &value.tree) {
            (Kind::Group(fields), Some(Tree::Map(_)), Tree::Map(_)) => {
                let before = before.unwrap_or(value);
                compare(fields, before, value, &format!("{name}."), found);
            }
            (Kind::Headers, Some(Tree::Map(_) | Tree::Null), Tree::Map(_)) => {
                compare_members(before, value, &name, found);
            }
            (Kind::Actions, Some(Tree::List(before)), Tree::List(actions)) => {
                compare_actions(before, actions, &name, found);
            }
            _ if is_same(field, before, value) => {}
            _ => found.push(Difference {
                field: name,
                old: before.cloned(),
                new: Some(value.clone()),
            }),
        }
    }
}

/// Puts lists of `new` whose order does not count into the order that the server has. Otherwise a request
/// that is sent for another reason would change the order, and the response would look like another change.
pub fn keep_order(fields: &[Field], old: &Node, new: &mut Node) {
    for field in fields {
        let (Some(before), Some(value)) = (old.get(field.name), new.get_mut(field.name)) else {
            continue;
        };
        let are_lists = matches!((&before.tree, &value.tree), (Tree::List(_), Tree::List(_)));
        if are_lists && is_set(field.kind) && is_same(field, Some(before), value) {
            value.tree = before.tree.clone();
            continue;
        }
        match (field.kind, &mut value.tree) {
            (Kind::Group(fields), Tree::Map(_)) => keep_order(fields, before, value),
            (Kind::Actions, Tree::List(actions)) => {
                for action in actions {
                    let id = action.text_of("id").map(str::to_owned);
                    let stored = before
                        .items()
                        .iter()
                        .find(|old| id.is_some() && old.text_of("id") == id.as_deref());
                    let fields = action.text_of("type").and_then(fields::of_action);
                    if let (Some(stored), Some(fields)) = (stored, fields) {
                        keep_order(fields, stored, action);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether the values are lists whose order has no meaning.
const fn is_set(kind: Kind) -> bool {
    matches!(kind, Kind::Texts | Kind::Hosts | Kind::Addresses)
}

/// Whether both mean the same. Null is the default.
fn is_same(field: &Field, before: Option<&Node>, value: &Node) -> bool {
    let whole = |node: Option<&Node>| {
        let node = node.filter(|node| !node.is_null()).cloned();
        let default = || match field.left_out {
            LeftOut::Default(json) | LeftOut::Kept(json) | LeftOut::Untouched(json) => {
                Node::of_json(json).ok()
            }
            LeftOut::Fault => None,
        };
        let mut node = node.or_else(default).unwrap_or(Tree::Null.nowhere());
        if let (Tree::List(items), true) = (&mut node.tree, is_set(field.kind)) {
            items.sort_by(|one, other| one.text().cmp(&other.text()));
        }
        node
    };
    whole(before).is_equal(&whole(Some(value)))
}

fn compare_members(before: Option<&Node>, value: &Node, path: &str, found: &mut Vec<Difference>) {
    let earlier = before.map(Node::members).unwrap_or_default();
    for member in value.members() {
        let old = before.and_then(|before| before.get(&member.name));
        if !old.is_some_and(|old| old.is_equal(&member.value)) {
            found.push(Difference {
                field: format!("{path}.{}", member.name),
                old: old.cloned(),
                new: Some(member.value.clone()),
            });
        }
    }
    for member in earlier.iter().filter(|member| value.get(&member.name).is_none()) {
        found.push(Difference {
            field: format!("{path}.{}", member.name),
            old: Some(member.value.clone()),
            new: None,
        });
    }
}

/// The order of actions has no effect on deliveries, but people see it.
fn compare_actions(before: &[Node], actions: &[Node], path: &str, found: &mut Vec<Difference>) {
    let target = |action: &Node| action.get("url").or_else(|| action.get("to")).cloned();
    for (at, action) in actions.iter().enumerate() {
        let field = format!("{path}[{at}]");
        let id = action.text_of("id");
        let old = before.iter().find(|old| id.is_some() && old.text_of("id") == id);
        let fields = action
            .text_of("type")
            .and_then(fields::of_action)
            .unwrap_or_default();
        match old {
            Some(old) => compare(fields, old, action, &format!("{field}."), found),
            None => found.push(Difference {
                field,
                old: None,
                new: target(action),
            }),
        }
    }
    // Of the actions that both have, the first is compared with the first, and so on.
    let has = |list: &[Node], action: &Node| {
        let id = action.text_of("id");
        id.is_some() && list.iter().any(|other| other.text_of("id") == id)
    };
    let kept = before.iter().filter(|old| has(actions, old));
    let again = actions
        .iter()
        .enumerate()
        .filter(|(_, action)| has(before, action));
    for (old, (at, action)) in kept.zip(again) {
        if old.text_of("id") != action.text_of("id") {
            found.push(Difference {
                field: format!("{path}[{at}]"),
                old: target(old),
                new: target(action),
            });
        }
    }
    for (at, old) in before.iter().enumerate().filter(|(_, old)| !has(actions, old)) {
        found.push(Difference {
            field: format!("{path}[{at}]"),
            old: target(old),
            new: None,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn automation(event_types: &str, actions: &[(&str, &str)]) -> Node {
        let actions = actions.iter().map(|(id, url)| {
            format!(r#"{{"type":"send_webhook","id":"{id}","url":"{url}","plain_headers":["b","a"]}}"#)
        });
        let actions = actions.collect::<Vec<_>>().join(",");
        let json =
            format!(r#"{{"name":"A","trigger":{{"event_types":{event_types}}},"actions":[{actions}]}}"#);
        Node::of_json(&json).unwrap()
    }

    fn found(old: &Node, new: &Node) -> Vec<String> {
        let found = differences(fields::AUTOMATION, old, new);
        let side = |node: &Option<Node>| node.as_ref().map_or("-".to_owned(), Node::json);
        let lines = found
            .iter()
            .map(|it| format!("{} {} {}", it.field, side(&it.old), side(&it.new)));
        lines.collect()
    }

    #[test]
    fn another_order_is_a_difference_of_actions_and_of_nothing_else() {
        let old = automation(r#"["a","b"]"#, &[("1", "u"), ("2", "v"), ("3", "w")]);
        let same = automation(r#"["b","a"]"#, &[("1", "u"), ("2", "v"), ("3", "w")]);
        assert!(found(&old, &same).is_empty());
        let moved = automation(r#"["a","b"]"#, &[("3", "w"), ("1", "u"), ("2", "v")]);
        let expected = [
            r#"actions[0] "u" "w""#,
            r#"actions[1] "v" "u""#,
            r#"actions[2] "w" "v""#,
        ];
        assert_eq!(found(&old, &moved), expected);
        // One that is left out or added does not move the others.
        let fewer = automation(r#"["a","b"]"#, &[("1", "u"), ("3", "w")]);
        assert_eq!(found(&old, &fewer), [r#"actions[1] "v" -"#]);
        assert_eq!(found(&fewer, &old), [r#"actions[1] - "v""#]);
    }

    #[test]
    fn what_is_sent_keeps_the_order_that_the_server_has_where_it_has_no_meaning() {
        let old = automation(r#"["b","a"]"#, &[("1", "u"), ("2", "v")]);
        let mut new = automation(r#"["a","b"]"#, &[("2", "v"), ("1", "u")]);
        let expected = automation(r#"["b","a"]"#, &[("2", "v"), ("1", "u")]);
        keep_order(fields::AUTOMATION, &old, &mut new);
        assert_eq!(new.json(), expected.json());
        let mut other = automation(r#"["a","c"]"#, &[]);
        keep_order(fields::AUTOMATION, &old, &mut other);
        assert_eq!(
            other.get("trigger").unwrap().json(),
            r#"{"event_types":["a","c"]}"#
        );
    }
}
