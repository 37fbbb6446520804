//! What we register with `minijinja`: our filters, tests and functions, how values are printed, and the fuel.

use std::sync::{Arc, LazyLock};

use minijinja::value::{Kwargs, Object, Rest, Value as Native, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, Output, State, UndefinedBehavior};

use super::budget::{Builder, Stop};
use super::filters::{self, Filter};
use super::item::{native, value};
use super::number::Number;
use super::output::Markup;
use super::render::Render;
use super::tests::Test;
use super::value::Value;

/// The name of the one template of an environment.
pub(super) const TEMPLATE: &str = "template";

/// Maximum fuel of a rendering: one unit for each instruction, and for each 64 bytes of text that operators
/// build or that stands between tags. A message that lists 100 items with ten fields each takes a tenth.
const FUEL_MAX: u64 = 50_000;

/// What all templates share.
static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::empty();
    environment.set_fuel(Some(FUEL_MAX));
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_formatter(print);
    environment.set_unknown_method_callback(method);
    for (name, filter) in Filter::all() {
        environment.add_filter(
            name,
            move |state: &State<'_, '_>, arguments: Rest<ValueOrKwargs>| {
                filtered(state, filter, arguments.into_values())
            },
        );
    }
    for (name, test) in Test::ALL {
        environment.add_test(name, move |state: &State<'_, '_>, arguments: Rest<Native>| {
            tested(state, test, &arguments)
        });
    }
    for (name, function) in FUNCTIONS {
        environment.add_function(name, move |state: &State<'_, '_>, arguments: Rest<Native>| {
            function(&render_of(state)?, &arguments)
        });
    }
    environment
});

/// Returns an environment with this template, which `translate.rs` wrote.
pub(super) fn environment(translated: String, notes_lines: bool) -> Result<Environment<'static>, Error> {
    let mut environment = ENVIRONMENT.clone();
    if notes_lines {
        // Noting a line takes a few instructions, and the rendering must come as far as the one before.
        environment.set_fuel(Some(FUEL_MAX * 4));
    }
    environment.add_template_owned(TEMPLATE, translated)?;
    Ok(environment)
}

fn render_of(state: &State<'_, '_>) -> Result<Arc<Render>, Error> {
    let render = state
        .lookup("__render")
        .and_then(|it| it.downcast_object::<Render>());
    render.ok_or(Error::from(ErrorKind::InvalidOperation))
}

/// Prints a value.
fn print(_: &mut Output<'_>, state: &mut State<'_, '_>, printed: &Native) -> Result<(), Error> {
    if printed.downcast_object_ref::<Silent>().is_some() {
        return Ok(());
    }
    let render = render_of(state)?;
    let printed = value(&render, printed);
    render.budget.steps(1)?;
    render
        .writer()
        .value(&printed, &render.document, &render.budget)?;
    Ok(())
}

fn filtered(state: &State<'_, '_>, filter: Filter, mut given: Vec<Native>) -> Result<Native, Error> {
    let render = render_of(state)?;
    let named = match given.last() {
        Some(last) if last.is_kwargs() => given.pop().map(Kwargs::try_from).transpose()?,
        _ => None,
    };
    let mut given = given.iter().map(|native| value(&render, native));
    let input = given.next().unwrap_or(Value::Undefined);
    let mut arguments: Vec<Option<Value>> = given.map(Some).collect();
    arguments.resize(filter.parameters().len(), None);
    if let Some(named) = named {
        for (argument, name) in arguments.iter_mut().zip(filter.parameters()) {
            if named.has(name) {
                *argument = Some(value(&render, &named.get::<Native>(name)?));
            }
        }
    }
    Ok(native(
        &render,
        filters::apply(&render, filter, &input, &arguments)?,
    )?)
}

fn tested(state: &State<'_, '_>, test: Test, given: &[Native]) -> Result<bool, Error> {
    let render = render_of(state)?;
    let mut given = given.iter().map(|native| value(&render, native));
    let tested = given.next().unwrap_or(Value::Undefined);
    Ok(test.holds(&render, &tested, given.next().as_ref())?)
}

