//! Header values that hold fields of the event: `{{ event.type }}`.
//!
//! A value with `{{` or `{%` is a template. Unlike the template of a body, it is not pinned: an attempt sends
//! the headers that the action has when it starts.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;

use postrider_model::automation::HEADER_BYTES_MAX;
use postrider_model::template::TemplateKind;
use postrider_model::{ActionId, Automation, Does, SendWebhook};
use postrider_signing::template::{Template, TemplateEvent, TemplateFault};

/// The templates of an action's header values, by the position of the header. One that this version cannot
/// compile is kept with its fault: the attempt fails, and does not send the template's text.
#[derive(Debug)]
pub struct HeaderTemplates(Vec<(usize, Result<Template, TemplateFault>)>);

/// Whether a header's value is a template.
pub(crate) fn is_template(value: &str) -> bool {
    value.contains("{{") || value.contains("{%")
}

/// Compiles a header's value that is a template.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn compile(value: &str) -> Result<Template, TemplateFault> {
    Template::compile(value, TemplateKind::HeaderValue)
}

/// The templates in header values of these automations' actions. Actions without one are left out.
pub(crate) fn of(automations: &[Automation]) -> HashMap<ActionId, HeaderTemplates> {
    let actions = automations.iter().flat_map(|automation| &automation.actions);
    let with_templates = actions.filter_map(|action| {
        let Does::SendWebhook(webhook) = &action.does else {
            return None;
        };
        let templates = webhook.headers.iter().enumerate();
        let templates = templates.filter(|(_, header)| is_template(&header.value));
        let compiled: Vec<_> = templates
            .map(|(index, header)| (index, compile(&header.value)))
            .collect();
        (!compiled.is_empty()).then_some((action.id, HeaderTemplates(compiled)))
    });
    with_templates.collect()
}

impl HeaderTemplates {
    /// The webhook with the values that its headers have for an event.
    ///
    /// # Errors
    /// Which header's template fails, and why, for people.
    pub fn applied<'a>(
        &self,
        webhook: &'a SendWebhook,
        event: &TemplateEvent<'_>,
    ) -> Result<Cow<'a, SendWebhook>, String> {
        let mut applied = webhook.clone();
        for (index, template) in &self.0 {
            let Some(header) = applied.headers.get_mut(*index) else {
                continue;
            };
            let rendered = match template {
                Ok(template) => template.render(event).map_err(|failed| failed.to_string()),
                Err(fault) => Err(fault.to_string()),
            };
            let rendered =
                rendered.map_err(|reason| format!("The header {} failed: {reason}", header.name))?;
            header.value = visible(rendered.trim());
            if header.name.len() + header.value.len() > 4 * HEADER_BYTES_MAX {
                return Err(format!("The header {} became too long", header.name));
            }
        }
        Ok(Cow::Owned(applied))
    }
}

/// The text in visible ASCII (RFC 9110, section 5.5): other characters are percent-encoded in UTF-8, so that
/// every receiver reads the same.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            ' ' | '!'..='~' => out.push(character),
            _ => {
                let mut bytes = [0; 4];
                for byte in character.encode_utf8(&mut bytes).bytes() {
                    // Writing to a string does not fail.
                    let _ = write!(out, "%{byte:02X}");
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_characters_than_visible_ones_are_percent_encoded() {
        assert_eq!(visible("a b~\u{7f}é\u{1f4ee}"), "a b~%7F%C3%A9%F0%9F%93%AE");
    }
}
