//! Messages to chat systems: a customer writes one sentence, and the preset surrounds it with the JSON that
//! the system expects.
//!
//! The sentence is text with tags: `{{ data.customer.name }} accepted for {{ data.total | number(2) }}`. It
//! becomes part of a JSON string of the template, so its literal parts are escaped, and its tags are not.
//! What the tags print is escaped by the template, for JSON and for the markup of the chat system: data
//! mentions nobody and links to nothing under another name. The template cuts the message to what the system
//! accepts.
//!
//! To add a chat system, add a variant and the row that describes it, and, if its messages have markup of
//! their own, a `Markup` with its escapes in `output.rs`.

use super::lexer::{self, What};
use super::output::escape_json;

/// A chat system that takes messages through an incoming webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Preset {
    /// Slack's incoming webhooks.
    Slack,
    /// A workflow of Microsoft Teams.
    MicrosoftTeams,
    /// Discord's webhooks.
    Discord,
    /// Google Chat's incoming webhooks.
    GoogleChat,
}

struct Row {
    name: &'static str,
    label: &'static str,
    help: &'static str,
    example_url: &'static str,
    /// The template before and after the sentence.
    before: &'static str,
    after: &'static str,
}

/// `text`: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>. Slack advises at most
/// 4,000 characters and cuts a text after 40,000:
/// <https://docs.slack.dev/changelog/2018-truncating-really-long-messages>.
const SLACK: Row = Row {
    name: "slack",
    label: "Slack",
    help: "In Slack, open api.slack.com/apps, choose or create an app, switch on Incoming Webhooks, add one for the \
           channel, and copy its URL.",
    example_url: "https://hooks.slack.com/services/T…/B…/…",
    before: "{% autoescape \"slack\" %}{% limit 4000 %}{\"text\":\"",
    after: "\"}{% endlimit %}{% endautoescape %}",
};

/// A message with one Adaptive Card:
/// <https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using>. Its
/// bound is 28 KB, and 4,000 characters take at most 24 KB of JSON. The text is a `TextRun`, because Markdown
/// does not apply to it: <https://learn.microsoft.com/adaptive-cards/authoring-cards/text-features>.
const MICROSOFT_TEAMS: Row = Row {
    name: "microsoft_teams",
    label: "Microsoft Teams",
    help: "In Teams, open the channel's menu, choose Workflows, add \"Post to a channel when a webhook request is \
           received\", and copy the URL that it shows at the end.",
    example_url: "https://….logic.azure.com/workflows/…",
    before: "{% limit 4000 %}{\"type\":\"message\",\"attachments\":[{\"contentType\":\
             \"application/vnd.microsoft.card.adaptive\",\"content\":{\"$schema\":\
             \"http://adaptivecards.io/schemas/adaptive-card.json\",\"type\":\"AdaptiveCard\",\"version\":\"1.4\",\
             \"msteams\":{\"width\":\"Full\"},\"body\":[{\"type\":\"RichTextBlock\",\"inlines\":[{\"type\":\
             \"TextRun\",\"text\":\"",
    after: "\"}]}]}}]}{% endlimit %}",
};

/// `content` of at most 2,000 characters, and `allowed_mentions`, by which nothing in it mentions anybody:
/// <https://discord.com/developers/docs/resources/webhook#execute-webhook>.
const DISCORD: Row = Row {
    name: "discord",
    label: "Discord",
    help: "In Discord, open the channel's settings, choose Integrations, Webhooks, New Webhook, and copy its URL.",
    example_url: "https://discord.com/api/webhooks/…/…",
    before: "{% autoescape \"discord\" %}{% limit 2000 %}{\"content\":\"",
    after: "\",\"allowed_mentions\":{\"parse\":[]}}{% endlimit %}{% endautoescape %}",
};

/// `text`: <https://developers.google.com/workspace/chat/quickstart/webhooks>. A message has at most 32,000
/// bytes, and 4,000 characters take at most 24,000.
const GOOGLE_CHAT: Row = Row {
    name: "google_chat",
    label: "Google Chat",
    help: "In Google Chat, open the space's menu, choose Apps & integrations, Webhooks, add one, and copy its URL.",
    example_url: "https://chat.googleapis.com/v1/spaces/…/messages?key=…&token=…",
    before: "{% autoescape \"google_chat\" %}{% limit 4000 %}{\"text\":\"",
    after: "\"}{% endlimit %}{% endautoescape %}",
};

impl Preset {
    /// All presets, in the order in which a form lists them.
    pub const ALL: [Self; 4] = [Self::Slack, Self::MicrosoftTeams, Self::Discord, Self::GoogleChat];

    fn row(self) -> &'static Row {
        match self {
            Self::Slack => &SLACK,
            Self::MicrosoftTeams => &MICROSOFT_TEAMS,
            Self::Discord => &DISCORD,
            Self::GoogleChat => &GOOGLE_CHAT,
        }
    }

    /// The name in forms and addresses, such as `google_chat`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The preset with this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// The name for people.
    pub fn label(self) -> &'static str {
        self.row().label
    }

    /// Where a person finds the URL of an incoming webhook.
    pub fn help(self) -> &'static str {
        self.row().help
    }

    /// What such a URL looks like.
    pub fn example_url(self) -> &'static str {
        self.row().example_url
    }

    /// The content type of its messages.
    pub fn content_type(self) -> &'static str {
        "application/json"
    }

    /// The template, of kind JSON, that sends this sentence. A sentence whose tags have faults gives a
    /// template that does not compile.
    pub fn template(self, sentence: &str) -> String {
        let row = self.row();
        let mut template = String::from(row.before);
        match lexer::split(sentence) {
            // Compiling the template will say what is wrong.
            Err(_) => template.push_str(sentence),
            Ok(pieces) => {
                for piece in pieces {
                    match piece.what {
                        What::Literal => {
                            // White space that a hyphen removes has to stay white space.
                            let (before, after) = piece.removed();
                            template.push_str(before);
                            push_escaped(piece.inner, &mut template);
                            template.push_str(after);
                        }
                        _ => template.push_str(piece.text),
                    }
                }
            }
        }
        template.push_str(row.after);
        template
    }

    /// The sentence of a template that [`Self::template`] gave; `None` for another one.
    pub fn sentence_of(self, template: &str) -> Option<String> {
        let row = self.row();
        let inner = template.strip_prefix(row.before)?.strip_suffix(row.after)?;
        let mut sentence = String::new();
        for piece in lexer::split(inner).ok()? {
            match piece.what {
                What::Literal => {
                    let (before, after) = piece.removed();
                    sentence.push_str(before);
                    sentence.push_str(&unescaped(piece.inner)?);
                    sentence.push_str(after);
                }
                _ => sentence.push_str(piece.text),
            }
        }
        (self.template(&sentence) == template).then_some(sentence)
    }
}

fn push_escaped(text: &str, template: &mut String) {
    // Appending to a string does not fail.
    let _ = escape_json(text, &mut |piece| {
        template.push_str(piece);
        Ok(())
    });
}

fn unescaped(text: &str) -> Option<String> {
    match postrider_json::Value::read(&format!("\"{text}\"")) {
        Ok(postrider_json::Value::String(text)) => Some(text.into_owned()),
        _ => None,
    }
}
