//! The tree that declares what a server has: without what is a default, with references for secrets.

use std::collections::BTreeSet;

use postrider_model::SecretQuery;
use postrider_model::custom_header::MASK;

use super::compare::stored;
use super::fields::{self, Field, Kind as Value, LeftOut};
use super::file::SYSTEM;
use super::kind::Kind;
use super::operational;
use super::secrets::{RESERVED, to_variable};
use super::state::{AccountState, Connections, Stored};
use super::tree::{Node, Tree};

/// What was exported, and what was not.
#[derive(Debug)]
pub struct Export {
    /// The declaration.
    pub root: Node,
    /// The variables that hold its secrets, with what they are for.
    pub variables: Vec<(String, String)>,
    /// What was left out, and why.
    pub left_out: Vec<String>,
    names: BTreeSet<String>,
}

impl Default for Export {
    fn default() -> Self {
        Self {
            root: map(),
            variables: Vec::new(),
            left_out: Vec::new(),
            names: BTreeSet::new(),
        }
    }
}

fn map() -> Node {
    Tree::Map(Vec::new()).nowhere()
}

/// What an object's secrets are called after.
struct Owner<'a> {
    kind: Kind,
    account: &'a str,
    key: &'a str,
}

impl Export {
    /// Adds the catalogue.
    pub fn event_types(&mut self, list: &[Stored]) {
        self.add_list(Kind::EventType, "", list, |_, object| object);
    }

    /// Adds the connections of the installation.
    pub fn installation(&mut self, connections: &Connections) {
        let list = connections.of(SYSTEM);
        self.add_connections(SYSTEM, list);
    }

    /// Adds an account with what it has. The account `system` is left out if nobody has changed it.
    pub fn account(&mut self, found: &AccountState, connections: &Connections) {
        let view = &found.account.view;
        let Some(uid) = found.account.key.clone() else {
            let name = view.text_of("name").unwrap_or_default();
            self.left_out.push(format!(
                "the account {} ({name}): give it a uid (postrider accounts update {} --uid …)",
                found.account.id, found.account.id
            ));
            return;
        };
        let outer = std::mem::replace(&mut self.root, map());
        if uid != SYSTEM {
            self.add_connections(&uid, connections.of(&uid));
        }
        self.add_list(Kind::Automation, &uid, &found.automations, |_, mut automation| {
            name_connections(&uid, &mut automation, connections);
            automation
        });
        let inner = std::mem::replace(&mut self.root, outer);
        let mut account = minimal(fields::ACCOUNT, &stored(fields::ACCOUNT, view));
        let is_untouched = uid == SYSTEM && account.members().len() == 1 && inner.members().is_empty();
        if is_untouched {
            return;
        }
        for member in inner.members() {
            account.set(&member.name, member.value.clone());
        }
        if self.root.get("accounts").is_none() {
            self.root.set("accounts", map());
        }
        if let Some(accounts) = self.root.get_mut("accounts") {
            accounts.set(&uid, account);
        }
    }

    fn add_connections(&mut self, account: &str, list: &[Stored]) {
        let is_named_as = |one: &Stored, other: &Stored| one.key == other.key && one.id != other.id;
        let is_unclear = |stored: &&Stored| list.iter().any(|other| is_named_as(stored, other));
        let unclear = list.iter().filter(is_unclear).map(|stored| {
            let name = stored.key.as_deref().unwrap_or_default();
            format!(
                "the connection {} of {account}: another one is named {name} too",
                stored.id
            )
        });
        self.left_out.extend(unclear);
        let clear: Vec<Stored> = list.iter().filter(|it| !is_unclear(it)).cloned().collect();
        self.add_list(Kind::Connection, account, &clear, |_, object| object);
    }

    /// Adds a list, by keys in their order, unless it is empty.
    fn add_list(
        &mut self,
        kind: Kind,
        account: &str,
        list: &[Stored],
        edit: impl Fn(&mut Self, Node) -> Node,
    ) {
        let mut sorted: Vec<&Stored> = list.iter().collect();
        sorted.sort_by(|one, other| one.key.cmp(&other.key));
        let mut objects = map();
        for stored_object in sorted {
            let view = &stored_object.view;
            if operational::is_kept(kind, view) {
                continue;
            }
            let Some(key) = &stored_object.key else {
                let (id, name) = (&stored_object.id, view.text_of("name").unwrap_or_default());
                self.left_out.push(format!(
                    "the automation {id} ({name}) of {account}: give it a uid (postrider automations update {account} \
                     {id} --uid …)"
                ));
                continue;
            };
            let object = edit(self, stored(kind.fields(), view));
            let owner = Owner { kind, account, key };
            let object = self.with_references(kind.fields(), &object, &owner);
            objects.set(key, object);
        }
        if !objects.members().is_empty() {
            self.root.set(&kind.segment().replace('-', "_"), objects);
        }
    }

