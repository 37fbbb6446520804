//! Checks what a file says of an object, and completes it: each field in the form in which the API shows it,
//! defaults filled in, references replaced by their texts.
//!
//! The result still has the places of the file, so that a refusal of the server leads to its line. What is
//! not checked here, the server checks.

use postrider_egress::HostPattern;
use postrider_json::Conditions;
use postrider_model::EmailAddress;
use postrider_model::custom_header::MASK;

use super::faults::{Faults, did_you_mean};
use super::fields::{self, Field, Kind, LeftOut};
use super::secrets::{Sources, reference};
use super::tree::{Member, Node, Tree};

/// Defaults that depend on another field: if that has this value, then this field is this text.
pub(super) const DEPENDENT: [(&str, &str, &str, &str); 2] = [
    ("body", "template", "content_type", "application/json"),
    ("type", "oauth2", "client_authentication", "basic"),
];

/// How references are resolved.
#[derive(Clone, Copy)]
pub struct Settling<'a> {
    /// Where references lead.
    pub sources: Sources<'a>,
    /// Whether secrets stay what they are on the server: [`MASK`] stands for each, and references to them
    /// are not followed.
    pub keeps_secrets: bool,
}

impl Settling<'_> {
    /// The object with these fields; `what` it is, for faults. Faulty fields are left out of it.
    pub fn object(&self, fields: &[Field], node: &Node, what: &str, faults: &mut Faults) -> Node {
        let mut settled = Tree::Map(Vec::new()).at(node.place);
        let Tree::Map(members) = &node.tree else {
            let message = format!("expected the fields of {what}, not {}", node.tree.kind());
            faults.add(node.place, message);
            return settled;
        };
        for member in members {
            if !fields.iter().any(|field| field.name == member.name) {
                faults.add(member.place, unknown(&member.name, fields, what));
            }
        }
        for field in fields {
            let found = members.iter().find(|member| member.name == field.name);
            let value = match (found, field.left_out) {
                (Some(member), _) if !member.value.is_null() => self.value(field, member, node, faults),
                (_, LeftOut::Fault) => {
                    let place = found.map_or(node.place, |member| member.place);
                    faults.add(place, format!("{what} needs `{}`", field.name));
                    None
                }
                (Some(_), LeftOut::Kept(json)) | (_, LeftOut::Default(json)) => Node::of_json(json).ok(),
                (None, LeftOut::Kept(_)) | (_, LeftOut::Untouched(_)) => None,
            };
            let Some(value) = value else { continue };
            settled.set(field.name, value);
            if let (Tree::Map(settled), Some(member)) = (&mut settled.tree, found)
                && let Some(last) = settled.last_mut()
            {
                last.place = member.place;
            }
        }
        complete(&mut settled);
        settled
    }

    /// The value of a field that is there and not null.
    fn value(&self, field: &Field, member: &Member, of: &Node, faults: &mut Faults) -> Option<Node> {
        let value = &member.value;
        let at = value.place;
        let mut expected = |what: &str| {
            let hint = match (&value.tree, what) {
                (Tree::Number(_) | Tree::Bool(_), "a text") => ": put it in quotes",
                _ => "",
            };
            let message = format!("`{}` is {what}, not {}{hint}", field.name, value.tree.kind());
            faults.add(at, message);
            None
        };
        match (field.kind, &value.tree) {
            (Kind::Text, Tree::Text(_)) | (Kind::Switch, Tree::Bool(_)) | (Kind::Object, Tree::Map(_)) => {
                Some(value.clone())
            }
            (Kind::Json, _) => Some(value.clone()),
            (Kind::Whole, Tree::Number(number)) if is_whole(number) => Some(value.clone()),
            (Kind::Wholes, Tree::List(items)) if items.iter().all(|item| whole(item).is_some()) => {
                Some(value.clone())
            }
            (Kind::Texts | Kind::Hosts | Kind::Addresses, Tree::List(items))
                if items.iter().all(|item| item.text().is_some()) =>
            {
                let spelt = items.iter().map(|item| spelt(field.kind, item));
                Some(Tree::List(spelt.collect()).at(at))
            }
            (Kind::LongText, _) => Some(Tree::Text(self.sources.text(value, faults)?).at(at)),
            (Kind::Secret, _) => self.secret(value, faults),
            (Kind::Url, _) => self.url(value, of, faults),
            (Kind::Conditions, Tree::Map(_)) => conditions(value, faults),
            (Kind::Headers, Tree::Map(headers)) => Some(self.headers(headers, value, of, faults)),
            (Kind::Group(fields), Tree::Map(_)) => {
                Some(self.object(fields, value, &format!("`{}`", field.name), faults))
            }
            (Kind::Actions, Tree::List(actions)) => {
                let actions = actions.iter().filter_map(|action| self.action(action, faults));
                Some(Tree::List(actions.collect()).at(at))
            }
            (Kind::Text, _) => expected("a text"),
            (Kind::Switch, _) => expected("true or false"),
            (Kind::Whole, _) => expected("a whole number"),
            (Kind::Wholes, _) => expected("a list of whole numbers"),
            (Kind::Texts | Kind::Hosts | Kind::Addresses, _) => expected("a list of texts"),
            (Kind::Actions, _) => expected("a list of actions"),
            (Kind::Object | Kind::Conditions | Kind::Headers | Kind::Group(_), _) => expected("a map"),
        }
    }

    fn secret(&self, value: &Node, faults: &mut Faults) -> Option<Node> {
        let is_kept = self.keeps_secrets && (value.text().is_some() || reference(value).is_some());
        let text = match is_kept {
            true => MASK.to_owned(),
            false => self.sources.text(value, faults)?,
        };
        Some(Tree::Text(text).at(value.place))
    }

    /// The URL. If its query is a secret that is kept, the URL of a reference is not needed either.
    fn url(&self, value: &Node, of: &Node, faults: &mut Faults) -> Option<Node> {
        let has_secret = of.get("secret_query").is_some_and(Node::is_true);
        let text = if self.keeps_secrets && has_secret && reference(value).is_some() {
            let found = self.sources.text(value, &mut Faults::default());
            found.unwrap_or_else(|| MASK.to_owned())
        } else {
            self.sources.text(value, faults)?
        };
        Some(Tree::Text(text).at(value.place))
    }

    fn headers(&self, headers: &[Member], value: &Node, of: &Node, faults: &mut Faults) -> Node {
        let mut settled = Tree::Map(Vec::new()).at(value.place);
        for header in headers {
            let plain = of.get("plain_headers").map(Node::items).unwrap_or_default();
            let is_plain = plain.iter().any(|plain| is_header(plain, &header.name));
            let text = match is_plain {
                true => {
                    let text = self.sources.text(&header.value, faults);
                    text.map(|text| Tree::Text(text).at(header.value.place))
                }
                false => self.secret(&header.value, faults),
            };
            if let (Tree::Map(members), Some(value)) = (&mut settled.tree, text) {
                members.push(Member {
                    value,
                    ..header.clone()
                });
            }
        }
        settled
    }

    fn action(&self, action: &Node, faults: &mut Faults) -> Option<Node> {
        let kind = action.get("type");
        let fields = kind.and_then(Node::text).and_then(fields::of_action);
        let Some(fields) = fields else {
            let place = kind.map_or(action.place, |kind| kind.place);
            faults.add(place, "an action needs `type`: `send_webhook` or `send_email`");
            return None;
        };
        let what = match kind.and_then(Node::text) {
            Some("send_email") => "an e-mail action",
            _ => "a webhook action",
        };
        let settled = self.object(fields, action, what, faults);
        if settled.text_of("connection").is_some() && settled.text_of("connection_id").is_some() {
            let message = "name the connection by `connection` or by `connection_id`, not by both";
            faults.add(settled.place_of("/connection_id"), message);
        }
        Some(settled)
    }
}

