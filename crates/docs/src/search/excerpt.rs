//! The piece of a text around the words of a query.

use std::ops::Range;

use super::words::{Term, words_of};

/// About as many bytes as two lines below a title hold.
const BYTES: usize = 200;

/// How much of them stands before the first word.
const BEFORE_BYTES: usize = 50;

/// Most occurrences that are looked at for the best place.
const OCCURRENCES_MAX: usize = 200;

/// A piece of an excerpt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The text, which is not markup.
    pub text: String,
    /// Whether it is a word that the query means.
    pub is_match: bool,
}

/// The part of a text with the most words of the query, with those marked. The beginning of the text if it
/// has none of them.
pub(super) fn around(text: &str, terms: &[Term]) -> Vec<Piece> {
    let found = occurrences(text, terms);
    let first = best(&found, terms.len()).map_or(0, |first| first.saturating_sub(BEFORE_BYTES));
    let start = match first {
        0 => 0,
        first => begin_of_word(text, first),
    };
    let end = end_of_word(text, start + BYTES);
    let mut pieces = Vec::new();
    let mut at = start;
    let mut add = |text: &str, is_match| {
        if !text.is_empty() {
            let text = text.to_owned();
            pieces.push(Piece { text, is_match });
        }
    };
    if start > 0 {
        add("… ", false);
    }
    for (_, place) in found
        .iter()
        .filter(|(_, place)| place.start >= start && place.end <= end)
    {
        add(&text[at..place.start], false);
        add(&text[place.clone()], true);
        at = place.end;
    }
    add(&text[at..end], false);
    if end < text.len() {
        add(" …", false);
    }
    pieces
}

/// The words of the text that the query means: which term, and where.
fn occurrences(text: &str, terms: &[Term]) -> Vec<(usize, Range<usize>)> {
    let means = |(place, word): (Range<usize>, String)| {
        let term = terms.iter().position(|term| term.means(&word))?;
        Some((term, place))
    };
    words_of(text).filter_map(means).take(OCCURRENCES_MAX).collect()
}

/// Where the part begins that has the most different terms; the first of those that have as many.
fn best(found: &[(usize, Range<usize>)], terms: usize) -> Option<usize> {
    let mut best: Option<(usize, usize)> = None;
    for (i, (_, first)) in found.iter().enumerate() {
        let mut has = vec![false; terms];
        let end = first.start + BYTES - BEFORE_BYTES;
        for (term, _) in found[i..].iter().take_while(|(_, place)| place.end <= end) {
            has[*term] = true;
        }
        let count = has.into_iter().filter(|it| *it).count();
        if best.is_none_or(|(most, _)| count > most) {
            best = Some((count, first.start));
        }
    }
    best.map(|(_, start)| start)
}

/// The beginning of the next word, so that an excerpt does not begin within one.
fn begin_of_word(text: &str, near: usize) -> usize {
    let near = text.ceil_char_boundary(near);
    text[near..].find(' ').map_or(near, |space| near + space + 1)
}

/// The end of the word at this place, if it is near; a text without spaces is cut.
fn end_of_word(text: &str, near: usize) -> usize {
    if near >= text.len() {
        return text.len();
    }
    let near = text.ceil_char_boundary(near);
    let rest = &text[near..text.ceil_char_boundary((near + BEFORE_BYTES).min(text.len()))];
    near + rest.find(' ').unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, query: &str) -> String {
        let pieces = around(text, &Term::of_query(query, 8));
        let shown = pieces.into_iter().map(|piece| match piece.is_match {
            true => format!("[{}]", piece.text),
            false => piece.text,
        });
        shown.collect()
    }

    #[test]
    fn words_are_marked_where_most_of_them_are() {
        assert_eq!(
            shown("It retries, then waits.", "retry"),
            "It [retries], then waits."
        );
        let text = format!(
            "A delay. {}After a delay it is retried.",
            "Much else. ".repeat(40)
        );
        let shown = shown(&text, "retry delay");
        assert!(
            shown.starts_with("… ") && shown.ends_with("After a [delay] it is [retried]."),
            "{shown}"
        );
    }

    #[test]
    fn without_a_word_the_beginning_is_shown_and_it_is_bounded() {
        assert_eq!(shown("Something else.", "retry"), "Something else.");
        for text in ["ä".repeat(5_000), "ab ".repeat(5_000), "ä ".repeat(5_000)] {
            for query in ["retry", "ab", "ä"] {
                assert!(shown(&text, query).len() < 4 * BYTES, "{}", shown(&text, query));
            }
        }
        assert_eq!(shown("", "retry"), "");
    }
}
