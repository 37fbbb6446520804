//! The changes that make a server have what a file declares.

use super::actions::identify;
use super::compare::{Difference, differences, keep_order, masked, stored};
use super::faults::{Faults, did_you_mean};
use super::file::{Declared, Entry, SYSTEM};
use super::kind::Kind;
use super::operational;
use super::server::Server;
use super::settle::Settling;
use super::state::{State, Stored};
use super::tree::{Node, Place, Tree};
use crate::Failure;

/// What to do, in this order.
#[derive(Debug, Default)]
pub struct Plan {
    /// The changes.
    pub changes: Vec<Change>,
    /// How many objects have what the file says, as far as the server shows it.
    pub unchanged: usize,
    /// What people should know.
    pub notes: Vec<String>,
}

/// A change of one object.
#[derive(Debug)]
pub struct Change {
    /// What to do.
    pub verb: Verb,
    /// The kind of the object.
    pub kind: Kind,
    /// The account that it belongs to, if it is not an account itself or the installation's.
    pub account: Option<String>,
    /// Its name or uid.
    pub key: String,
    /// Its id, if it exists.
    pub id: String,
    /// The tag of the state that the change is based on.
    pub etag: Option<String>,
    /// Its place in the file.
    pub place: Place,
    /// What the server has of it.
    pub old: Option<Node>,
    /// What the file says of it, with secrets.
    pub new: Node,
    /// The fields that differ.
    pub differences: Vec<Difference>,
    /// How many secrets are sent.
    pub secrets: usize,
}

/// What to do with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// Create it.
    Create,
    /// Change it.
    Change,
    /// Send its secrets. Nothing else differs, and only the server knows whether they do.
    SendSecrets,
    /// Delete it.
    Delete,
}

/// How to plan.
#[derive(Clone, Copy)]
pub struct Planning<'a> {
    /// The file.
    pub declared: &'a Declared,
    /// How references of objects that do not exist yet are resolved.
    pub settling: Settling<'a>,
    /// Whether to delete what the file does not name.
    pub prune: bool,
}

struct Planner<'a, 'b> {
    planning: Planning<'a>,
    server: &'a mut Server<'b>,
    state: &'a State,
    plan: Plan,
    faults: Faults,
}

impl Planning<'_> {
    /// The plan for a server in this state.
    pub async fn plan(self, server: &mut Server<'_>, state: &State) -> Result<Plan, Failure> {
        let mut planner = Planner {
            planning: self,
            server,
            state,
            plan: Plan::default(),
            faults: Faults::default(),
        };
        planner.run().await?;
        let Planner {
            mut plan, mut faults, ..
        } = planner;
        faults.check(&self.declared.name)?;
        plan.changes.sort_by_key(Change::rank);
        Ok(plan)
    }
}

impl Change {
    /// Its place in the order: what others need comes first, and what is needed no longer last.
    fn rank(&self) -> (bool, i8) {
        let kind = self.kind as i8;
        match self.verb {
            Verb::Delete => (true, -kind),
            Verb::Create | Verb::Change | Verb::SendSecrets => (false, kind),
        }
    }
}

impl Planner<'_, '_> {
    async fn run(&mut self) -> Result<(), Failure> {
        let (declared, state) = (self.planning.declared, self.state);
        if let Some(entries) = &declared.event_types {
            self.list(Kind::EventType, None, entries, &state.event_types)
                .await?;
        }
        if let Some(entries) = &declared.connections {
            let stored = state.connections.of(SYSTEM);
            self.list(Kind::Connection, None, entries, stored).await?;
        }
        for account in &declared.accounts {
            let key = Some(account.entry.key.as_str());
            let found = state.accounts.get(&account.entry.key);
            let own = found.map(|found| &found.account);
            self.object(Kind::Account, None, &account.entry, own).await?;
            if let Some(entries) = &account.connections {
                let stored = state.connections.of(&account.entry.key);
                self.list(Kind::Connection, key, entries, stored).await?;
            }
            if let Some(entries) = &account.automations {
                entries
                    .iter()
                    .for_each(|entry| self.check_connections(&account.entry.key, entry));
                let stored = found
                    .map(|found| found.automations.as_slice())
                    .unwrap_or_default();
                self.list(Kind::Automation, key, entries, stored).await?;
            }
        }
        Ok(())
    }

