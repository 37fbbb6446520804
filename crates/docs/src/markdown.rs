//! Markdown to markup: headings with anchors, links between guides, code with a button that copies it.
//!
//! The texts are ours, but the rules are those for any text: raw HTML is shown as text, links lead to guides,
//! to anchors or to `https`, and nothing has an inline style, which the Content-Security-Policy would refuse.

mod links;
mod plain;

use std::fmt::Write as _;

use pulldown_cmark::{
    Alignment, CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html,
};

pub use links::slug;
pub use plain::{Section, sections};

/// Markup that is safe to put into a page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Html(String);

impl Html {
    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A heading of a text, below its title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// The anchor.
    pub id: String,
    /// The words.
    pub text: String,
    /// 2 or 3.
    pub level: u8,
}

/// A whole text.
#[derive(Debug, Clone, Default)]
pub struct Text {
    /// Its first heading of level 1.
    pub title: String,
    /// The rest, as markup.
    pub html: Html,
    /// The headings of levels 2 and 3.
    pub headings: Vec<Heading>,
    /// The targets of its links, as they are written.
    pub links: Vec<String>,
}

/// The markup of a description: paragraphs, lists, code.
pub fn blocks(markdown: &str) -> Html {
    Html(render(events(markdown)))
}

/// The markup of a description of one paragraph, without `<p>`.
pub fn inline(markdown: &str) -> Html {
    let inner = events(markdown).filter(|event| {
        !matches!(
            event,
            Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph)
        )
    });
    Html(render(inner))
}

/// Reads a guide. `known` says where a link to another file leads; `None` if it is not shown.
pub fn text(markdown: &str, known: impl Fn(&str) -> Option<String>) -> Text {
    let mut text = Text::default();
    let mut events: Vec<Event<'_>> = events(markdown).collect();
    links::rewrite(&mut events, &mut text, known);
    headings(&mut events, &mut text);
    let events = without_pictures(events);
    text.html = Html(render(code_blocks(events).into_iter()));
    text
}

fn events(markdown: &str) -> impl Iterator<Item = Event<'_>> {
    Parser::new_ext(markdown, Options::ENABLE_TABLES).map(|event| match event {
        // A note for those who edit the text: which file the code below it is copied from.
        Event::Html(raw) if is_comment(&raw) => Event::Text("".into()),
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        // Otherwise a style in each cell.
        Event::Start(Tag::Table(columns)) => {
            Event::Start(Tag::Table(columns.iter().map(|_| Alignment::None).collect()))
        }
        other => other,
    })
}

fn is_comment(raw: &str) -> bool {
    let raw = raw.trim();
    raw.starts_with("<!--") && raw.find("-->") == Some(raw.len() - "-->".len())
}

fn render<'a>(events: impl Iterator<Item = Event<'a>>) -> String {
    let mut markup = String::new();
    // A table that is wider than the page scrolls by itself.
    let events = events.flat_map(|event| match event {
        Event::Start(Tag::Table(_)) => {
            vec![Event::Html("<div class=\"scroll\" tabindex=\"0\">".into()), event]
        }
        Event::End(TagEnd::Table) => vec![event, Event::Html("</div>\n".into())],
        other => vec![other],
    });
    html::push_html(&mut markup, events);
    markup.trim_end().to_owned()
}

/// Takes the title out, and gives the other headings anchors: those that GitHub gives, so that links work in
/// both places.
fn headings(events: &mut Vec<Event<'_>>, text: &mut Text) {
    let mut rest = Vec::with_capacity(events.len());
    let mut open: Option<(usize, HeadingLevel, String)> = None;
    for event in events.drain(..) {
        match (&event, &mut open) {
            (Event::Start(Tag::Heading { level, .. }), _) => open = Some((rest.len(), *level, String::new())),
            (Event::Text(words) | Event::Code(words), Some((_, _, heading))) => heading.push_str(words),
            _ => {}
        }
        let is_end = matches!(event, Event::End(TagEnd::Heading(_)));
        rest.push(event);
        if let Some((start, level, words)) = open.take_if(|_| is_end) {
            if level == HeadingLevel::H1 {
                rest.truncate(start);
                text.title = words;
                continue;
            }
            let id = slug(&words);
            if let Event::Start(Tag::Heading { id: anchor, .. }) = &mut rest[start] {
                *anchor = Some(CowStr::from(id.clone()));
            }
            text.headings.push(Heading {
                id,
                text: words,
                level: level as u8,
            });
        }
    }
    *events = rest;
}

