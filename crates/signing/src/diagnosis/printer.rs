//! Programs that print JSON: the bytes that a receiver signs if it parses a body and prints it again.

use serde_json::Value;

use super::number::Numbers;
use super::writer::{Escapes, Layout, Order, Style};

/// A program that prints JSON.
#[derive(Debug, PartialEq, Eq)]
pub struct Printer {
    /// What prints, as in "the body as … prints it".
    pub name: &'static str,
    language: &'static str,
    style: Style,
}

/// What to do about a body that was parsed and printed again.
pub const ADVICE: &str = "Something parsed the body and serialised it again. Sign the bytes as received, before \
                          anything parses them.";

/// `JSON.stringify(body)`.
pub static JS: Printer = Printer {
    name: "`JSON.stringify`",
    language: "JavaScript",
    style: JS_STYLE,
};

/// `json.dumps(body)`.
pub static PYTHON: Printer = Printer {
    name: "Python's `json.dumps`",
    language: "Python",
    style: PYTHON_STYLE,
};

/// PHP's `json_encode($body)`.
pub static PHP: Printer = Printer {
    name: "PHP's `json_encode`",
    language: "PHP",
    style: PHP_STYLE,
};

/// All other printers, the likeliest first.
pub static OTHERS: [Printer; 21] = [
    Printer {
        name: "Python's `json.dumps(…, ensure_ascii=False)`",
        language: "Python",
        style: PYTHON_UTF8,
    },
    Printer {
        name: "Python's `json.dumps(…, separators=(\",\", \":\"))`",
        language: "Python",
        style: PYTHON_COMPACT,
    },
    Printer {
        name: "Python's `json.dumps(…, sort_keys=True)`",
        language: "Python",
        style: sorted(PYTHON_STYLE),
    },
    Printer {
        name: "Python's `json.dumps(…, sort_keys=True, separators=(\",\", \":\"))`",
        language: "Python",
        style: sorted(PYTHON_COMPACT),
    },
    Printer {
        name: "Go's `json.Marshal` of a map",
        language: "Go",
        style: GO_STYLE,
    },
    Printer {
        name: "a compact serialiser with sorted members",
        language: "",
        style: sorted(JS_STYLE),
    },
    Printer {
        name: "PHP's `json_encode` with JSON_UNESCAPED_SLASHES",
        language: "PHP",
        style: php(false, true),
    },
    Printer {
        name: "PHP's `json_encode` with JSON_UNESCAPED_UNICODE",
        language: "PHP",
        style: php(true, false),
    },
    Printer {
        name: "PHP's `json_encode` with JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE",
        language: "PHP",
        style: php(false, false),
    },
    Printer {
        name: "PHP's `json_encode` of `json_decode($body, true)`, which turns `{}` into `[]`,",
        language: "PHP",
        style: Style {
            empty_objects_are_lists: true,
            ..PHP_STYLE
        },
    },
    Printer {
        name: "PHP's `json_encode` with JSON_PRETTY_PRINT",
        language: "PHP",
        style: lines(PHP_STYLE, FOUR_SPACES),
    },
    Printer {
        name: "Ruby's `JSON.generate`",
        language: "Ruby",
        style: RUBY_STYLE,
    },
    Printer {
        name: "Rails' `to_json`",
        language: "Ruby",
        style: Style {
            escapes: HTML_ESCAPES,
            ..RUBY_STYLE
        },
    },
    Printer {
        name: "Ruby's `JSON.generate` with sorted members",
        language: "Ruby",
        style: sorted(RUBY_STYLE),
    },
    Printer {
        name: "`JSON.stringify(…, null, 2)`",
        language: "JavaScript",
        style: lines(JS_STYLE, TWO_SPACES),
    },
    Printer {
        name: "`JSON.stringify(…, null, 4)`",
        language: "JavaScript",
        style: lines(JS_STYLE, FOUR_SPACES),
    },
    Printer {
        name: "`JSON.stringify(…, null, \"\\t\")`",
        language: "JavaScript",
        style: lines(JS_STYLE, TAB),
    },
    Printer {
        name: "Python's `json.dumps(…, indent=2)`",
        language: "Python",
        style: lines(PYTHON_STYLE, TWO_SPACES),
    },
    Printer {
        name: "Python's `json.dumps(…, indent=4)`",
        language: "Python",
        style: lines(PYTHON_STYLE, FOUR_SPACES),
    },
    Printer {
        name: "Go's `json.MarshalIndent` of a map",
        language: "Go",
        style: lines(GO_STYLE, TWO_SPACES),
    },
    Printer {
        name: "Go's `json.MarshalIndent` of a map, with tabs",
        language: "Go",
        style: lines(GO_STYLE, TAB),
    },
];