    /// The object without defaults, and with references in the place of secrets.
    fn with_references(&mut self, fields: &[Field], object: &Node, owner: &Owner<'_>) -> Node {
        let mut object = minimal(fields, object);
        for field in fields {
            let Some(value) = object.get_mut(field.name) else {
                continue;
            };
            match (field.kind, &mut value.tree) {
                (Value::Secret, Tree::Text(text)) if text == MASK => {
                    *value = self.variable(owner, field.name);
                }
                (Value::Url, Tree::Text(url)) if SecretQuery::stands_in(url) => {
                    *value = self.variable(owner, field.name);
                }
                (Value::Headers, Tree::Map(headers)) => {
                    for header in headers.iter_mut().filter(|it| it.value.text() == Some(MASK)) {
                        header.value = self.variable(owner, &header.name);
                    }
                }
                (Value::Actions, Tree::List(actions)) => {
                    for action in actions {
                        // Postrider's decision is no configuration.
                        if action.text_of("disabled_reason").is_some() {
                            action.set("enabled", Tree::Bool(true).nowhere());
                        }
                        let known = action.text_of("type").and_then(fields::of_action);
                        *action = self.with_references(known.unwrap_or_default(), action, owner);
                    }
                }
                _ => {}
            }
        }
        object
    }

    /// A reference to a variable of a name that nothing else has, and that is the same in the next export.
    fn variable(&mut self, owner: &Owner<'_>, field: &str) -> Node {
        let account = match owner.account {
            SYSTEM if owner.kind == Kind::Connection => "INSTALLATION",
            account => account,
        };
        let letter = |character: char| match character.is_ascii_alphanumeric() {
            true => character.to_ascii_uppercase(),
            false => '_',
        };
        let base: String = format!("{account}_{}_{field}", owner.key)
            .chars()
            .map(letter)
            .collect();
        let is_taken = base.starts_with(RESERVED) || base.starts_with(|first: char| first.is_ascii_digit());
        let base = match is_taken {
            true => format!("_{base}"),
            false => base,
        };
        let mut name = base.clone();
        let mut number = 1;
        while !self.names.insert(name.clone()) {
            number += 1;
            name = format!("{base}_{number}");
        }
        let of = match (owner.kind, owner.account) {
            (Kind::Connection, SYSTEM) => owner.key.to_owned(),
            (_, account) => format!("{account}/{}", owner.key),
        };
        let of = format!("{} {of}: {field}", owner.kind.name());
        self.variables.push((name.clone(), of));
        to_variable(&name)
    }
}

/// Puts names in the place of the ids of connections, where a name is clear.
fn name_connections(account: &str, automation: &mut Node, connections: &Connections) {
    let Some(Tree::List(actions)) = automation.get_mut("actions").map(|actions| &mut actions.tree) else {
        return;
    };
    for action in actions {
        let id = action.text_of("connection_id");
        if let Some(name) = id.and_then(|id| connections.name(account, id)) {
            action.set("connection", Tree::text(name).nowhere());
            action.set("connection_id", Tree::Null.nowhere());
        }
    }
}

/// The object without the fields that have their defaults.
fn minimal(fields: &[Field], object: &Node) -> Node {
    let mut kept = map();
    for field in fields {
        let Some(value) = object.get(field.name) else {
            continue;
        };
        let value = match field.kind {
            Value::Group(fields) if !value.is_null() => minimal(fields, value),
            _ => value.clone(),
        };
        let is_default = match field.left_out {
            LeftOut::Default(json) | LeftOut::Kept(json) | LeftOut::Untouched(json) => {
                value.is_null() || Node::of_json(json).is_ok_and(|default| default.is_equal(&value))
            }
            LeftOut::Fault => false,
        };
        if !is_default {
            kept.set(field.name, value);
        }
    }
    for (of, text, field, default) in super::settle::DEPENDENT {
        if kept.text_of(of) == Some(text) && kept.text_of(field) == Some(default) {
            kept.take(field);
        }
    }
    kept
}
