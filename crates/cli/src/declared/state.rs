//! What a server has now of that which a file declares.

use std::collections::{BTreeMap, HashMap};

use http::StatusCode;

use super::file::{Declared, SYSTEM};
use super::server::Server;
use super::tree::{Node, Tree};
use crate::Failure;

/// What a server has.
#[derive(Debug, Default)]
pub struct State {
    /// The catalogue, if the file has one.
    pub event_types: Vec<Stored>,
    /// The accounts of the file that exist.
    pub accounts: BTreeMap<String, AccountState>,
    /// The connections by owner.
    pub connections: Connections,
}

/// An object of a server.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its name or uid, if it has one.
    pub key: Option<String>,
    /// Its id; of an event type, its name.
    pub id: String,
    /// What the API shows of it; null of an account that the key may not read.
    pub view: Node,
}

/// An account that exists.
#[derive(Debug)]
pub struct AccountState {
    /// What the API shows of it.
    pub account: Stored,
    /// Its automations.
    pub automations: Vec<Stored>,
}

/// Connections, by the account that owns them; those of [`SYSTEM`] are the installation's.
#[derive(Debug, Default)]
pub struct Connections(HashMap<String, Vec<Stored>>);

impl Stored {
    /// The object whose key is this member.
    pub fn of(view: Node, key: &str) -> Self {
        let id = view.text_of("id").or_else(|| view.text_of("name"));
        Self {
            id: id.unwrap_or_default().to_owned(),
            key: view.text_of(key).map(str::to_owned),
            view,
        }
    }
}

impl State {
    /// Reads what the file declares.
    pub async fn read(server: &mut Server<'_>, declared: &Declared) -> Result<Self, Failure> {
        let mut state = Self::default();
        if declared.event_types.is_some() {
            let list = server.list(&["event-types"]).await?;
            state.event_types = list.into_iter().map(|view| Stored::of(view, "name")).collect();
        }
        if declared.connections.is_some() {
            let list = server.list(&["accounts", SYSTEM, "connections"]).await?;
            state.connections.add(SYSTEM, list);
        }
        for account in &declared.accounts {
            let key = &account.entry.key;
            let needs_automations = account.automations.is_some();
            let needs_connections = needs_automations || account.connections.is_some();
            let found = read_account(server, key, needs_automations).await?;
            if found.is_some() && needs_connections {
                let list = server.list(&["accounts", key, "connections"]).await?;
                state.connections.add(key, list);
            } else if needs_connections && !state.connections.has(SYSTEM) {
                // The connections that a new account can use are the installation's.
                match server.list(&["accounts", SYSTEM, "connections"]).await {
                    Err(Failure::Problem(problem))
                        if matches!(problem.status(), StatusCode::FORBIDDEN | StatusCode::NOT_FOUND) => {}
                    list => state.connections.add(SYSTEM, list?),
                }
            }
            state.accounts.extend(found.map(|found| (key.clone(), found)));
        }
        Ok(state)
    }
}

/// The account of this uid or id, if it exists.
pub async fn read_account(
    server: &mut Server<'_>,
    key: &str,
    with_automations: bool,
) -> Result<Option<AccountState>, Failure> {
    let view = match server.read(&["accounts", key]).await {
        // A key of one account may not read the account itself, only what it has.
        Err(Failure::Problem(problem)) if problem.status() == StatusCode::FORBIDDEN => Tree::Null.nowhere(),
        read => match read? {
            Some(read) => read.view,
            None => return Ok(None),
        },
    };
    let automations = match with_automations {
        true => server.list(&["accounts", key, "automations"]).await?,
        false => Vec::new(),
    };
    let automations = automations.into_iter().map(|view| Stored::of(view, "uid"));
    let account = match view.is_null() {
        true => Stored {
            key: Some(key.to_owned()),
            id: key.to_owned(),
            view,
        },
        false => Stored::of(view, "uid"),
    };
    Ok(Some(AccountState {
        account,
        automations: automations.collect(),
    }))
}

impl Connections {
    /// Adds the list of an account, in which those of the installation are too.
    pub fn add(&mut self, account: &str, list: Vec<Node>) {
        let (shared, own): (Vec<Node>, Vec<Node>) = list
            .into_iter()
            .partition(|view| view.text_of("owner") == Some("installation"));
        let stored = |list: Vec<Node>| -> Vec<Stored> {
            let stored = list.into_iter().map(|view| Stored::of(view, "name"));
            stored.collect()
        };
        if account != SYSTEM {
            self.0.insert(account.to_owned(), stored(own));
        }
        // Only the list of `system` shows all of them.
        if account == SYSTEM || !self.has(SYSTEM) {
            self.0.insert(SYSTEM.to_owned(), stored(shared));
        }
    }

    fn has(&self, account: &str) -> bool {
        self.0.contains_key(account)
    }

    /// Adds one that was created.
    pub fn created(&mut self, account: &str, view: Node) {
        let list = self.0.entry(account.to_owned()).or_default();
        list.push(Stored::of(view, "name"));
    }

    /// The connections that this account owns.
    pub fn of(&self, account: &str) -> &[Stored] {
        self.0.get(account).map(Vec::as_slice).unwrap_or_default()
    }

    /// Those of this name that this account owns.
    pub fn named(&self, account: &str, name: &str) -> Vec<&Stored> {
        let is_named = |stored: &&Stored| stored.key.as_deref() == Some(name);
        self.of(account).iter().filter(is_named).collect()
    }

    /// The id of the connection that an automation of the account means by a name: its own, or else the
    /// installation's.
    pub fn id(&self, account: &str, name: &str) -> Option<&str> {
        let found = [account, SYSTEM].map(|owner| self.named(owner, name));
        let first = found.iter().find(|named| !named.is_empty())?;
        first.first().map(|stored| stored.id.as_str())
    }

    /// The name by which an automation of the account means the connection of this id, if there is one.
    pub fn name(&self, account: &str, id: &str) -> Option<&str> {
        let mut all = [account, SYSTEM].into_iter().flat_map(|owner| self.of(owner));
        let name = all.find(|stored| stored.id == id)?.key.as_deref()?;
        let named = [account, SYSTEM].map(|owner| self.named(owner, name));
        let is_clear = named.iter().find(|named| !named.is_empty())?.len() == 1;
        (is_clear && self.id(account, name) == Some(id)).then_some(name)
    }
}
