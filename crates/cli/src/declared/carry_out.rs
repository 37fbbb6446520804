//! Makes the changes of a plan, one call each.

use http::{Method, StatusCode};

use super::file::SYSTEM;
use super::kind::Kind;
use super::plan::{Change, Plan, Verb};
use super::server::Server;
use super::state::Connections;
use super::tree::{Node, Tree};
use crate::Failure;
use crate::client::{Call, Problem};
use crate::display::printable;

/// How far a plan was carried out.
#[derive(Debug, Default)]
pub struct Done {
    /// How many of its changes were made, from the first.
    pub count: usize,
    /// The objects of which only the secrets differed.
    pub secrets: Vec<String>,
    /// Why the rest was not.
    pub failure: Option<Failure>,
}

/// Carries the plan out, up to the first change that fails. `file` is the name of the file, for messages.
pub async fn carry_out(
    plan: &Plan,
    server: &mut Server<'_>,
    connections: &mut Connections,
    file: &str,
) -> Done {
    let mut done = Done::default();
    for change in &plan.changes {
        match carry_out_one(change, server, connections).await {
            Ok(has_new_secrets) => {
                done.count += 1;
                done.secrets.extend(has_new_secrets.then(|| change.name()));
            }
            Err(failure) => {
                done.failure = Some(explained(failure, change, file));
                break;
            }
        }
    }
    done
}

/// Whether secrets turned out to differ, where nothing else did.
async fn carry_out_one(
    change: &Change,
    server: &mut Server<'_>,
    connections: &mut Connections,
) -> Result<bool, Failure> {
    let path = match (change.verb, change.kind) {
        (Verb::Create, Kind::Account | Kind::Connection | Kind::Automation) => change.list(),
        _ => change.path(),
    };
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    // PUT of an event type would replace one that somebody has created since.
    let creates = (change.verb, change.method()) == (Verb::Create, Method::PUT);
    let call = Call::new(change.method(), &path)
        .header("if-match", change.etag.clone())
        .header("if-none-match", creates.then(|| "*".to_owned()));
    let call = match change.body(connections) {
        Some(body) => call.body(body.json()),
        None => call,
    };
    let response = server.send(call).await?;
    if (change.verb, change.kind) == (Verb::Create, Kind::Connection)
        && let Ok(view) = Node::of_json(&response.text)
    {
        connections.created(change.account.as_deref().unwrap_or(SYSTEM), view);
    }
    Ok(change.verb == Verb::SendSecrets && response.etag != change.etag)
}

impl Change {
    /// The path of its list behind `/v1`.
    fn list(&self) -> Vec<String> {
        let own = self.kind.segment().to_owned();
        match self.kind {
            Kind::EventType | Kind::Account => vec![own],
            Kind::Connection | Kind::Automation => {
                let account = self.account.as_deref().unwrap_or(SYSTEM);
                vec!["accounts".to_owned(), account.to_owned(), own]
            }
        }
    }

    /// The path of the object behind `/v1`. PUT takes the uid of an automation. The tag tells one that was
    /// created anew under it from the earlier one.
    pub fn path(&self) -> Vec<String> {
        let segment = match self.kind {
            Kind::Connection => &self.id,
            Kind::EventType | Kind::Account | Kind::Automation => &self.key,
        };
        let mut path = self.list();
        path.push(segment.clone());
        path
    }

    /// The object in words: `automation acme/tell-the-crm`.
    pub fn name(&self) -> String {
        let account = self.account.as_ref().map(|account| format!("{account}/"));
        format!("{} {}{}", self.kind.name(), account.unwrap_or_default(), self.key)
    }

    /// The failure of a change that another one has overtaken.
    pub fn overtaken(&self) -> Failure {
        let name = self.name();
        let happened = match self.verb {
            Verb::Create => "created it",
            Verb::Change | Verb::SendSecrets | Verb::Delete => "changed or deleted it",
        };
        Failure::Failed(format!(
            "{name}: somebody has {happened} since the plan was made, so it was left alone; apply again for a new \
             plan"
        ))
    }

    fn method(&self) -> Method {
        match (self.verb, self.kind) {
            (Verb::Delete, _) => Method::DELETE,
            (_, Kind::EventType) => Method::PUT,
            // Unlike PUT, POST does not replace an automation that somebody has created since.
            (Verb::Create, _) => Method::POST,
            (Verb::Change | Verb::SendSecrets, Kind::Automation) => Method::PUT,
            (Verb::Change | Verb::SendSecrets, _) => Method::PATCH,
        }
    }

