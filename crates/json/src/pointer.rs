//! JSON pointers (RFC 6901): escapes names, and finds the pointer to a byte of a text.
//!
//! Inspection keeps no path, because hardly any event needs one. To report a loss, the text is read once
//! more.

use std::borrow::Cow;

use crate::number::Number;
use crate::scan::{Container, Visit, scan};
use crate::string::Text;

/// A member's name as a segment of a pointer (RFC 6901, section 3), without the slash before it.
pub fn escape(name: &str) -> Cow<'_, str> {
    if name.contains(['~', '/']) {
        Cow::Owned(name.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(name)
    }
}

/// Cuts a pointer longer than `bytes_max` to the nearest parent that fits, because member names can be as
/// long as the text that they are in.
pub fn nearest_parent(mut pointer: String, bytes_max: usize) -> String {
    if pointer.len() > bytes_max {
        let parent = pointer.as_bytes()[..bytes_max]
            .iter()
            .rposition(|byte| *byte == b'/');
        pointer.truncate(parent.unwrap_or(0));
    }
    pointer
}

/// The pointer to the value at byte `offset`, or to the member whose name starts there.
///
/// The text must be valid. The pointer is at most about twice as long as the text; lone surrogates in it
/// become U+FFFD.
#[cold]
pub(crate) fn pointer_to(json: &str, offset: usize) -> String {
    let mut search = Search {
        offset,
        path: Vec::new(),
        pointer: None,
    };
    let scanned = scan(json, &mut search);
    debug_assert!(scanned.is_ok(), "inspection accepted the text");
    search.pointer.unwrap_or_default()
}

struct Search<'a> {
    offset: usize,
    /// One segment for each open container.
    path: Vec<Segment<'a>>,
    pointer: Option<String>,
}

enum Segment<'a> {
    /// The element that comes next or is being read.
    Index(usize),
    /// The member that is being read; `None` before the first.
    Name(Option<Text<'a>>),
}

impl Search<'_> {
    fn visit(&mut self, offset: usize) {
        if offset == self.offset {
            self.pointer = Some(self.path.iter().map(Segment::escaped).collect());
        }
    }
}

impl Segment<'_> {
    /// The escaped segment, with a slash before it.
    fn escaped(&self) -> String {
        match self {
            Self::Index(index) => format!("/{index}"),
            Self::Name(None) => String::new(),
            Self::Name(Some(name)) => {
                format!("/{}", escape(&name.unescaped()))
            }
        }
    }
}

impl<'a> Visit<'a> for Search<'a> {
    fn open(&mut self, container: Container) {
        self.path.push(match container {
            Container::Array => Segment::Index(0),
            Container::Object => Segment::Name(None),
        });
    }

    fn close(&mut self, _container: Container) {
        self.path.pop();
    }

    fn separator(&mut self) {
        if let Some(Segment::Index(index)) = self.path.last_mut() {
            *index += 1;
        }
    }

    fn name(&mut self, name: Text<'a>) {
        if let Some(Segment::Name(current)) = self.path.last_mut() {
            *current = Some(name);
        }
        self.visit(name.offset);
    }

    fn string(&mut self, string: Text<'a>) {
        self.visit(string.offset);
    }

    fn number(&mut self, number: Number<'a>) {
        self.visit(number.offset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlong_pointer_is_cut_to_a_parent() {
        let parent = |pointer: &str| nearest_parent(pointer.to_owned(), 1024);
        assert_eq!(parent("/a/b"), "/a/b");
        assert_eq!(parent(&format!("/a/{}/c", "é".repeat(2_000))), "/a");
        assert_eq!(parent(&format!("/{}", "x".repeat(2_000))), "");
    }

    #[test]
    fn names_are_escaped_in_pointers() {
        assert_eq!(escape("plain"), "plain");
        assert_eq!(escape("a/b~c~1"), "a~1b~0c~01");
    }
}
