//! An index over the pages: operations, problems, guides and their headings. A few hundred entries, so a
//! search reads all of them.

/// Most results of a search.
pub const RESULTS_MAX: usize = 20;

/// Most characters of a query that count, and most words. Strangers search.
const QUERY_CHARS_MAX: usize = 100;
const WORDS_MAX: usize = 8;

/// What a result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An operation of the API.
    Operation,
    /// A kind of problem.
    Problem,
    /// A guide, or a part of one.
    Guide,
}

/// A page, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Its address.
    pub address: String,
    /// Its title.
    pub title: String,
    /// What stands beside the title: method and path of an operation, the title of a problem, the guide.
    pub note: String,
    /// The title, and the note with further words, as they are compared.
    folded: (String, String),
}

/// All entries.
#[derive(Debug, Default)]
pub struct Index(Vec<Entry>);

impl Kind {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operation => "API",
            Self::Problem => "Error",
            Self::Guide => "Guide",
        }
    }
}

impl Index {
    /// Adds an entry, which is also found by the words of `more`.
    pub fn add(&mut self, kind: Kind, address: &str, (title, note): (&str, &str), more: &str) {
        self.0.push(Entry {
            kind,
            address: address.to_owned(),
            title: title.to_owned(),
            note: note.to_owned(),
            folded: (fold(title), fold(&format!("{note} {more}"))),
        });
    }

    /// All entries.
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// The best entries that have every word of the query, at most [`RESULTS_MAX`].
    pub fn search(&self, query: &str) -> Vec<&Entry> {
        let query: String = query.chars().take(QUERY_CHARS_MAX).collect();
        let query = fold(&query);
        let words: Vec<&str> = query.split_whitespace().take(WORDS_MAX).collect();
        if words.is_empty() {
            return Vec::new();
        }
        let scored = self
            .0
            .iter()
            .filter_map(|entry| Some((entry.score(&words)?, entry)));
        let mut scored: Vec<(u32, &Entry)> = scored.collect();
        // Stable, so that entries of one score stay in the order of the pages.
        scored.sort_by_key(|(score, _)| u32::MAX - score);
        scored.truncate(RESULTS_MAX);
        scored.into_iter().map(|(_, entry)| entry).collect()
    }
}

impl Entry {
    /// How well it matches; `None` where a word is missing.
    fn score(&self, words: &[&str]) -> Option<u32> {
        let (title, note) = &self.folded;
        let mut score = 0;
        for word in words {
            score += match (title.find(word), note.contains(word)) {
                (Some(0), _) => 6,
                (Some(_), _) if title.contains(&format!(" {word}")) => 6,
                (Some(_), _) => 4,
                (None, true) => 1,
                (None, false) => return None,
            };
        }
        Some(score + u32::from(*title == words.join(" ")) * 16)
    }
}

/// Lower case, with the punctuation of names as spaces, so that `create event` finds `create_event`.
fn fold(text: &str) -> String {
    let folded = text.chars().map(|c| match c {
        '_' | '-' | '/' | '.' | '{' | '}' | '`' => ' ',
        other => other,
    });
    folded.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        let mut index = Index::default();
        let create = ("Report an event", "POST /v1/accounts/{account}/events");
        index.add(Kind::Operation, "/a", create, "create_event");
        let list = ("List events", "GET /v1/accounts/{account}/events");
        index.add(Kind::Operation, "/b", list, "list_events");
        let conflict = ("event_conflict", "409: The id was used for another event");
        index.add(Kind::Problem, "/c", conflict, "");
        index
    }

    fn found(query: &str) -> Vec<String> {
        index()
            .search(query)
            .into_iter()
            .map(|entry| entry.address.clone())
            .collect()
    }

    #[test]
    fn every_word_must_occur_and_titles_count_more() {
        assert_eq!(found("event conflict"), ["/c"]);
        assert_eq!(found("create_event"), ["/a"]);
        assert_eq!(found("LIST"), ["/b"]);
        assert_eq!(found("409"), ["/c"]);
        assert_eq!(found("event"), ["/a", "/b", "/c"]);
        assert_eq!(found("nowhere event"), Vec::<String>::new());
    }

    #[test]
    fn a_query_is_bounded_and_an_empty_one_finds_nothing() {
        assert_eq!(found(" "), Vec::<String>::new());
        assert_eq!(found(&"event ".repeat(10_000)).len(), 3);
    }
}