/// Completes defaults that depend on another field, and the spelling of names.
fn complete(settled: &mut Node) {
    for (of, value, field, default) in DEPENDENT {
        if settled.text_of(of) == Some(value) && settled.get(field).is_some_and(Node::is_null) {
            settled.set(field, Tree::text(default).nowhere());
        }
    }
    let headers = settled.get("headers").map(Node::members).unwrap_or_default();
    let headers: Vec<String> = headers.iter().map(|header| header.name.clone()).collect();
    if let Some(Tree::List(plain)) = settled.get_mut("plain_headers").map(|plain| &mut plain.tree) {
        for plain in plain {
            let header = headers.iter().find(|header| is_header(plain, header));
            if let Some(header) = header {
                plain.tree = Tree::text(header);
            }
        }
    }
}

/// Whether this text is the name of the header; case is ignored.
pub(super) fn is_header(name: &Node, header: &str) -> bool {
    name.text().is_some_and(|name| name.eq_ignore_ascii_case(header))
}

fn unknown(name: &str, fields: &[Field], what: &str) -> String {
    let hint = match name {
        "uid" | "name" => "; the key of the map is it already".to_owned(),
        "id" | "created_at" | "updated_at" => "; the server sets it".to_owned(),
        _ => did_you_mean(name, fields.iter().map(|field| field.name)),
    };
    format!("`{name}` is not a field of {what}{hint}")
}

fn conditions(value: &Node, faults: &mut Faults) -> Option<Node> {
    match Conditions::read(&value.json()) {
        Ok(conditions) => Some(Node {
            place: value.place,
            ..Node::of_json(&conditions.to_string()).ok()?
        }),
        Err(found) => {
            for fault in found {
                faults.add(value.place_of(&fault.pointer), fault.message);
            }
            None
        }
    }
}

/// The text as the API writes it. What it would refuse, it refuses itself.
fn spelt(kind: Kind, item: &Node) -> Node {
    let text = item.text().unwrap_or_default();
    let spelt = match kind {
        Kind::Hosts => text.parse::<HostPattern>().ok().map(|host| host.to_string()),
        Kind::Addresses => text.trim().parse::<EmailAddress>().ok().map(|it| it.to_string()),
        _ => None,
    };
    Tree::text(spelt.as_deref().unwrap_or(text)).at(item.place)
}

fn is_whole(number: &str) -> bool {
    number
        .strip_prefix('-')
        .unwrap_or(number)
        .bytes()
        .all(|byte| byte.is_ascii_digit())
}

fn whole(item: &Node) -> Option<&str> {
    match &item.tree {
        Tree::Number(number) if is_whole(number) => Some(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
