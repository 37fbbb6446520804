//! Which stored action each action of a file is. The file has no ids of actions.

use postrider_model::custom_header::MASK;

use super::tree::{Node, Tree};

/// Gives each action of a masked `draft` the `id` of the stored action that it is: that of the same URL (or
/// the same recipients), as in a `PUT` without ids. If one action of a type is left on both sides, its URL
/// has changed. Returns notes for people.
///
/// An action that Postrider switched off stays off while its URL stays: repeating a file does not say that
/// the receiver is back.
pub fn identify(draft: &mut Node, stored: &[Node]) -> Vec<String> {
    let Some(Tree::List(actions)) = draft.get_mut("actions").map(|actions| &mut actions.tree) else {
        return Vec::new();
    };
    let mut free: Vec<&Node> = stored.iter().collect();
    let mut notes = Vec::new();
    for is_same in [has_same_target, is_kept_url] {
        for action in actions.iter_mut().filter(|action| action.get("id").is_none()) {
            if let Some(at) = free.iter().position(|stored| is_same(action, stored)) {
                notes.extend(become_stored(action, free.remove(at), true));
            }
        }
    }
    for kind in ["send_webhook", "send_email"] {
        let is_of_kind = |action: &Node| action.text_of("type") == Some(kind);
        let mut new = actions
            .iter_mut()
            .filter(|action| action.get("id").is_none() && is_of_kind(action));
        let mut old = free.iter().filter(|stored| is_of_kind(stored));
        if let (Some(action), None, Some(stored), None) = (new.next(), new.next(), old.next(), old.next()) {
            notes.extend(become_stored(action, stored, false));
        }
    }
    notes
}

fn become_stored(action: &mut Node, stored: &Node, has_same_target: bool) -> Option<String> {
    action.set("id", stored.get("id").cloned()?);
    if action.text_of("url") == Some(MASK) {
        action.set("url", stored.get("url").cloned()?);
    }
    let reason = stored.text_of("disabled_reason")?;
    let enabled = action
        .get("enabled")
        .filter(|enabled| enabled.is_true() && has_same_target)?;
    let place = enabled.place;
    action.set("enabled", Tree::Bool(false).at(place));
    let target = action.get("url").map_or_else(String::new, Node::json);
    Some(format!(
        "the action to {target} stays off: Postrider switched it off ({reason})"
    ))
}

fn has_same_target(action: &Node, stored: &Node) -> bool {
    let sorted = |node: &Node| {
        let to = node.get("to").map(Node::items).unwrap_or_default();
        let mut to: Vec<_> = to.iter().filter_map(Node::text).map(str::to_owned).collect();
        to.sort();
        to
    };
    action.text_of("type") == stored.text_of("type")
        && action.text_of("url") == stored.text_of("url")
        && sorted(action) == sorted(stored)
}

/// The URL of the file is not known, because its secret is kept.
fn is_kept_url(action: &Node, stored: &Node) -> bool {
    action.text_of("url") == Some(MASK) && stored.get("secret_query").is_some_and(Node::is_true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ids that these URLs get, beside actions with the ids `0`, `1`, ….
    fn ids(urls: &[&str], stored: &[&str]) -> (Vec<Option<String>>, Vec<String>) {
        let action = |url: &&str| format!(r#"{{"type":"send_webhook","url":"{url}","enabled":true}}"#);
        let list = urls.iter().map(action).collect::<Vec<_>>().join(",");
        let mut draft = Node::of_json(&format!(r#"{{"actions":[{list}]}}"#)).unwrap();
        let stored = stored.iter().enumerate().map(|(at, url)| {
            let mut node = Node::of_json(&action(url)).unwrap();
            node.set("id", Tree::text(at.to_string()).nowhere());
            if url.contains("gone") {
                node.set("disabled_reason", Tree::text("gone").nowhere());
            }
            node
        });
        let notes = identify(&mut draft, &stored.collect::<Vec<_>>());
        let actions = draft.get("actions").unwrap().items().iter();
        (
            actions
                .map(|action| action.text_of("id").map(str::to_owned))
                .collect(),
            notes,
        )
    }

    #[test]
    fn an_action_is_the_stored_one_of_its_url_and_one_that_is_left_has_another_url() {
        let found = |urls: &[&str], stored: &[&str]| {
            let (ids, _) = ids(urls, stored);
            ids.iter()
                .map(|id| id.clone().unwrap_or("-".to_owned()))
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(found(&["b", "a", "a"], &["a", "b", "a"]), "1 0 2");
        assert_eq!(found(&["a", "c"], &["a", "b"]), "0 1");
        assert_eq!(found(&["c", "d"], &["a", "b"]), "- -");
        assert_eq!(found(&["a", "c"], &["a"]), "0 -");
    }

    #[test]
    fn an_action_that_postrider_switched_off_stays_off_until_its_url_changes() {
        assert_eq!(ids(&["gone"], &["gone"]).1.len(), 1);
        assert!(ids(&["back"], &["gone"]).1.is_empty());
    }
}
