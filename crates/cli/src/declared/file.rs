//! A file: the objects that it declares, checked as far as that needs no server.

use super::faults::{Faults, did_you_mean};
use super::fields::{ACCOUNT, AUTOMATION, CONNECTION, EVENT_TYPE};
use super::kind::Kind;
use super::read::read;
use super::settle::Settling;
use super::tree::{Member, Node, Place, Tree};
use crate::Failure;

/// The account whose connections are the installation's.
pub const SYSTEM: &str = "system";

/// What a file declares. `None` where it says nothing: that is not "nothing at all", which would be an empty
/// map.
#[derive(Debug, Default)]
pub struct Declared {
    /// The name of the file, for messages.
    pub name: String,
    /// The catalogue.
    pub event_types: Option<Vec<Entry>>,
    /// The installation's connections.
    pub connections: Option<Vec<Entry>>,
    /// The accounts.
    pub accounts: Vec<AccountEntry>,
}

/// An object.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its name or uid.
    pub key: String,
    /// Where the key is.
    pub place: Place,
    /// As the file has it.
    pub written: Node,
    /// Its fields, checked and completed.
    pub settled: Node,
}

/// An account with what it has.
#[derive(Debug)]
pub struct AccountEntry {
    /// The account itself.
    pub entry: Entry,
    /// Its connections.
    pub connections: Option<Vec<Entry>>,
    /// Its automations.
    pub automations: Option<Vec<Entry>>,
}

impl Declared {
    /// Reads the text of the file of this name. Fails with everything that is wrong with it.
    pub fn read(name: &str, text: &str, settling: &Settling<'_>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let mut declared = Self {
            name: name.to_owned(),
            ..Self::default()
        };
        if let Some(root) = read(text, &mut faults) {
            declared.take(&root, settling, &mut faults);
        }
        faults.check(name)?;
        Ok(declared)
    }

    fn take(&mut self, root: &Node, settling: &Settling<'_>, faults: &mut Faults) {
        const KEYS: [&str; 3] = ["event_types", "connections", "accounts"];
        if root.members().is_empty() {
            let message = format!(
                "expected a map with {}",
                KEYS.map(|key| format!("`{key}`")).join(", ")
            );
            faults.add(root.place, message);
        }
        for member in root.members() {
            match member.name.as_str() {
                "event_types" => self.event_types = entries(Kind::EventType, &member.value, settling, faults),
                "connections" => {
                    self.connections = entries(Kind::Connection, &member.value, settling, faults)
                }
                "accounts" => {
                    for account in map(&member.value, "accounts by uid", faults) {
                        self.accounts.push(self::account(account, settling, faults));
                    }
                }
                name => {
                    let message = format!(
                        "`{name}` is not known here: a file has `event_types`, `connections` and `accounts`{}",
                        did_you_mean(name, KEYS)
                    );
                    faults.add(member.place, message);
                }
            }
        }
    }
}

fn account(member: &Member, settling: &Settling<'_>, faults: &mut Faults) -> AccountEntry {
    let mut own = member.value.clone();
    let connections = own.take("connections");
    let automations = own.take("automations");
    if own.is_null() {
        own.tree = Tree::Map(Vec::new());
    }
    if let (SYSTEM, Some(connections)) = (member.name.as_str(), &connections) {
        let message =
            "the connections of `system` are the installation's: they stand in `connections` at the top";
        faults.add(connections.place, message);
    }
    if let Some(metadata) = own.get("metadata") {
        refuse_nulls(metadata, faults);
    }
    let mut listed = |kind, list: Option<Node>| list.and_then(|list| entries(kind, &list, settling, faults));
    let connections = listed(Kind::Connection, connections);
    let automations = listed(Kind::Automation, automations);
    AccountEntry {
        connections,
        automations,
        entry: Entry {
            key: member.name.clone(),
            place: member.place,
            settled: settling.object(ACCOUNT, &own, Kind::Account.what(), faults),
            written: own,
        },
    }
}

/// The API merges the metadata of accounts, and null removes a member.
fn refuse_nulls(metadata: &Node, faults: &mut Faults) {
    for member in metadata.members() {
        if member.value.is_null() {
            let message = "the metadata of an account cannot have null: leave the member out";
            faults.add(member.value.place, message);
        }
        refuse_nulls(&member.value, faults);
    }
}

/// The objects of a map; `None` if it is null.
fn entries(kind: Kind, list: &Node, settling: &Settling<'_>, faults: &mut Faults) -> Option<Vec<Entry>> {
    let entry = |member: &Member, faults: &mut Faults| Entry {
        key: member.name.clone(),
        place: member.place,
        written: member.value.clone(),
        settled: settling.object(kind.fields(), &member.value, kind.what(), faults),
    };
    let members = map(list, kind.map(), faults);
    (!list.is_null()).then(|| members.iter().map(|member| entry(member, faults)).collect())
}

fn map<'a>(node: &'a Node, what: &str, faults: &mut Faults) -> &'a [Member] {
    if !matches!(node.tree, Tree::Map(_) | Tree::Null) {
        faults.add(node.place, format!("expected {what}, not {}", node.tree.kind()));
    }
    for member in node.members() {
        if matches!(member.name.as_str(), "" | "." | "..") {
            faults.add(member.place, format!("`{}` is not a name or a uid", member.name));
        }
    }
    node.members()
}

impl Kind {
    /// Its fields.
    pub const fn fields(self) -> &'static [super::fields::Field] {
        match self {
            Self::EventType => EVENT_TYPE,
            Self::Account => ACCOUNT,
            Self::Connection => CONNECTION,
            Self::Automation => AUTOMATION,
        }
    }
}
