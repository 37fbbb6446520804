//! The output of a rendering: bounded, and escaped for the place where a value is printed.
//!
//! Where the output is JSON, the writer follows whether the output is inside a string. Inside, a value's text
//! is escaped; elsewhere, a value is printed as JSON. No filter turns this off.

mod limit;

use postrider_model::TemplateKind;

use super::budget::{Budget, Stop, stop};
use super::document::{Document, Sink};
use super::value::Value;
use super::{HEADER_BYTES_MAX, OUTPUT_BYTES_MAX};
use limit::{Counted, Limit};

const BACKSLASH: &str = "a backslash stands before the tag";

/// The markup that is escaped in values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Markup {
    Slack,
    Discord,
    GoogleChat,
}

impl Markup {
    /// The markup with this name in `{% autoescape %}`.
    pub(super) fn find(name: &str) -> Option<Self> {
        Some(match name {
            "slack" => Self::Slack,
            "discord" => Self::Discord,
            "google_chat" => Self::GoogleChat,
            _ => return None,
        })
    }
}

#[derive(Debug)]
pub(super) struct Writer {
    out: String,
    kind: TemplateKind,
    /// Whether the output so far ends inside a JSON string.
    in_string: bool,
    /// Whether the output so far ends in a backslash that escapes what follows.
    after_backslash: bool,
    /// The markup that is escaped in values.
    markup: Option<Markup>,
    /// What is left of the text for the open `limit` blocks, if there are any.
    limit: Option<Limit>,
    /// What held outside each `autoescape` and `limit` block that is open.
    outer: Vec<Outer>,
}

#[derive(Debug)]
enum Outer {
    Markup(Option<Markup>),
    Limit {
        /// The bound of the block itself.
        block_max: usize,
        /// [`Limit::characters_max`] around it; `None` if no `limit` block is around it.
        outside_max: Option<usize>,
    },
}

