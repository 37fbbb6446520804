//! The body of a webhook action: what can be set of it, and its checks.

use postrider_model::body::{CONTENT_TYPE_BYTES_MAX, content_type_is_valid};
use postrider_model::{BodyContent, BodyStyle, BodyTemplate, WebhookBody};
use postrider_signing::template::Template;

use crate::{Faults, codes};

/// The content type of a template that sets none.
pub const TEMPLATE_CONTENT_TYPE: &str = "application/json";

/// What the body of a webhook holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContentDraft {
    /// The event: id, type, time and data.
    #[default]
    Envelope,
    /// The data alone.
    Data,
    /// The event as a CloudEvent in structured mode.
    CloudEvents,
    /// The data alone, with the attributes of a CloudEvent as headers.
    CloudEventsBinary,
    /// The output of the template.
    Template,
}

/// The body of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BodyDraft {
    /// What it holds.
    pub content: ContentDraft,
    /// How it is serialised; the default if it is the output of a template.
    pub style: BodyStyle,
    /// The template, at `/template` of the action; `None` unless the body is its output.
    pub template: Option<String>,
    /// The content type of its output; `None` for [`TEMPLATE_CONTENT_TYPE`].
    pub content_type: Option<String>,
}

impl ContentDraft {
    /// Whether requests have the attributes of CloudEvents, so that no header of the action's may begin as
    /// theirs do.
    pub(super) const fn is_cloud_event(self) -> bool {
        matches!(self, Self::CloudEvents | Self::CloudEventsBinary)
    }
}

impl BodyDraft {
    /// The draft that leaves `body` unchanged.
    pub fn of(body: &WebhookBody) -> Self {
        match body {
            WebhookBody::BuiltIn { content, style } => Self {
                content: match content {
                    BodyContent::Envelope => ContentDraft::Envelope,
                    BodyContent::Data => ContentDraft::Data,
                    BodyContent::CloudEvents => ContentDraft::CloudEvents,
                    BodyContent::CloudEventsBinary => ContentDraft::CloudEventsBinary,
                },
                style: *style,
                ..Self::default()
            },
            WebhookBody::Template(template) => Self {
                content: ContentDraft::Template,
                template: Some(template.source.clone()),
                content_type: Some(template.content_type.clone()),
                ..Self::default()
            },
        }
    }

    /// The template of this draft, unchecked; `None` if the body is built in.
    pub fn unchecked_template(&self) -> Option<BodyTemplate> {
        let template = BodyTemplate {
            source: self.template.clone()?,
            content_type: self
                .content_type
                .clone()
                .unwrap_or_else(|| TEMPLATE_CONTENT_TYPE.to_owned()),
        };
        (self.content == ContentDraft::Template).then_some(template)
    }

    /// The body that this draft describes. Adds what is wrong with it to `faults`; `pointer` points to the
    /// action.
    pub(super) fn check(&self, pointer: &str, faults: &mut Faults) -> WebhookBody {
        let content = match self.content {
            ContentDraft::Envelope => BodyContent::Envelope,
            ContentDraft::Data => BodyContent::Data,
            ContentDraft::CloudEvents => BodyContent::CloudEvents,
            ContentDraft::CloudEventsBinary => BodyContent::CloudEventsBinary,
            ContentDraft::Template => return WebhookBody::Template(self.check_template(pointer, faults)),
        };
        for (member, is_set) in [
            ("template", self.template.is_some()),
            ("content_type", self.content_type.is_some()),
        ] {
            if is_set {
                let detail = "leave this out, or set `body` to `template`";
                faults.add(format!("{pointer}/{member}"), codes::INVALID_VALUE, detail);
            }
        }
        let style = self.style;
        WebhookBody::BuiltIn { content, style }
    }

    fn check_template(&self, pointer: &str, faults: &mut Faults) -> BodyTemplate {
        if self.style != BodyStyle::default() {
            let detail = "leave this out: a template decides each byte of the body";
            faults.add(format!("{pointer}/body_style"), codes::INVALID_VALUE, detail);
        }
        let content_type = self.content_type.as_deref().unwrap_or(TEMPLATE_CONTENT_TYPE);
        if !content_type_is_valid(content_type) {
            let detail = format!(
                "a content type is such as `text/plain; charset=utf-8`, and has at most {CONTENT_TYPE_BYTES_MAX} bytes"
            );
            faults.add(format!("{pointer}/content_type"), codes::INVALID_VALUE, detail);
        }
        let template = BodyTemplate {
            source: self.template.clone().unwrap_or_default(),
            content_type: content_type.to_owned(),
        };
        let at = format!("{pointer}/template");
        if template.source.trim().is_empty() {
            faults.add(at, codes::BLANK, "enter a template");
        } else if let Err(fault) = Template::compile(&template.source, template.kind()) {
            faults.add(at, codes::INVALID_TEMPLATE, fault.to_string());
        }
        template
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ConfigureError;
    use crate::fault::tests::faults_of;

    fn template(source: &str, content_type: &str) -> BodyDraft {
        BodyDraft {
            content: ContentDraft::Template,
            template: Some(source.to_owned()),
            content_type: Some(content_type.to_owned()),
            ..BodyDraft::default()
        }
    }

    #[test]
    fn a_body_survives_its_draft() {
        for draft in [
            template("{{ data.total }}", "text/plain"),
            template("{}", TEMPLATE_CONTENT_TYPE),
            BodyDraft {
                content: ContentDraft::Data,
                style: BodyStyle::Python,
                ..BodyDraft::default()
            },
            BodyDraft {
                content: ContentDraft::CloudEvents,
                ..BodyDraft::default()
            },
            BodyDraft {
                content: ContentDraft::CloudEventsBinary,
                style: BodyStyle::Raw,
                ..BodyDraft::default()
            },
        ] {
            let found = faults_of(|faults| {
                let body = draft.check("/actions/0", faults);
                assert_eq!(BodyDraft::of(&body), draft);
            });
            assert_eq!(found, []);
        }
    }

    #[test]
    fn what_is_wrong_with_a_body_is_said_at_its_member() {
        let forgotten = BodyDraft {
            content: ContentDraft::Envelope,
            ..template("x", "text/plain")
        };
        let styled = BodyDraft {
            style: BodyStyle::Raw,
            ..template("x", "text/plain")
        };
        for (draft, expected) in [
            (template(" \n", "text/plain"), vec![("template", codes::BLANK)]),
            (
                template("a\n{{ data.", "text/plain"),
                vec![("template", codes::INVALID_TEMPLATE)],
            ),
            (
                template("x", "plain"),
                vec![("content_type", codes::INVALID_VALUE)],
            ),
            (
                forgotten,
                vec![
                    ("template", codes::INVALID_VALUE),
                    ("content_type", codes::INVALID_VALUE),
                ],
            ),
            (styled, vec![("body_style", codes::INVALID_VALUE)]),
        ] {
            let found = faults_of(|faults| {
                draft.check("/actions/0", faults);
            });
            let expected = expected
                .into_iter()
                .map(|(member, code)| (format!("/actions/0/{member}"), code));
            assert_eq!(found, expected.collect::<Vec<_>>(), "{draft:?}");
        }
        let mut faults = Faults::default();
        template("a\n{{ data.", "text/plain").check("", &mut faults);
        let fault = match faults.into_checked::<()>(None) {
            Err(ConfigureError::Faults(mut found)) => found.remove(0),
            other => panic!("{other:?}"),
        };
        assert!(fault.detail.starts_with("line 2: "), "{}", fault.detail);
    }
}
