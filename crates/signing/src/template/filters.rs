//! Filters: `{{ value | name(arguments) }}`.
//!
//! A filter of Jinja's name does what Jinja's does. Text filters pass on missing fields, so that `default`
//! can follow them. No filter allocates without paying, or prints without escaping.
//!
//! To add a filter, write its function in one of these files, add its row to [`FILTERS`], describe it in
//! `docs/templates.md`, and give the judge of `tests/template/jinja.rs` a template if Jinja has it.
//!
//! | file | holds |
//! |---|---|
//! | `text.rs` | filters of texts |
//! | `list.rs` | filters of lists and objects |
//! | `sort.rs` | those that order their items |
//! | `number.rs` | filters of numbers |
//! | `date.rs` | dates and times |

mod date;
mod list;
mod number;
mod sort;
mod text;

use std::borrow::Cow;

use super::budget::{Stop, stop};
use super::render::Render;
use super::value::{Text, Value};

pub(super) use list::{items, pairs};

type Evaluated = Result<Value, Stop>;
type Apply = fn(&Render, &Value, &Arguments<'_>) -> Evaluated;

/// A filter: its row in [`FILTERS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Filter(usize);

/// An argument, as far as it is known when a template is compiled.
pub(super) enum Argument {
    Missing,
    /// A text that is written out.
    Text(Box<str>),
    /// Anything else; whether the argument can still turn out to be a text.
    Other(bool),
}

impl Argument {
    pub(super) fn is_given(&self) -> bool {
        !matches!(self, Self::Missing)
    }
}

struct Row {
    name: &'static str,
    parameters: &'static [&'static str],
    /// How many of the parameters have no default.
    required: usize,
    apply: Apply,
}

const fn row(name: &'static str, parameters: &'static [&'static str], required: usize, apply: Apply) -> Row {
    Row {
        name,
        parameters,
        required,
        apply,
    }
}

static FILTERS: [Row; 36] = [
    row("abs", &[], 0, number::abs),
    row("capitalize", &[], 0, text::capitalize),
    row("count", &[], 0, list::length),
    row("d", &["default_value", "boolean"], 0, default),
    row("date", &["format", "offset"], 0, date::date),
    row("default", &["default_value", "boolean"], 0, default),
    row("first", &[], 0, list::first),
    row("float", &["default"], 0, number::float),
    row("int", &["default"], 0, number::int),
    row("items", &[], 0, list::items_filter),
    row("join", &["d", "attribute"], 0, list::join),
    row("keys", &[], 0, list::keys),
    row("last", &[], 0, list::last),
    row("length", &[], 0, list::length),
    row("lower", &[], 0, text::lower),
    row("map", &["filter", "attribute", "default"], 0, list::map),
    row("max", &["case_sensitive", "attribute"], 0, sort::max),
    row("min", &["case_sensitive", "attribute"], 0, sort::min),
    row("number", &["decimals", "thousands", "point"], 0, number::number),
    row("replace", &["old", "new", "count"], 2, text::replace),
    row("reverse", &[], 0, list::reverse),
    row("round", &["precision", "method"], 0, number::round),
    row("slack", &[], 0, text::slack),
    row("sort", &["reverse", "case_sensitive", "attribute"], 0, sort::sort),
    row("split", &["separator"], 0, text::split),
    row("string", &[], 0, text::string),
    row("sum", &["attribute", "start"], 0, list::sum),
    row("title", &[], 0, text::title),
    row("tojson", &[], 0, tojson),
    row("trim", &["chars"], 0, text::trim),
    row(
        "truncate",
        &["length", "killwords", "end", "leeway"],
        0,
        text::truncate,
    ),
    row("unique", &["case_sensitive", "attribute"], 0, sort::unique),
    row("upper", &[], 0, text::upper),
    row("urlencode", &[], 0, text::urlencode),
    row("values", &[], 0, list::values),
    row("wordcount", &[], 0, text::wordcount),
];

pub(super) fn find(name: &str) -> Option<Filter> {
    FILTERS.iter().position(|row| row.name == name).map(Filter)
}

/// What to say about a name that no filter has.
pub(super) fn unknown(name: &str) -> String {
    match name {
        "safe" | "escape" | "e" | "forceescape" => {
            format!("there is no filter `{name}`: each value is escaped for the place where it is printed")
        }
        "select" | "reject" | "selectattr" | "rejectattr" => {
            format!("there is no filter `{name}`; choose with `{{% for item in list if … %}}`")
        }
        _ => format!("there is no filter `{name}`"),
    }
}

impl Filter {
    pub(super) fn parameters(self) -> &'static [&'static str] {
        FILTERS[self.0].parameters
    }

    /// Refuses arguments that would be wrong for every event.
    pub(super) fn check(self, arguments: &[Argument]) -> Result<(), String> {
        let row = &FILTERS[self.0];
        let given = |at: usize| arguments.get(at).is_some_and(Argument::is_given);
        let constant = |at: usize| match arguments.get(at) {
            Some(Argument::Text(text)) => Some(&**text),
            _ => None,
        };
        if let Some(missing) = (0..row.required).find(|&at| !given(at)) {
            return Err(format!(
                "the filter `{}` needs `{}`",
                row.name, row.parameters[missing]
            ));
        }
        match row.name {
            "map" if given(0) => Err("`map` picks a field only: `map(attribute=\"name\")`".into()),
            "map" if !given(1) => Err("`map` needs `attribute`".into()),
            "date" => date::check(constant(0), constant(1)),
            "round" => match constant(1) {
                None | Some("common" | "ceil" | "floor") => Ok(()),
                Some(_) => Err("the method of `round` is \"common\", \"ceil\" or \"floor\"".into()),
            },
            _ => Ok(()),
        }
    }

    /// All filters with their names.
    pub(super) fn all() -> impl Iterator<Item = (&'static str, Self)> {
        FILTERS.iter().enumerate().map(|(at, row)| (row.name, Self(at)))
    }
}

