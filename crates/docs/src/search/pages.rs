//! What the index is made of.

use super::{Entry, Index, Kind};
use crate::docs::{FaultKind, ProblemKind};
use crate::guides::{GUIDES, Source};
use crate::markdown;
use crate::reference::{Operation, Reference, Row, Tag};

/// The index over all pages.
pub(crate) fn index(reference: &Reference, problems: &[ProblemKind], faults: &[FaultKind]) -> Index {
    let mut index = Index::default();
    for tag in &reference.tags {
        for operation in &tag.operations {
            index.add(of_operation(tag, operation));
        }
    }
    for source in GUIDES {
        of_guide(&mut index, source);
    }
    for problem in problems {
        index.add(Entry {
            kind: Kind::Problem,
            address: format!("/docs/errors/{}", problem.code),
            title: problem.code.to_owned(),
            note: format!("{}: {}", problem.status, problem.title),
            is_part: false,
            names: String::new(),
            text: format!("{} {}", problem.when().text(), problem.advice().text()),
        });
    }
    for fault in faults {
        index.add(Entry {
            kind: Kind::Problem,
            address: "/docs/errors#faults".to_owned(),
            title: fault.code.to_owned(),
            note: "A code of a single fault".to_owned(),
            is_part: true,
            names: String::new(),
            text: fault.meaning().text(),
        });
    }
    index.finish();
    index
}

fn of_operation(tag: &Tag, operation: &Operation) -> Entry {
    let mut text = format!("{} ({})", operation.description.text(), tag.name);
    let mut add = |words: &str| {
        text.push(' ');
        text.push_str(words);
    };
    let parameters = operation.parameters.iter().map(|parameter| &parameter.row);
    let members = operation.request.iter().flat_map(|body| &body.rows);
    for Row {
        name,
        description,
        values,
        ..
    } in parameters.chain(members)
    {
        add(&format!("{name}: {}", description.text()));
        values.iter().for_each(|value| add(value));
    }
    // The names alone: the descriptions of an event or a delivery would be repeated in every list of them.
    for body in operation
        .responses
        .iter()
        .filter_map(|response| response.body.as_ref())
    {
        body.rows.iter().for_each(|row| add(&row.name));
    }
    Entry {
        kind: Kind::Operation,
        address: operation.address(),
        title: operation.summary.clone(),
        note: format!("{} {}", operation.method, operation.path),
        is_part: false,
        names: operation.id.clone(),
        text,
    }
}

/// An entry for what stands before the first heading, and one for each heading.
fn of_guide(index: &mut Index, source: &Source) {
    let mut sections = source.sections().into_iter();
    let Some(first) = sections.next() else {
        return;
    };
    let (page, title) = (source.address(), first.title);
    for section in sections {
        index.add(Entry {
            kind: Kind::Guide,
            address: format!("{page}#{}", markdown::slug(&section.title)),
            title: section.title,
            note: title.clone(),
            is_part: true,
            // A section of the guide to Flask is also about Python.
            names: source.about.to_owned(),
            text: section.text,
        });
    }
    index.add(Entry {
        kind: Kind::Guide,
        address: page,
        title,
        note: source.about.to_owned(),
        is_part: false,
        names: format!("{} {}", source.file, source.group.title()),
        text: first.text,
    });
}
