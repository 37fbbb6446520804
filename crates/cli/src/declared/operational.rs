//! What the server or a command has made for itself. It is no configuration: it is neither deleted nor
//! exported.

use super::kind::Kind;
use super::tree::{Node, Tree};

/// The domain of the URLs that `postrider listen` creates.
const LISTEN: &str = ".listen.invalid";

/// What a node writes into the metadata of an automation of `listen` that nobody listens to.
const ABANDONED: &str = "postrider_abandoned";

/// Whether the object is one of these: an automation of `listen`, or an event type that an event added to the
/// catalogue and nobody has described. The next event would add it again.
pub fn is_kept(kind: Kind, view: &Node) -> bool {
    match kind {
        Kind::Automation => is_of_listen(view),
        Kind::EventType => {
            let is_empty = |member: &str| view.get(member).is_none_or(Node::is_null);
            let is_described = !matches!(view.text_of("description"), None | Some(""));
            let is_visible = view.get("visible").is_some_and(Node::is_true);
            !is_visible && !is_described && is_empty("example") && is_empty("schema")
        }
        Kind::Account | Kind::Connection => false,
    }
}

/// An event type that an event added is hidden until somebody describes it. So what describes it shows it,
/// unless it says otherwise.
pub fn show_described(event_type: &mut Node, view: &Node) {
    let is_described = !event_type.members().is_empty() && event_type.get("visible").is_none();
    if is_described && is_kept(Kind::EventType, view) {
        event_type.set("visible", Tree::Bool(true).nowhere());
    }
}

fn is_of_listen(view: &Node) -> bool {
    let actions = view.get("actions").map(Node::items).unwrap_or_default();
    let mut hosts = actions
        .iter()
        .filter_map(|action| url::Url::parse(action.text_of("url")?).ok());
    hosts.any(|url| url.host_str().is_some_and(|host| host.ends_with(LISTEN)))
        || view
            .get("metadata")
            .is_some_and(|metadata| metadata.get(ABANDONED).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listen_and_events_make_is_no_configuration() {
        let is = |kind, json: &str| is_kept(kind, &Node::of_json(json).unwrap());
        let automation = |url: &str| format!(r#"{{"actions":[{{"url":"{url}"}}],"metadata":{{}}}}"#);
        assert!(is(
            Kind::Automation,
            &automation("https://zoe-1a.listen.invalid/x")
        ));
        assert!(!is(
            Kind::Automation,
            &automation("https://a.example/.listen.invalid")
        ));
        let added = r#"{"name":"a","description":"","visible":false,"example":null,"schema":null}"#;
        assert!(is(Kind::EventType, added));
        assert!(!is(Kind::EventType, &added.replace("false", "true")));
        assert!(!is(
            Kind::EventType,
            &added.replace("\"schema\":null", "\"schema\":{}")
        ));
        assert!(!is(Kind::Connection, "{}"));
    }
}