/// Most programs that an explanation names.
const NAMED_MAX: usize = 4;

/// All printers, the likeliest first.
pub fn all() -> impl Iterator<Item = &'static Printer> {
    [&JS, &PYTHON, &PHP].into_iter().chain(&OTHERS)
}

impl Printer {
    /// This program, and one of each other language that prints the same for this value, in words.
    pub fn names(&self, value: &Value) -> String {
        let printed = self.print(value);
        let (mut names, mut languages) = (vec![self.name], vec![self.language]);
        for other in all() {
            let is_new = !languages.contains(&other.language);
            if is_new && names.len() < NAMED_MAX && other.print(value) == printed {
                names.push(other.name);
                languages.push(other.language);
            }
        }
        match names.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, first)) => format!("{} or {last}", first.join(", ")),
            None => String::new(),
        }
    }

    /// The value as this program prints it; `None` if that is too long.
    pub fn print(&self, value: &Value) -> Option<Vec<u8>> {
        self.style.print(value)
    }
}

const TWO_SPACES: &str = "  ";
const TAB: &str = "\t";
const FOUR_SPACES: &str = "    ";

const NO_ESCAPES: Escapes = Escapes {
    beyond_ascii: false,
    delete: false,
    slash: false,
    html: false,
    line_separators: false,
};

const HTML_ESCAPES: Escapes = Escapes {
    html: true,
    line_separators: true,
    ..NO_ESCAPES
};

const JS_STYLE: Style = Style {
    order: Order::IndicesFirst,
    layout: Layout::Compact,
    escapes: NO_ESCAPES,
    numbers: Numbers::Js,
    empty_objects_are_lists: false,
};

const PYTHON_UTF8: Style = Style {
    order: Order::Kept,
    layout: Layout::Spaced,
    escapes: NO_ESCAPES,
    numbers: Numbers::Python,
    empty_objects_are_lists: false,
};

const PYTHON_STYLE: Style = Style {
    escapes: Escapes {
        beyond_ascii: true,
        delete: true,
        ..NO_ESCAPES
    },
    ..PYTHON_UTF8
};

const PYTHON_COMPACT: Style = Style {
    layout: Layout::Compact,
    ..PYTHON_STYLE
};

const PHP_STYLE: Style = php(true, true);

const GO_STYLE: Style = Style {
    order: Order::Sorted,
    layout: Layout::Compact,
    escapes: HTML_ESCAPES,
    numbers: Numbers::Go,
    empty_objects_are_lists: false,
};

const RUBY_STYLE: Style = Style {
    order: Order::Kept,
    layout: Layout::Compact,
    escapes: NO_ESCAPES,
    numbers: Numbers::Ruby,
    empty_objects_are_lists: false,
};

const fn php(slash: bool, beyond_ascii: bool) -> Style {
    Style {
        order: Order::Kept,
        layout: Layout::Compact,
        escapes: Escapes {
            slash,
            beyond_ascii,
            line_separators: true,
            ..NO_ESCAPES
        },
        numbers: Numbers::Php,
        empty_objects_are_lists: false,
    }
}

const fn sorted(style: Style) -> Style {
    Style {
        order: Order::Sorted,
        ..style
    }
}

const fn lines(style: Style, indent: &'static str) -> Style {
    Style {
        layout: Layout::Lines(indent),
        ..style
    }
}

#[cfg(test)]
mod tests;
