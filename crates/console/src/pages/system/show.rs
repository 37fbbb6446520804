//! `GET /system`: version, store, backlog, nodes, and the settings in effect.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use postrider_model::SYSTEM_ACCOUNT;
use postrider_storage::StoreError;

use super::nodes::Nodes;
use crate::console::page;
use crate::pages::overview::pending;
use crate::refusal::Refusal;
use crate::shell::{Section, Shell};
use crate::state::App;
use crate::system::{SettingRow, SystemFacts};
use crate::view::icon::Icon;
use crate::view::number;
use crate::view::status::{Badge, Tone};
use crate::view::time::{Exact, Moment};
use crate::visitor::Visitor;

#[derive(Template)]
#[template(path = "system/show.html")]
struct SystemPage<'a> {
    shell: Shell<'a>,
    facts: &'a SystemFacts,
    settings: Vec<SettingWords<'a>>,
    as_of: Exact,
    health: Health,
    /// `None` if the store did not respond.
    backlog: Option<BacklogWords>,
    in_flight: String,
    held: String,
    lanes: String,
    event_types: String,
    /// `None` if the store did not respond.
    nodes: Option<Nodes>,
}

/// A setting, with the code in its help marked.
struct SettingWords<'a> {
    key: &'a str,
    value: &'a str,
    help: Vec<Words<'a>>,
}

/// A piece of a help text.
struct Words<'a> {
    text: &'a str,
    is_code: bool,
}

/// Whether the store responds and can write.
struct Health {
    badge: Badge,
    detail: String,
}

struct BacklogWords {
    pending: String,
    oldest_due: Option<Moment>,
}

/// The page. It also renders if the store is unreachable, which is what an operator comes to find out.
pub async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Refusal> {
    let now = app.now();
    let health = Health::of(app.engine.check_store().await);
    let backlog = app.figures.backlog().await.ok().map(|backlog| BacklogWords {
        pending: pending(&backlog),
        oldest_due: backlog.oldest_due.map(|due| Moment::new(due, now)),
    });
    let nodes = app.figures.nodes().await.ok();
    let nodes = nodes.map(|live| Nodes::new(&live, app.engine.session(), now));
    let load = app.engine.load();
    page(&SystemPage {
        shell: Shell::of(&app, &visitor, Section::System, "System"),
        facts: &app.system,
        settings: settings(&app.system),
        as_of: Exact::to_the_second(now),
        health,
        backlog,
        in_flight: counted(load.in_flight, "request", "requests"),
        held: counted(load.deliveries, "delivery", "deliveries"),
        lanes: counted(load.lanes, "URL", "URLs"),
        event_types: counted(app.configuration.catalogue().len(), "event type", "event types"),
        nodes,
    })
}

fn settings<'a>(facts: &'a SystemFacts) -> Vec<SettingWords<'a>> {
    let row = |row: &'a SettingRow| SettingWords {
        key: &row.key,
        value: &row.value,
        help: words(&row.help),
    };
    facts.settings.iter().map(row).collect()
}

/// Text between backticks is code.
fn words(help: &str) -> Vec<Words<'_>> {
    let pieces = help.split('`').zip([false, true].into_iter().cycle());
    let pieces = pieces.filter(|(text, _)| !text.is_empty());
    pieces.map(|(text, is_code)| Words { text, is_code }).collect()
}

fn counted(number: usize, one: &str, many: &str) -> String {
    number::counted(u64::try_from(number).unwrap_or(u64::MAX), one, many)
}

impl Health {
    fn of(checked: Result<(), StoreError>) -> Self {
        match checked {
            Ok(()) => Self {
                badge: Badge::new(Tone::Good, Icon::Check, "Healthy"),
                detail: "responds and accepts writes".to_owned(),
            },
            Err(StoreError::Busy) => Self {
                badge: Badge::new(Tone::Busy, Icon::Warning, "Busy"),
                detail: "responds slowly".to_owned(),
            },
            Err(error) => {
                tracing::warn!(%error, "the store is unhealthy");
                Self {
                    badge: Badge::new(Tone::Bad, Icon::Warning, "Not healthy"),
                    detail: "does not respond correctly; see the log".to_owned(),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn code_is_marked_in_help_texts() {
        let words = words("`none` tries once, `10,100` thrice.");
        let words: Vec<_> = words.iter().map(|words| (words.text, words.is_code)).collect();
        assert_eq!(
            words,
            [
                ("none", true),
                (" tries once, ", false),
                ("10,100", true),
                (" thrice.", false)
            ]
        );
    }
}