    /// Plans a whole list: what the file names, and what it does not.
    async fn list(
        &mut self,
        kind: Kind,
        account: Option<&str>,
        entries: &[Entry],
        stored: &[Stored],
    ) -> Result<(), Failure> {
        for entry in entries {
            let mut named = stored.iter().filter(|it| it.key.as_deref() == Some(&entry.key));
            let found = named.next();
            if named.next().is_some() {
                let message = format!(
                    "the server has several connections named `{}`: rename or delete all but one",
                    entry.key
                );
                self.faults.add(entry.place, message);
                continue;
            }
            self.object(kind, account, entry, found).await?;
        }
        if self.planning.prune {
            let is_named = |it: &&Stored| entries.iter().any(|entry| it.key.as_deref() == Some(&entry.key));
            for stored in stored.iter().filter(|it| !is_named(it)) {
                self.prune(kind, account, stored).await?;
            }
        }
        Ok(())
    }

    async fn object(
        &mut self,
        kind: Kind,
        account: Option<&str>,
        entry: &Entry,
        stored: Option<&Stored>,
    ) -> Result<(), Failure> {
        let mut change = Change {
            verb: Verb::Create,
            kind,
            account: account.map(str::to_owned),
            key: entry.key.clone(),
            id: String::new(),
            etag: None,
            place: entry.place,
            old: None,
            new: entry.settled.clone(),
            differences: Vec::new(),
            secrets: 0,
        };
        let Some(stored) = stored else {
            self.complete_new(&mut change, entry);
            self.plan.changes.push(change);
            return Ok(());
        };
        stored.id.clone_into(&mut change.id);
        let notes = self.compare(&mut change, &stored.view);
        if change.differences.is_empty() && change.secrets == 0 {
            self.plan.unchanged += 1;
            self.plan.notes.extend(notes);
            return Ok(());
        }
        // Lists have no tags. The object is read again, so that the plan is based on what its tag stands for.
        let path = change.path();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let read = self.server.read(&path).await?.ok_or_else(|| change.overtaken())?;
        change.etag = read.etag;
        entry.settled.clone_into(&mut change.new);
        let notes = self.compare(&mut change, &read.view);
        self.plan.notes.extend(notes);
        change.verb = Verb::Change;
        if change.differences.is_empty() {
            change.verb = Verb::SendSecrets;
            self.plan.unchanged += 1;
        }
        if let Some(of_type) = change.differences.iter().find(|it| it.field == "type")
            && kind == Kind::Connection
        {
            let place = of_type.new.as_ref().map_or(change.place, |new| new.place);
            let message = "the type of a connection never changes: declare one of another name";
            self.faults.add(place, message);
        }
        self.plan.changes.push(change);
        Ok(())
    }

    /// A new object needs its secrets, whatever happens to those of others.
    fn complete_new(&mut self, change: &mut Change, entry: &Entry) {
        let kind = change.kind;
        if self.planning.settling.keeps_secrets {
            let settling = Settling {
                keeps_secrets: false,
                ..self.planning.settling
            };
            change.new = settling.object(kind.fields(), &entry.written, kind.what(), &mut self.faults);
        }
        change.secrets = masked(kind.fields(), &change.new).1;
        if kind == Kind::Account && change.new.get("name").is_none() {
            let message = format!("the account {} does not exist yet: give it a `name`", entry.key);
            self.faults.add(entry.place, message);
        }
    }

    /// Fills in how the object differs from what the server shows. Returns notes.
    fn compare(&self, change: &mut Change, view: &Node) -> Vec<String> {
        let fields = change.kind.fields();
        if change.kind == Kind::EventType {
            operational::show_described(&mut change.new, view);
        }
        let mut old = stored(fields, view);
        let mut notes = Vec::new();
        if let (Kind::Automation, Some(account)) = (change.kind, &change.account) {
            self.name_connections(account, &mut old);
            self.name_connections(account, &mut change.new);
        }
        let (mut shown, secrets) = masked(fields, &change.new);
        if change.kind == Kind::Automation {
            let stored = old.get("actions").map(Node::items).unwrap_or_default();
            notes = identify(&mut shown, stored);
            adopt(&mut change.new, &shown);
        }
        keep_order(fields, &old, &mut change.new);
        change.differences = differences(fields, &old, &shown);
        change.secrets = secrets;
        change.old = Some(old);
        notes
            .into_iter()
            .map(|note| format!("{}: {note}", change.name()))
            .collect()
    }