/// `.__item(index)`, `.__slice(start, end)` and `.__items()`
fn method(state: &mut State<'_, '_>, of: &Native, name: &str, arguments: &[Native]) -> Result<Native, Error> {
    let render = render_of(state)?;
    let of = value(&render, of);
    let found = match (name, arguments) {
        ("__item", [index]) => render.item(&of, &value(&render, index)),
        ("__slice", [start, end]) => render.slice(&of, &value(&render, start), &value(&render, end)),
        ("__items", []) => filters::pairs(&render, &of),
        _ => return Err(Error::from(ErrorKind::UnknownMethod)),
    };
    Ok(native(&render, found?)?)
}

type Function = fn(&Arc<Render>, &[Native]) -> Result<Native, Error>;

/// The functions that `translate.rs` calls; templates themselves have none.
const FUNCTIONS: [(&str, Function); 9] = [
    ("__list", list),
    ("__map", map),
    ("__compare", compare),
    ("__join", join),
    ("__number", number),
    ("__autoescape", autoescape),
    ("__limit", limit),
    ("__end", end),
    ("__line", line),
];

fn list(render: &Arc<Render>, items: &[Native]) -> Result<Native, Error> {
    let items = items.iter().map(|item| value(render, item)).collect();
    Ok(native(render, Value::list(items, &render.budget)?)?)
}

fn map(render: &Arc<Render>, parts: &[Native]) -> Result<Native, Error> {
    let (pairs, _) = parts.as_chunks();
    let pair = |[key, of]: &[Native; 2]| -> Result<_, Stop> {
        let key = value(render, key);
        Ok((render.json_as_text(&key)?.into_owned(), value(render, of)))
    };
    let pairs = pairs.iter().map(pair).collect::<Result<_, _>>()?;
    Ok(native(render, Value::map(pairs, &render.budget)?)?)
}

/// A value, and then operators and values by turns: whether all comparisons hold.
fn compare(render: &Arc<Render>, parts: &[Native]) -> Result<Native, Error> {
    let [first, rest @ ..] = parts else {
        return Ok(Native::from(true));
    };
    let mut left = value(render, first);
    let (rest, _) = rest.as_chunks();
    for [operator, right] in rest {
        let right = value(render, right);
        if !render.compare(operator.as_str().unwrap_or_default(), &left, &right)? {
            return Ok(Native::from(false));
        }
        left = right;
    }
    Ok(Native::from(true))
}

/// The texts of all values, one after the other.
fn join(render: &Arc<Render>, parts: &[Native]) -> Result<Native, Error> {
    let mut joined = Builder::new(&render.budget);
    for part in parts {
        let text = value(render, part).to_text(&render.document, &render.budget)?;
        joined.push(text.as_str())?;
    }
    Ok(native(render, Value::owned(joined.finish()))?)
}

/// A number that `minijinja` would not read.
fn number(render: &Arc<Render>, digits: &[Native]) -> Result<Native, Error> {
    let digits = digits.first().and_then(Native::as_str).unwrap_or_default();
    let number = Number::read(digits, &render.budget)?;
    Ok(native(render, Value::Number(number))?)
}

fn autoescape(render: &Arc<Render>, names: &[Native]) -> Result<Native, Error> {
    let markup = names.first().and_then(Native::as_str).and_then(Markup::find);
    render.writer().begin_markup(markup);
    Ok(Native::UNDEFINED)
}

fn limit(render: &Arc<Render>, characters: &[Native]) -> Result<Native, Error> {
    let characters = characters.first().and_then(Native::as_usize);
    render.writer().begin_limit(characters.unwrap_or_default());
    Ok(Native::UNDEFINED)
}

/// Ends an `autoescape` or `limit` block.
fn end(render: &Arc<Render>, _: &[Native]) -> Result<Native, Error> {
    render.writer().end();
    Ok(Native::from_object(Silent))
}

fn line(render: &Arc<Render>, lines: &[Native]) -> Result<Native, Error> {
    render.note_line(lines.first().and_then(Native::as_usize).unwrap_or(1));
    Ok(Native::from_object(Silent))
}

/// What prints nothing, wherever it is printed.
#[derive(Debug)]
struct Silent;

impl Object for Silent {}
