//! Texts without markup, for the search.

use pulldown_cmark::{Event, Tag, TagEnd};

use super::{Html, events};

/// A heading and what stands below it, until the next one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    /// The words of the heading.
    pub title: String,
    /// The text, with one space between words, and code and tables among it.
    pub text: String,
}

/// The sections of a guide: that of the title, then one for each other heading.
pub fn sections(markdown: &str) -> Vec<Section> {
    let mut sections = vec![Section::default()];
    let mut is_heading = false;
    let mut pictures = 0_usize;
    for event in events(markdown) {
        match event {
            Event::Start(Tag::Heading { .. }) => {
                if sections.last().is_none_or(|last| *last != Section::default()) {
                    sections.push(Section::default());
                }
                is_heading = true;
            }
            Event::End(TagEnd::Heading(_)) => is_heading = false,
            Event::Start(Tag::Image { .. }) => pictures += 1,
            Event::End(TagEnd::Image) => pictures -= 1,
            other if pictures == 0 => {
                if let Some(section) = sections.last_mut() {
                    let place = if is_heading {
                        &mut section.title
                    } else {
                        &mut section.text
                    };
                    place.push_str(words(&other));
                }
            }
            _ => {}
        }
    }
    for section in &mut sections {
        section.text = spaced(&section.text);
    }
    sections
}

/// The words of an event, or what stands between words instead of it.
fn words<'a>(event: &'a Event<'_>) -> &'a str {
    match event {
        Event::Text(words) | Event::Code(words) => words,
        Event::End(TagEnd::TableCell) => " · ",
        Event::SoftBreak | Event::HardBreak => " ",
        Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::CodeBlock) => " ",
        Event::Start(Tag::List(_)) => " ",
        _ => "",
    }
}

impl Html {
    /// Its text, without tags.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(self.as_str().len());
        for piece in self.as_str().split('<').enumerate() {
            match piece {
                (0, words) => text.push_str(words),
                // Text has no `<`: it is `&lt;`.
                (_, piece) => {
                    let (tag, words) = piece.split_once('>').unwrap_or(("", piece));
                    if ["/p", "/li", "/h", "/td", "/th", "br", "ul", "ol", "/pre"]
                        .iter()
                        .any(|it| tag.starts_with(it))
                    {
                        text.push(' ');
                    }
                    text.push_str(words);
                }
            }
        }
        let pairs = [
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&quot;", "\""),
            ("&#39;", "'"),
            ("&amp;", "&"),
        ];
        let text = pairs.iter().fold(text, |text, (from, to)| text.replace(from, to));
        spaced(&text)
    }
}

/// The text with one space between words.
fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::{blocks, inline};
    use super::*;

    #[test]
    fn each_heading_has_the_text_below_it() {
        let read = sections(
            "# The title\n\nA *b*\n`c`.\n\n## Keys, `x`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- one\n- two\n\n```sh\ncurl \\\n  -i\n```\n\n![picture](a.png)\n",
        );
        let read: Vec<(&str, &str)> = read
            .iter()
            .map(|it| (it.title.as_str(), it.text.as_str()))
            .collect();
        assert_eq!(
            read,
            [
                ("The title", "A b c."),
                ("Keys, x", "a · b · 1 · 2 · one two curl \\ -i")
            ]
        );
    }

    #[test]
    fn the_text_of_markup_is_what_was_written() {
        assert_eq!(inline("Use `<a>` & \"b\" < c.").text(), "Use <a> & \"b\" < c.");
        assert_eq!(inline("`&lt;`").text(), "&lt;");
        assert_eq!(blocks("One.\n\nTwo:\n\n- a\n- b\n").text(), "One. Two: a b");
        assert_eq!(blocks("").text(), "");
    }
}