    fn body(&self, connections: &Connections) -> Option<Node> {
        let mut body = match (self.verb, self.kind) {
            (Verb::Delete, _) => return None,
            (Verb::Change, Kind::Account) => self.patch(),
            (Verb::Change, Kind::EventType) => self.completed(),
            _ => self.new.clone(),
        };
        if self.verb == Verb::Create && self.kind != Kind::EventType {
            body.set(self.kind.key(), Tree::text(&self.key).nowhere());
        }
        if let (Kind::Automation, Some(account)) = (self.kind, &self.account)
            && let Some(Tree::List(actions)) = body.get_mut("actions").map(|actions| &mut actions.tree)
        {
            for action in actions {
                let name = action.take("connection");
                let id = name.as_ref().and_then(Node::text);
                if let Some(id) = id.and_then(|name| connections.id(account, name)) {
                    action.set("connection_id", Tree::text(id).nowhere());
                }
            }
        }
        Some(body)
    }

    /// The whole object, for PUT: what the file does not state is as the server has it.
    fn completed(&self) -> Node {
        let mut whole = self.new.clone();
        let old = self.old.as_ref().map(Node::members).unwrap_or_default();
        for member in old.iter().filter(|member| self.new.get(&member.name).is_none()) {
            whole.set(&member.name, member.value.clone());
        }
        whole
    }

    /// The merge patch of the fields that differ.
    fn patch(&self) -> Node {
        let mut patch = Tree::Map(Vec::new()).nowhere();
        for difference in &self.differences {
            let Some(new) = self.new.get(&difference.field) else {
                continue;
            };
            let old = self.old.as_ref().and_then(|old| old.get(&difference.field));
            patch.set(&difference.field, merge_patch(old, new));
        }
        patch
    }
}

/// What makes `new` of `old` when merged (RFC 7396).
fn merge_patch(old: Option<&Node>, new: &Node) -> Node {
    let (Some(old), Tree::Map(members)) = (old, &new.tree) else {
        return new.clone();
    };
    let mut patch = Tree::Map(Vec::new()).nowhere();
    for member in members {
        patch.set(&member.name, merge_patch(old.get(&member.name), &member.value));
    }
    for member in old.members() {
        if new.get(&member.name).is_none() {
            patch.set(&member.name, Tree::Null.nowhere());
        }
    }
    patch
}

/// The failure with the object that it is about, and the lines of the file that a refusal points to.
fn explained(failure: Failure, change: &Change, file: &str) -> Failure {
    let Failure::Problem(problem) = failure else {
        return failure;
    };
    // POST of an account or an automation finds its uid taken.
    let is_there = change.verb == Verb::Create && problem.code() == Some("uid_taken");
    if problem.status() == StatusCode::PRECONDITION_FAILED || is_there {
        return change.overtaken();
    }
    let name = change.name();
    let code = problem.code().map(|code| format!(" {code}")).unwrap_or_default();
    let status = format!("({}{code})", problem.status().as_u16());
    let places = pointers(&problem);
    if places.is_empty() || change.verb == Verb::Delete {
        return Failure::Failed(format!("{name}: {problem}"));
    }
    let lines = places.iter().map(|(pointer, detail)| {
        let pointer = pointer.replace("/connection_id", "/connection");
        let place = match change.new.place_of(&pointer) {
            place if pointer.is_empty() || place == change.new.place => change.place,
            place => place,
        };
        let detail = printable(detail);
        format!("{file}:{place}: {name}: {pointer}: {detail} {status}")
    });
    Failure::Failed(lines.collect::<Vec<_>>().join("\n"))
}

/// Pointer and detail of each error of a problem.
fn pointers(problem: &Problem) -> Vec<(String, String)> {
    let document = problem.document();
    let errors = document["errors"].as_array().into_iter().flatten();
    let pair = |error: &serde_json::Value| {
        let member = |name: &str| error[name].as_str().map(str::to_owned);
        Some((member("pointer")?, member("detail")?))
    };
    errors.filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_patch_removes_what_is_gone() {
        let node = |json| Node::of_json(json).unwrap();
        let patch = |old, new| merge_patch(Some(&node(old)), &node(new)).json();
        assert_eq!(
            patch(r#"{"a":1,"b":{"c":1}}"#, r#"{"b":{"d":[2]}}"#),
            r#"{"b":{"d":[2],"c":null},"a":null}"#
        );
        assert_eq!(patch(r#"{"a":1}"#, r#"{"a":{"b":1}}"#), r#"{"a":{"b":1}}"#);
        assert_eq!(patch("[1]", "null"), "null");
    }
}
