//! The links of a text.

use pulldown_cmark::{Event, Tag, TagEnd};

use super::Text;

/// Points links between guides to their pages, and takes those away that lead nowhere a reader can go.
pub(super) fn rewrite(events: &mut Vec<Event<'_>>, text: &mut Text, known: impl Fn(&str) -> Option<String>) {
    let mut is_dropped = false;
    events.retain_mut(|event| match event {
        Event::Start(Tag::Link { dest_url, .. }) => {
            text.links.push(dest_url.to_string());
            match target(dest_url, &known) {
                Some(target) => *dest_url = target.into(),
                None => is_dropped = true,
            }
            !is_dropped
        }
        Event::End(TagEnd::Link) if is_dropped => {
            is_dropped = false;
            false
        }
        _ => true,
    });
}

/// Where a link leads; `None` where it leads to a file that is not shown, or is of an unknown kind.
fn target(link: &str, known: impl Fn(&str) -> Option<String>) -> Option<String> {
    if link.starts_with('#') || link.starts_with("https://") || link.starts_with("http://") {
        return Some(link.to_owned());
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let page = known(file)?;
    Some(match anchor {
        "" => page,
        anchor => format!("{page}#{anchor}"),
    })
}

/// The anchor that GitHub gives a heading: lower case, without punctuation, with hyphens for spaces.
pub fn slug(heading: &str) -> String {
    let lower = heading.chars().flat_map(char::to_lowercase);
    let kept = lower.filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}
