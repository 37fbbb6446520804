//! The faults of a form, by field.

use postrider_configuration::Fault;

/// Faults, looked up by the pointer to their field.
#[derive(Debug, Clone, Default)]
pub struct FieldFaults(Vec<Fault>);

impl FieldFaults {
    /// Holds these faults.
    pub fn new(faults: Vec<Fault>) -> Self {
        Self(faults)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The faults at this pointer or below it, as a sentence; empty if there are none.
    pub fn under(&self, pointer: impl AsRef<str>) -> String {
        self.sentence(|fault| is_under(fault, pointer.as_ref()))
    }

    /// Whether there are faults at this pointer or below it.
    pub fn has_under(&self, pointer: impl AsRef<str>) -> bool {
        self.0
            .iter()
            .any(|fault| is_under(&fault.pointer, pointer.as_ref()))
    }

    /// The faults at exactly this pointer, as a sentence.
    pub fn at(&self, pointer: &str) -> String {
        self.sentence(|fault| fault == pointer)
    }

    fn sentence(&self, is_meant: impl Fn(&str) -> bool) -> String {
        let meant = self.0.iter().filter(|fault| is_meant(&fault.pointer));
        let details: Vec<&str> = meant.map(|fault| fault.detail.as_str()).collect();
        sentence(&details.join("; "))
    }
}

fn is_under(pointer: &str, parent: &str) -> bool {
    pointer
        .strip_prefix(parent)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The text with a capital first letter and a full stop at the end.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        None => String::new(),
        Some(first) => {
            // Texts mark code as in Markdown; the page shows quotation marks instead.
            let mut is_open = false;
            let rest: String = characters
                .as_str()
                .chars()
                .map(|character| match character {
                    '`' => {
                        is_open = !is_open;
                        if is_open { '“' } else { '”' }
                    }
                    other => other,
                })
                .collect();
            let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
            format!("{}{}{end}", first.to_uppercase(), rest)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_found_at_its_pointer_and_its_parents() {
        let fault = |pointer: &str| Fault {
            pointer: pointer.to_owned(),
            code: "blank",
            detail: "is blank".to_owned(),
        };
        let faults = FieldFaults::new(vec![fault("/actions/1/url"), fault("/actions/10/url")]);
        assert_eq!(faults.under("/actions/1/url"), "Is blank.");
        assert_eq!(faults.under("/actions/1"), "Is blank.");
        assert_eq!(faults.under("/actions"), "Is blank; is blank.");
        assert_eq!(sentence("such as `a.*`, or `*`"), "Such as “a.*”, or “*”.");
        assert_eq!(faults.at("/actions"), "");
        assert_eq!(faults.under("/name"), "");
    }
}
