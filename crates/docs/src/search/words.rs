//! Words: how a text is split into them, and when a word of a text is meant by one of a query.

use std::ops::Range;

/// Most bytes of a word in the index. Longer ones are signatures and keys in examples.
const WORD_BYTES_MAX: usize = 40;

/// A prefix has at least this many characters: the words that begin with one letter are hundreds.
const PREFIX_CHARS_MIN: usize = 2;

/// The shortest stem, so that `bus` and `red` stay what they are.
const STEM_CHARS_MIN: usize = 3;

/// Words of a query that do not count if it has others.
const FILLERS: [&str; 24] = [
    "a", "an", "and", "are", "can", "do", "does", "for", "from", "how", "i", "in", "is", "it", "my", "of",
    "on", "the", "to", "what", "when", "why", "with", "you",
];

/// Words that people use for what the documentation calls otherwise.
const SYNONYMS: [(&str, &str); 6] = [
    ("mismatch", "match"),
    ("pagination", "cursor"),
    ("dlq", "failed"),
    ("k8s", "kubernetes"),
    ("postgres", "postgresql"),
    ("mtls", "certificate"),
];

/// A word of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    /// As it was typed, in lower case.
    pub(super) word: String,
    /// Its stem.
    pub(super) stem: String,
    /// The stem of the documentation's own word for it.
    pub(super) synonym: Option<String>,
}

impl Term {
    /// The words of a query, at most so many, each once.
    pub(super) fn of_query(query: &str, at_most: usize) -> Vec<Self> {
        let mut words: Vec<String> = Vec::new();
        for (_, word) in words_of(query) {
            if !words.contains(&word) {
                words.push(word);
            }
        }
        if words.iter().any(|word| !is_filler(word)) {
            words.retain(|word| !is_filler(word));
        }
        words.truncate(at_most);
        words.into_iter().map(Self::of).collect()
    }

    fn of(word: String) -> Self {
        let synonym = SYNONYMS.iter().find(|(theirs, _)| *theirs == word);
        Self {
            stem: stem(&word),
            synonym: synonym.map(|(_, ours)| stem(ours)),
            word,
        }
    }

    /// Whether the words that begin with it are meant too.
    pub(super) fn is_prefix(&self) -> bool {
        self.word.chars().count() >= PREFIX_CHARS_MIN
    }

    /// Whether a word of a text, in lower case, is meant.
    pub(super) fn means(&self, word: &str) -> bool {
        if self.is_prefix() && word.starts_with(&self.word) {
            return true;
        }
        let stem = stem(word);
        stem == self.stem || self.synonym.as_deref() == Some(&stem)
    }
}

fn is_filler(word: &str) -> bool {
    FILLERS.contains(&word)
}

/// The words of a text in lower case, with their places. Punctuation separates them, so that `create event`
/// finds `create_event`.
pub(super) fn words_of(text: &str) -> impl Iterator<Item = (Range<usize>, String)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + text[at..].find(char::is_alphanumeric)?;
            let rest = &text[start..];
            at = start + rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
            if at - start <= WORD_BYTES_MAX {
                let word = text[start..at].chars().flat_map(char::to_lowercase);
                return Some((start..at, word.collect()));
            }
        }
    })
}

/// The words of a text with one space between them, and around them, so that phrases can be looked for.
pub(super) fn folded(text: &str) -> String {
    let mut folded = " ".to_owned();
    for (_, word) in words_of(text) {
        folded.push_str(&word);
        folded.push(' ');
    }
    folded
}

/// A word without its English ending: `retries`, `retried` and `retrying` are `retry`. Names of the API end
/// like other words, so nothing further is removed.
pub(super) fn stem(word: &str) -> String {
    let stem = match endings(word) {
        Some(stem) if stem.chars().count() >= STEM_CHARS_MIN && has_vowel(&stem) => stem,
        _ => word.to_owned(),
    };
    match stem.strip_suffix('e') {
        Some(rest) if rest.chars().count() > STEM_CHARS_MIN => rest.to_owned(),
        _ => stem,
    }
}

fn endings(word: &str) -> Option<String> {
    for ending in ["ies", "ied"] {
        if let Some(rest) = word.strip_suffix(ending) {
            return Some(format!("{rest}y"));
        }
    }
    if let Some(rest) = word.strip_suffix("ing").or_else(|| word.strip_suffix("ed")) {
        return Some(verb_of(rest));
    }
    if word.ends_with("ss") || word.ends_with("us") || word.ends_with("is") {
        return None;
    }
    for ending in ["ches", "shes", "xes", "sses"] {
        if word.ends_with(ending) {
            return word.strip_suffix("es").map(str::to_owned);
        }
    }
    word.strip_suffix('s').map(str::to_owned)
}

/// What stood before `ing` or `ed` as a word: `stopp` was `stop`, `pag` was `page`; `call` and `send` stay.
fn verb_of(stem: &str) -> String {
    let mut last = stem.chars().rev();
    match (last.next(), last.next()) {
        (Some(a), Some(b)) if a == b && !"lsz".contains(a) => stem[..stem.len() - a.len_utf8()].to_owned(),
        (Some(a), Some(b)) if stem.len() <= STEM_CHARS_MIN && !is_vowel(a) && is_vowel(b) => {
            format!("{stem}e")
        }
        _ => stem.to_owned(),
    }
}

fn has_vowel(stem: &str) -> bool {
    stem.contains(is_vowel)
}

fn is_vowel(c: char) -> bool {
    "aeiouy".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_of_one_word_have_one_stem() {
        for words in [
            &["retry", "retries", "retried", "retrying"][..],
            &["delay", "delays", "delayed"],
            &["schedule", "schedules", "scheduled", "scheduling"],
            &["page", "pages", "paging"],
            &["use", "used", "using"],
            &["set", "sets", "setting"],
            &["batch", "batches"],
            &["stop", "stops", "stopped", "stopping"],
            &["miss", "missed", "misses"],
        ] {
            for word in words {
                assert_eq!(stem(word), stem(words[0]), "{word}");
            }
        }
        for word in ["string", "status", "access", "is", "red", "größe", "аdded"] {
            assert!(word.starts_with(&stem(word)) && stem(word).len() >= 2, "{word}");
        }
        assert_ne!(stem("string"), stem("str"));
        assert_ne!(stem("cors"), stem("core"));
    }

    #[test]
    fn punctuation_separates_words_and_long_ones_are_left_out() {
        let words = |text: &str| words_of(text).map(|(_, word)| word).collect::<Vec<_>>();
        assert_eq!(
            words("`next_cursor`, Retry-After: 5"),
            ["next", "cursor", "retry", "after", "5"]
        );
        assert_eq!(words(&format!("a {} b", "x".repeat(41))), ["a", "b"]);
        assert_eq!(words("Ünïcode·Wörter"), ["ünïcode", "wörter"]);
        assert_eq!(folded("  A-b\nc "), " a b c ");
    }

    #[test]
    fn fillers_count_only_where_nothing_else_is_asked() {
        let words = |query| {
            let terms = Term::of_query(query, 3);
            terms.into_iter().map(|term| term.word).collect::<Vec<_>>()
        };
        assert_eq!(words("How do I verify the signature?"), ["verify", "signature"]);
        assert_eq!(words("how to"), ["how", "to"]);
        assert_eq!(words("b b c d e f"), ["b", "c", "d"]);
    }
}