/// Leaves pictures out: they are screenshots in the repository, larger than the rest of the program's texts.
fn without_pictures(events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    let mut kept = Vec::with_capacity(events.len());
    let mut depth = 0_usize;
    for event in events {
        match event {
            Event::Start(Tag::Image { .. }) => depth += 1,
            Event::End(TagEnd::Image) => depth -= 1,
            Event::End(TagEnd::Paragraph) if matches!(kept.last(), Some(Event::Start(Tag::Paragraph))) => {
                kept.pop();
            }
            other if depth == 0 => kept.push(other),
            _ => {}
        }
    }
    kept
}

/// Puts each block of code beside a button that copies it. Without scripts it is hidden.
fn code_blocks(events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    let mut blocks = 0;
    let mut with_buttons = Vec::with_capacity(events.len());
    for event in events {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                blocks += 1;
                let language = match &kind {
                    CodeBlockKind::Fenced(language) if !language.is_empty() => language.to_string(),
                    _ => "text".to_owned(),
                };
                let mut markup = String::new();
                let _ = write!(
                    markup,
                    "<div class=\"snippet\"><button type=\"button\" class=\"copy-code\" data-copy-from=\"code-{blocks}\" \
                     hidden>Copy</button><pre tabindex=\"0\" role=\"region\" aria-label=\"Code {blocks}: {}\"><code \
                     id=\"code-{blocks}\">",
                    escaped(&language)
                );
                with_buttons.push(Event::Html(markup.into()));
            }
            Event::End(TagEnd::CodeBlock) => {
                with_buttons.push(Event::Html("</code></pre></div>\n".into()));
            }
            other => with_buttons.push(other),
        }
    }
    with_buttons
}

/// The text as markup.
pub fn escaped(text: &str) -> String {
    let mut markup = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => markup.push_str("&amp;"),
            '<' => markup.push_str("&lt;"),
            '>' => markup.push_str("&gt;"),
            '"' => markup.push_str("&quot;"),
            '\'' => markup.push_str("&#39;"),
            other => markup.push(other),
        }
    }
    markup
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guide(markdown: &str) -> Text {
        text(markdown, |file| {
            (file == "other.md").then(|| "/docs/guides/other".to_owned())
        })
    }

    #[test]
    fn raw_html_is_text_and_nothing_has_a_style_or_a_script() {
        let markup = blocks("<script>alert(1)</script>\n\na <b onclick=x>b</b>\n\n| a |\n|--:|\n| 1 |\n");
        assert!(!markup.as_str().contains("<script"), "{markup:?}");
        assert!(!markup.as_str().contains("<b "), "{markup:?}");
        assert!(!markup.as_str().contains("style="), "{markup:?}");
        assert!(markup.as_str().contains("<td>1</td>"), "{markup:?}");
        assert_eq!(blocks("<!-- a.ts -->\nb").text(), "b");
        assert!(blocks("<!-- a --><b>-->").as_str().contains("&lt;!-- a"));
        assert_eq!(inline("Use `a` & b.").as_str(), "Use <code>a</code> &amp; b.");
    }

    #[test]
    fn headings_have_anchors_and_the_title_is_apart() {
        let read = guide("# The title\n\nText.\n\n## Keys, and `headers` of one\n\n### Deep\n");
        assert_eq!(read.title, "The title");
        assert!(!read.html.as_str().contains("The title"));
        let ids: Vec<&str> = read.headings.iter().map(|heading| heading.id.as_str()).collect();
        assert_eq!(ids, ["keys-and-headers-of-one", "deep"]);
        assert!(
            read.html.as_str().contains("<h2 id=\"keys-and-headers-of-one\">"),
            "{read:?}"
        );
    }

    #[test]
    fn links_lead_to_pages_and_to_https_alone() {
        let read = guide(
            "[a](other.md#x) [b](#y) [c](https://example.com) [d](../secret.rs) [e](javascript:alert(1)) [f](nowhere.md)",
        );
        let markup = read.html.as_str();
        assert!(
            markup.contains("<a href=\"/docs/guides/other#x\">a</a>"),
            "{markup}"
        );
        assert!(markup.contains("<a href=\"#y\">b</a>"), "{markup}");
        assert!(markup.contains("href=\"https://example.com\""), "{markup}");
        assert!(
            markup.contains(" d e f") && !markup.contains("javascript"),
            "{markup}"
        );
    }

    #[test]
    fn code_has_a_button_and_pictures_are_left_out() {
        let read = guide("![A page](screenshots/a.png)\n\n```sh\ncurl \"<x>\"\n```\n");
        let markup = read.html.as_str();
        assert!(!markup.contains("img") && !markup.contains("<p></p>"), "{markup}");
        assert!(markup.contains("<code id=\"code-1\">curl"), "{markup}");
        assert!(markup.contains("&lt;x&gt;"), "{markup}");
    }
}