    /// Puts names in the place of the ids of connections, where a name is clear.
    fn name_connections(&self, account: &str, automation: &mut Node) {
        let Some(Tree::List(actions)) = automation.get_mut("actions").map(|actions| &mut actions.tree) else {
            return;
        };
        for action in actions {
            let id = action.text_of("connection_id");
            let Some(name) = id.and_then(|id| self.state.connections.name(account, id)) else {
                continue;
            };
            let name = Tree::text(name).at(action.place_of("/connection_id"));
            action.set("connection", name);
            action.set("connection_id", Tree::Null.nowhere());
        }
    }

    /// Checks that each connection that the automation names exists, or will.
    fn check_connections(&mut self, account: &str, entry: &Entry) {
        let declared = self.planning.declared;
        let own = declared.accounts.iter().find(|it| it.entry.key == account);
        let own = own.and_then(|own| own.connections.as_deref()).unwrap_or_default();
        let new = own.iter().chain(declared.connections.iter().flatten());
        let new: Vec<&str> = new.map(|entry| entry.key.as_str()).collect();
        let stored = &self.state.connections;
        for action in entry.settled.get("actions").map(Node::items).unwrap_or_default() {
            let Some(name) = action.text_of("connection") else {
                continue;
            };
            let place = action.place_of("/connection");
            let owner = if stored.named(account, name).is_empty() {
                SYSTEM
            } else {
                account
            };
            if stored.named(owner, name).len() > 1 {
                let message = format!("there are several connections named `{name}`: use `connection_id`");
                self.faults.add(place, message);
            } else if !new.contains(&name) && stored.id(account, name).is_none() {
                let known = [account, SYSTEM].into_iter().flat_map(|owner| stored.of(owner));
                let known = known
                    .filter_map(|stored| stored.key.as_deref())
                    .chain(new.iter().copied());
                let hint = did_you_mean(name, known);
                let message =
                    format!("neither the account nor the installation has a connection `{name}`{hint}");
                self.faults.add(place, message);
            }
        }
    }

    async fn prune(&mut self, kind: Kind, account: Option<&str>, stored: &Stored) -> Result<(), Failure> {
        if operational::is_kept(kind, &stored.view) {
            return Ok(());
        }
        let Some(key) = stored.key.clone() else {
            let name = stored.view.text_of("name").unwrap_or_default();
            let account = account.unwrap_or(SYSTEM);
            let note = format!(
                "the automation {} ({name}) of {account} has no uid, and is kept",
                stored.id
            );
            self.plan.notes.push(note);
            return Ok(());
        };
        let mut change = Change {
            verb: Verb::Delete,
            kind,
            account: account.map(str::to_owned),
            key,
            id: stored.id.clone(),
            etag: None,
            place: Place::NONE,
            old: None,
            new: Tree::Null.nowhere(),
            differences: Vec::new(),
            secrets: 0,
        };
        let path = change.path();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        if let Some(read) = self.server.read(&path).await? {
            change.etag = read.etag;
            self.plan.changes.push(change);
        }
        Ok(())
    }
}

/// Takes over what was found out about the actions of the masked automation.
fn adopt(new: &mut Node, shown: &Node) {
    let shown = shown.get("actions").map(Node::items).unwrap_or_default();
    let Some(Tree::List(actions)) = new.get_mut("actions").map(|actions| &mut actions.tree) else {
        return;
    };
    for (action, shown) in actions.iter_mut().zip(shown) {
        for member in ["id", "enabled"] {
            if let Some(value) = shown.get(member) {
                action.set(member, value.clone());
            }
        }
        let is_unknown = action.text_of("url") == Some(postrider_model::custom_header::MASK);
        if let (true, Some(url)) = (is_unknown, shown.get("url")) {
            action.set("url", url.clone());
        }
    }
}