impl Writer {
    pub(super) fn new(kind: TemplateKind) -> Self {
        Self {
            out: String::new(),
            kind,
            in_string: false,
            after_backslash: false,
            markup: None,
            limit: None,
            outer: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    /// Begins a block whose values are escaped for this markup, or for none.
    pub(super) fn begin_markup(&mut self, markup: Option<Markup>) {
        let outer = std::mem::replace(&mut self.markup, markup);
        self.outer.push(Outer::Markup(outer));
    }

    /// Begins a block that is cut to so many characters, at least one.
    pub(super) fn begin_limit(&mut self, block_max: usize) {
        self.outer.push(Outer::Limit {
            block_max,
            outside_max: self.limit.map(Limit::characters_max),
        });
        self.limit
            .get_or_insert(Limit::new(block_max))
            .begin_block(block_max);
    }

    /// Ends the innermost block.
    pub(super) fn end(&mut self) {
        match self.outer.pop() {
            Some(Outer::Markup(markup)) => self.markup = markup,
            Some(Outer::Limit { outside_max, .. }) => match (outside_max, &mut self.limit) {
                (Some(outside_max), Some(limit)) => limit.end_block(outside_max),
                _ => self.limit = None,
            },
            None => {}
        }
    }

    /// Writes text of the template as it is.
    pub(super) fn raw(&mut self, text: &str) -> Result<(), Stop> {
        if self.kind != TemplateKind::Json {
            return self.escaped(text);
        }
        if self.limit.is_some() {
            return self.raw_limited(text);
        }
        for byte in text.bytes() {
            if self.after_backslash {
                self.after_backslash = false;
            } else if byte == b'"' {
                self.in_string = !self.in_string;
            } else if byte == b'\\' && self.in_string {
                self.after_backslash = true;
            }
        }
        self.push(text)
    }

    /// As [`Self::raw`], each escape counting as the character that it stands for.
    fn raw_limited(&mut self, text: &str) -> Result<(), Stop> {
        let mut rest = text;
        while !rest.is_empty() {
            if std::mem::take(&mut self.after_backslash) {
                let end = rest.chars().next().map_or(0, char::len_utf8);
                self.unit(&rest[..end], 1)?;
                rest = &rest[end..];
                continue;
            }
            let is_special = |character| character == '"' || character == '\\' && self.in_string;
            let (run, after) = rest.split_at(rest.find(is_special).unwrap_or(rest.len()));
            match self.in_string {
                true => self.plain(run)?,
                false => self.push(run)?,
            }
            rest = after;
            if rest.starts_with('\\') {
                let (escape, after) = rest.split_at(escape_length(rest));
                self.after_backslash = escape == "\\";
                self.unit(escape, 1)?;
                rest = after;
            } else if let Some(after) = rest.strip_prefix('"') {
                self.in_string = !self.in_string;
                self.begin_string();
                self.push("\"")?;
                rest = after;
            }
        }
        Ok(())
    }

    /// Where the output is JSON, a limit is one on each string: all open blocks count anew.
    fn begin_string(&mut self) {
        if self.limit.is_none() {
            return;
        }
        let mut smallest = None;
        for outer in &mut self.outer {
            if let Outer::Limit {
                block_max,
                outside_max,
            } = outer
            {
                *outside_max = smallest;
                smallest = Some(smallest.unwrap_or(usize::MAX).min(*block_max));
            }
        }
        self.limit = smallest.map(Limit::new);
    }

    /// Whether a value is printed as JSON here.
    pub(super) fn expects_json(&self) -> bool {
        self.kind == TemplateKind::Json && !self.in_string
    }

    /// Writes a value.
    pub(super) fn value(&mut self, value: &Value, document: &Document, budget: &Budget) -> Result<(), Stop> {
        match self.expects_json() {
            true if self.after_backslash => stop(BACKSLASH),
            true => value.print_json(document, budget, self),
            false => self.shown(value.to_text(document, budget)?.as_str(), budget),
        }
    }

    /// Writes a value's text, where none is printed as JSON.
    pub(super) fn shown(&mut self, text: &str, budget: &Budget) -> Result<(), Stop> {
        if self.after_backslash {
            return stop(BACKSLASH);
        }
        // Paid for by what is written, not by what a `limit` leaves of it.
        match self.limit {
            None => budget.work(text.len())?,
            Some(_) => budget.reading(text.len())?,
        }
        self.text(text)
    }

    /// Writes characters that stand for themselves.
    fn plain(&mut self, text: &str) -> Result<(), Stop> {
        if self.takes_whole(text) {
            return self.push(text);
        }
        for character in text.chars() {
            self.unit(character.encode_utf8(&mut [0; 4]), character.len_utf16())?;
        }
        Ok(())
    }

    /// Writes a value's text, escaped for where it is printed.
    fn escaped(&mut self, text: &str) -> Result<(), Stop> {
        if self.kind == TemplateKind::Json && self.takes_whole(text) {
            return escape_json(text, &mut |piece| self.push(piece));
        }
        match self.kind {
            TemplateKind::Json => {
                for character in text.chars() {
                    let mut unit = String::with_capacity(6);
                    escape_json(character.encode_utf8(&mut [0; 4]), &mut |piece| {
                        unit.push_str(piece);
                        Ok(())
                    })?;
                    self.unit(&unit, character.len_utf16())?;
                }
                Ok(())
            }
            TemplateKind::Text => self.plain(text),
            TemplateKind::HeaderValue => {
                for line in text.split_inclusive(char::is_control) {
                    let printable = line.trim_end_matches(char::is_control);
                    self.plain(printable)?;
                    self.plain(if printable.len() < line.len() { " " } else { "" })?;
                }
                Ok(())
            }
        }
    }

    /// Whether no limit can cut this text. If so, counts its characters.
    fn takes_whole(&mut self, text: &str) -> bool {
        self.limit.as_mut().is_none_or(|limit| limit.takes_whole(text))
    }

    /// Writes a character within a `limit` block, as `unit` encodes it. Characters are counted as UTF-16
    /// does, which never counts fewer than a chat system.
    fn unit(&mut self, unit: &str, characters: usize) -> Result<(), Stop> {
        let Some(limit) = &mut self.limit else {
            return self.push(unit);
        };
        match limit.count(self.out.len(), characters) {
            Counted::Fits => self.push(unit),
            Counted::Cuts(cut) => {
                self.out.truncate(cut);
                self.push("…")
            }
            Counted::Dropped => Ok(()),
        }
    }

    fn push(&mut self, text: &str) -> Result<(), Stop> {
        let bytes_max = match self.kind {
            TemplateKind::Json | TemplateKind::Text => OUTPUT_BYTES_MAX,
            TemplateKind::HeaderValue => HEADER_BYTES_MAX,
        };
        if self.out.len() + text.len() > bytes_max {
            return stop(match self.kind {
                TemplateKind::Json | TemplateKind::Text => "the output is longer than 256 KiB",
                TemplateKind::HeaderValue => "the output is longer than 1 KiB",
            });
        }
        self.out.push_str(text);
        Ok(())
    }
}

/// Where a value is printed as JSON, its strings are escaped for the markup too.
impl Sink for Writer {
    fn syntax(&mut self, text: &str) -> Result<(), Stop> {
        if text == "\"" {
            self.begin_string();
        }
        self.push(text)
    }

    /// Writes a value's text.
    fn text(&mut self, text: &str) -> Result<(), Stop> {
        let Some(markup) = self.markup else {
            return self.escaped(text);
        };
        let mut rest = text;
        while let Some(at) = rest.find(|character| escape_markup(markup, character).is_some()) {
            self.escaped(&rest[..at])?;
            let special = rest[at..].chars().next().unwrap_or_default();
            self.escaped(escape_markup(markup, special).unwrap_or_default())?;
            rest = &rest[at + special.len_utf8()..];
        }
        self.escaped(rest)
    }
}

/// What stands for a character that could begin a mention, a link or an entity.
///
/// - Slack: `&`, `<` and `>`, as "Formatting text for app surfaces" of its documentation says.
/// - Discord: `[` begins a masked link; a backslash escapes. `allowed_mentions` deals with mentions.
/// - Google Chat has no escape for `<users/all>` and `<url|text>`, so other brackets stand in their place.
pub(super) fn escape_markup(markup: Markup, character: char) -> Option<&'static str> {
    Some(match (markup, character) {
        (Markup::Slack, '&') => "&amp;",
        (Markup::Slack, '<') => "&lt;",
        (Markup::Slack, '>') => "&gt;",
        (Markup::Discord, '\\') => "\\\\",
        (Markup::Discord, '[') => "\\[",
        (Markup::GoogleChat, '<') => "‹",
        (Markup::GoogleChat, '>') => "›",
        _ => return None,
    })
}

/// Passes on `text` with the escapes of RFC 8259, section 7, in pieces.
pub(super) fn escape_json(text: &str, push: &mut dyn FnMut(&str) -> Result<(), Stop>) -> Result<(), Stop> {
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let mut unicode = *b"\\u0000";
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            ..0x20 => {
                unicode[4] = b'0' + (byte >> 4);
                unicode[5] = b"0123456789abcdef"[usize::from(byte & 15)];
                // ASCII is UTF-8.
                std::str::from_utf8(&unicode).unwrap_or_default()
            }
            _ => continue,
        };
        push(&text[plain..at])?;
        push(escape)?;
        plain = at + 1;
    }
    push(&text[plain..])
}

/// The length of the escape at the start of `text`, or of what is there of it.
fn escape_length(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    match characters.next() {
        None => 1,
        Some((_, 'u')) => {
            let digits = text[2..]
                .bytes()
                .take(4)
                .take_while(u8::is_ascii_hexdigit)
                .count();
            2 + digits
        }
        Some((at, character)) => at + character.len_utf8(),
    }
}