/// Applies a filter to a value.
pub(super) fn apply(
    render: &Render,
    filter: Filter,
    input: &Value,
    arguments: &[Option<Value>],
) -> Evaluated {
    let row = &FILTERS[filter.0];
    let input = match row.name {
        "tojson" | "default" | "d" => Cow::Borrowed(input),
        _ => render.json_as_text(input)?,
    };
    for value in arguments.iter().flatten().chain([&*input]) {
        if let Value::Text(text) = value {
            render.budget.work(text.as_str().len())?;
        }
    }
    let arguments = Arguments {
        row,
        values: arguments,
    };
    (row.apply)(render, &input, &arguments)
}

/// The arguments of a filter, in the order of its parameters.
struct Arguments<'v> {
    row: &'static Row,
    values: &'v [Option<Value>],
}

impl Arguments<'_> {
    fn get(&self, at: usize) -> Option<&Value> {
        self.values.get(at).and_then(Option::as_ref)
    }

    /// The integer at `at`, within these bounds.
    fn int(&self, at: usize, default: usize, max: usize) -> Result<usize, Stop> {
        let number = match self.get(at) {
            None => return Ok(default),
            Some(Value::Number(number)) => number.int().and_then(|int| usize::try_from(int).ok()),
            Some(_) => None,
        };
        match number {
            Some(number) if number <= max => Ok(number),
            _ => stop(format!(
                "`{}` of `{}` has to be an integer from 0 to {max}",
                self.row.parameters[at], self.row.name
            )),
        }
    }

    fn bool(&self, at: usize, default: bool, render: &Render) -> bool {
        self.get(at)
            .map_or(default, |value| value.is_true(&render.document))
    }

    fn text(&self, at: usize, default: &'static str, render: &Render) -> Result<Text, Stop> {
        match self.get(at) {
            None => Ok(Text::Fixed(default)),
            Some(value) => value.to_text(&render.document, &render.budget),
        }
    }
}

fn default(render: &Render, input: &Value, arguments: &Arguments<'_>) -> Evaluated {
    let replaces = match arguments.bool(1, false, render) {
        true => !input.is_true(&render.document),
        // Unlike Jinja's, which leaves null alone: producers write null for what they do not know.
        false => input.is_missing(),
    };
    Ok(match replaces {
        true => arguments.get(0).cloned().unwrap_or(Value::fixed("")),
        false => input.clone(),
    })
}

fn tojson(render: &Render, input: &Value, _: &Arguments<'_>) -> Evaluated {
    render.budget.bytes(2 * size_of::<Value>())?;
    Ok(match input {
        Value::Json(_) => {
            let text = input.to_text(&render.document, &render.budget)?;
            Value::Json(Value::Text(text).into())
        }
        other => Value::Json(other.clone().into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_their_names() {
        assert_eq!(find("items").map(|filter| FILTERS[filter.0].name), Some("items"));
        let mut names = FILTERS.each_ref().map(|row| row.name);
        names.sort_unstable();
        assert!(names.is_sorted_by(|name, next| name < next));
    }

    #[test]
    fn every_filter_is_described_for_customers() {
        let docs = include_str!("../../../../docs/templates.md");
        for Row { name, .. } in &FILTERS {
            let is_described = docs.contains(&format!("`{name}"));
            assert!(is_described, "docs/templates.md does not mention `{name}`");
        }
    }
}
