//! The contents of an event type's form, converted from and to drafts.

use postrider_configuration::EventTypeDraft;
use postrider_model::EventType;

use crate::conflict::Differing;
use crate::form::Form;
use crate::view::body;

/// The form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    /// The name; fixed once the type exists.
    pub name: String,
    /// The description, for people.
    pub description: String,
    /// JSON, or empty.
    pub example: String,
    /// JSON, or empty.
    pub schema: String,
    /// Whether it is hidden from customers.
    pub is_hidden: bool,
}

impl Fields {
    /// The fields whose saved values differ.
    pub fn differing(&self, saved: &Self) -> Vec<Differing> {
        let mut differing = Differing::among(&[
            ("Description", &self.description, &saved.description),
            ("Example", &self.example, &saved.example),
            ("Schema", &self.schema, &saved.schema),
        ]);
        if self.is_hidden != saved.is_hidden {
            let words = if saved.is_hidden { "yes" } else { "no" };
            differing.push(Differing::in_words("Hidden from customers", words));
        }
        differing
    }

    /// A stored type, its JSON laid out.
    pub fn of(entry: &EventType) -> Self {
        Self {
            name: entry.name.to_string(),
            description: entry.description.clone(),
            example: laid_out(entry.example.as_deref()),
            schema: laid_out(entry.schema.as_deref()),
            // Saving the form describes a type that an event added, and so shows it.
            is_hidden: !entry.visible && is_described(entry),
        }
    }

    /// The fields as typed.
    pub fn typed(form: &Form) -> Self {
        Self {
            name: form.text("name").trim().to_owned(),
            description: form.text("description").trim().to_owned(),
            example: form.text("example").trim().to_owned(),
            schema: form.text("schema").trim().to_owned(),
            is_hidden: form.is_ticked("hidden"),
        }
    }

    /// The draft. JSON that nobody edited stays as stored, byte for byte, although the form shows it laid
    /// out.
    pub fn draft(&self, entry: Option<&EventType>) -> EventTypeDraft {
        let (example, schema) = match entry {
            None => (None, None),
            Some(entry) => (entry.example.as_deref(), entry.schema.as_deref()),
        };
        EventTypeDraft {
            name: self.name.clone(),
            description: self.description.clone(),
            example: json(&self.example, example),
            schema: json(&self.schema, schema),
            visible: !self.is_hidden,
        }
    }
}

fn is_described(entry: &EventType) -> bool {
    !entry.description.is_empty() || entry.example.is_some() || entry.schema.is_some()
}

fn laid_out(json: Option<&str>) -> String {
    let json = json.unwrap_or_default();
    body::pretty(json).unwrap_or_else(|| json.to_owned())
}

fn json(typed: &str, stored: Option<&str>) -> Option<String> {
    if typed.is_empty() {
        return None;
    }
    let kept = stored.filter(|stored| laid_out(Some(stored)) == typed);
    Some(kept.unwrap_or(typed).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unedited_json_keeps_its_formatting() {
        let stored = "{\"n\":12345678901234567890123,\"x\":1.10}";
        let shown = laid_out(Some(stored));
        assert_ne!(shown, stored);
        assert_eq!(json(&shown, Some(stored)).as_deref(), Some(stored));
        assert_eq!(json("{\"n\": 1}", Some(stored)).as_deref(), Some("{\"n\": 1}"));
        assert_eq!(json("", Some(stored)), None);
    }
}
