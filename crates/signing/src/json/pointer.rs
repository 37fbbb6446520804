//! JSON pointers (RFC 6901) to a place in a text.
//!
//! Inspection keeps no path, since hardly any event needs one; where one does, the text is read once more.

use super::number::Number;
use super::scan::{Container, Visit, scan};
use super::string::Text;

/// The pointer to the value at byte `offset`, or to the member whose name is there.
///
/// The text must be valid. The pointer is at most about twice as long as the text; lone surrogates in it are U+FFFD.
#[cold]
pub(super) fn pointer_to(json: &str, offset: usize) -> String {
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
    /// The element that is due or being read.
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
    /// A slash and the segment, escaped after RFC 6901, section 3.
    fn escaped(&self) -> String {
        match self {
            Self::Index(index) => format!("/{index}"),
            Self::Name(None) => String::new(),
            Self::Name(Some(name)) => {
                let name = name.unescaped().replace('~', "~0").replace('/', "~1");
                format!("/{name}")
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
