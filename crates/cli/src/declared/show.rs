//! A plan for people and for programs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::carry_out::Done;
use super::compare::Difference;
use super::plan::{Change, Plan, Verb};
use super::tree::Node;
use crate::display::{Paint, counted, printable};

/// Longest value that is shown, in characters. Templates and schemas have thousands.
const VALUE_CHARACTERS_MAX: usize = 60;

impl Plan {
    /// Whether something differs, as far as the server shows it.
    pub fn has_changes(&self) -> bool {
        self.changes.iter().any(|change| change.verb != Verb::SendSecrets)
    }

    /// How many changes have this verb.
    pub fn count(&self, verb: Verb) -> usize {
        self.changes.iter().filter(|change| change.verb == verb).count()
    }

    /// The plan for people.
    pub fn text(&self, paint: Paint) -> String {
        let mut text = String::new();
        for change in &self.changes {
            let name = printable(&change.name()).into_owned();
            let line = match change.verb {
                Verb::Create => paint.green(&format!("+ {name}")),
                Verb::Change => paint.yellow(&format!("~ {name}")),
                Verb::Delete => paint.red(&format!("- {name}")),
                Verb::SendSecrets => continue,
            };
            text.push_str(&format!("{line}\n"));
            for difference in &change.differences {
                text.push_str(&format!("    {}\n", difference.text()));
            }
            if change.verb == Verb::Change && change.secrets > 0 {
                let secrets = counted(change.secrets as u64, "secret is", "secrets are");
                text.push_str(&paint.dim(&format!("    its {secrets} sent too\n")));
            }
        }
        for note in &self.notes {
            text.push_str(&format!("Note: {}\n", printable(note)));
        }
        text.push_str(&self.summary());
        text
    }

    fn summary(&self) -> String {
        let unchanged = format!("= {} unchanged", self.unchanged);
        let counts = [
            (Verb::Create, "to create"),
            (Verb::Change, "to change"),
            (Verb::Delete, "to delete"),
        ];
        let counts = counts.map(|(verb, words)| (self.count(verb), words));
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let mut parts: Vec<_> = counts.map(|(count, words)| format!("{count} {words}")).collect();
        if parts.is_empty() {
            parts.push("Nothing to change".to_owned());
        }
        parts.push(unchanged);
        let mut text = format!("{}.\n", parts.join(", "));
        let secrets = self.count(Verb::SendSecrets);
        if secrets > 0 {
            text.push_str(&format!(
                "The secrets of {} are sent to be compared: the server does not reveal them. --keep-secrets leaves \
                 them alone.\n",
                counted(secrets as u64, "unchanged object", "unchanged objects")
            ));
        }
        text
    }

    /// The plan for programs; with what was done of it, if it was carried out.
    pub fn json(&self, done: Option<&Done>) -> String {
        let changes = self.changes.iter().enumerate();
        let changes: Vec<Value> = changes
            .map(|(at, change)| change.json(done.map(|done| at < done.count)))
            .collect();
        let mut document = json!({
            "changes": changes,
            "unchanged": self.unchanged,
            "notes": self.notes,
        });
        if let Some(done) = done {
            document["secrets_changed"] = done.secrets.clone().into();
        }
        document.to_string()
    }
}

impl Done {
    /// What was done, in a sentence.
    pub fn text(&self, plan: &Plan) -> String {
        let made = plan.changes.iter().take(self.count);
        let mut counts: BTreeMap<Verb, usize> = BTreeMap::new();
        for change in made.filter(|change| change.verb != Verb::SendSecrets) {
            *counts.entry(change.verb).or_default() += 1;
        }
        let word = |verb: &Verb| match verb {
            Verb::Create => "created",
            Verb::Change | Verb::SendSecrets => "changed",
            Verb::Delete => "deleted",
        };
        let parts = counts
            .iter()
            .map(|(verb, count)| format!("{count} {}", word(verb)));
        let mut parts: Vec<_> = parts.collect();
        if !self.secrets.is_empty() {
            parts.push(format!("new secrets for {}", printable(&self.secrets.join(", "))));
        }
        match parts.is_empty() {
            true => "Nothing changed.".to_owned(),
            false => format!("Done: {}.", parts.join(", ")),
        }
    }
}

impl Change {
    /// For programs. `is_done`: whether it was made, if the plan was carried out.
    fn json(&self, is_done: Option<bool>) -> Value {
        let verb = match self.verb {
            Verb::Create => "create",
            Verb::Change => "change",
            Verb::SendSecrets => "send_secrets",
            Verb::Delete => "delete",
        };
        let value = |node: &Option<Node>| -> Value {
            let json = node.as_ref().map(Node::json);
            json.and_then(|json| serde_json::from_str(&json).ok())
                .unwrap_or_default()
        };
        let fields = self
            .differences
            .iter()
            .map(|it| json!({"field": it.field, "old": value(&it.old), "new": value(&it.new)}));
        let mut document = json!({
            "change": verb,
            "kind": self.kind.code(),
            "account": self.account,
            "key": self.key,
            "fields": fields.collect::<Vec<_>>(),
        });
        if let Some(is_done) = is_done {
            document["done"] = is_done.into();
        }
        document
    }
}

impl Difference {
    fn text(&self) -> String {
        let (old, new) = (shown(self.old.as_ref()), shown(self.new.as_ref()));
        let field = printable(&self.field);
        match old == new && self.old.is_some() {
            // Both are shortened, or secrets.
            true => format!("{field}: {old} → another value"),
            false => format!("{field}: {old} → {new}"),
        }
    }
}

fn shown(value: Option<&Node>) -> String {
    let Some(value) = value else {
        return "(none)".to_owned();
    };
    let json = printable(&value.json()).into_owned();
    match json.char_indices().nth(VALUE_CHARACTERS_MAX) {
        Some((at, _)) => format!("{}…", &json[..at]),
        None => json,
    }
}
