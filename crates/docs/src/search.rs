//! A search over all pages: operations, problems, and each section of the guides with its text.
//!
//! | module | holds |
//! |---|---|
//! | `pages` | what is in the index, read from the reference, the guides and the problems |
//! | `words` | how texts are split, and when a word is meant |
//! | `excerpt` | the piece of a text that a result shows |

mod excerpt;
mod pages;
mod words;

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use self::words::{Term, folded, stem, words_of};

pub use excerpt::Piece;
pub(crate) use pages::index;

/// Most results of a search.
pub const RESULTS_MAX: usize = 20;

/// Most results of one page, so that a long guide leaves room for others.
const RESULTS_OF_PAGE_MAX: usize = 3;

/// Most characters of a query that count, and most words. Strangers search.
const QUERY_CHARS_MAX: usize = 100;
const WORDS_MAX: usize = 8;

/// How many of the best are looked at again for the words side by side.
const PHRASES_MAX: usize = 60;

/// What a word counts by its place. A word of the text counts more the more often it is there, up to
/// [`OFTEN`] more.
const IN_TITLE: u8 = 40;
const IN_HEADING: u8 = 25;
const IN_NAME: u8 = 15;
const IN_NOTE: u8 = 8;
const IN_CONTEXT: u8 = 1;
const IN_TEXT: u8 = 3;
const OFTEN: u8 = 4;

/// Operations name a member wherever it occurs; a guide explains it.
const IN_OPERATION: u8 = 1;

/// What else counts: all words side by side, and nothing else in the title.
const SIDE_BY_SIDE_IN_TITLE: u32 = 40;
const SIDE_BY_SIDE: u32 = 25;
const WHOLE_TITLE: u32 = 100;

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
    /// Its address, with the anchor of a part.
    pub address: String,
    /// Its title.
    pub title: String,
    /// What stands beside the title: method and path of an operation, the title of a problem, the guide.
    pub note: String,
    /// Whether it is a part of a page.
    is_part: bool,
    /// Its other names, such as the id of an operation.
    names: String,
    /// Its text, without markup.
    text: String,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<'a> {
    /// The results, the best first, at most [`RESULTS_MAX`].
    pub results: Vec<Hit<'a>>,
    /// How many words were looked for.
    pub words: usize,
    /// Whether the results have all of them. Where nothing does, they have as many as possible.
    pub has_all: bool,
}

/// A result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit<'a> {
    /// The page.
    pub entry: &'a Entry,
    /// A piece of its text.
    pub excerpt: Vec<Piece>,
}

/// All entries, and for each word those that have it.
#[derive(Debug, Default)]
pub struct Index {
    entries: Vec<Entry>,
    words: BTreeMap<Box<str>, Vec<Posting>>,
    stems: HashMap<Box<str>, Vec<Box<str>>>,
}

/// An entry has a word.
#[derive(Debug, Clone, Copy)]
struct Posting {
    entry: u16,
    counts: u8,
}

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
    /// Adds an entry. Those beyond 65,536 are left out; the documentation has about six hundred.
    fn add(&mut self, entry: Entry) {
        let Ok(number) = u16::try_from(self.entries.len()) else {
            return;
        };
        // Every section has the title of its guide beside it, and is about other things.
        let (title, names, note) = match entry.is_part {
            true => (IN_HEADING, IN_CONTEXT, IN_CONTEXT),
            false => (IN_TITLE, IN_NAME, IN_NOTE),
        };
        let mut counts: HashMap<String, u8> = HashMap::new();
        for (text, counts_there) in [(&entry.title, title), (&entry.names, names), (&entry.note, note)] {
            for (_, word) in words_of(text) {
                let known = counts.entry(word).or_default();
                *known = counts_there.max(*known);
            }
        }
        let (in_text, often_max) = match entry.kind {
            Kind::Operation => (IN_OPERATION, 1),
            Kind::Problem | Kind::Guide => (IN_TEXT, 1 + OFTEN),
        };
        let mut often: HashMap<String, u8> = HashMap::new();
        for (_, word) in words_of(&entry.text) {
            let times = often.entry(word).or_default();
            *times = times.saturating_add(1).min(often_max);
        }
        for (word, times) in often {
            let known = counts.entry(word).or_default();
            *known = known.saturating_add(in_text + times - 1);
        }
        for (word, counts) in counts {
            let postings = self.words.entry(word.into()).or_default();
            postings.push(Posting {
                entry: number,
                counts,
            });
        }
        self.entries.push(entry);
    }

    /// Makes the words findable by their stems, once all entries are there.
    fn finish(&mut self) {
        for (word, postings) in &mut self.words {
            postings.shrink_to_fit();
            let words = self.stems.entry(stem(word).into()).or_default();
            words.push(word.clone());
        }
    }

    /// How many entries there are, how many words, and about how many bytes they take.
    pub fn size(&self) -> (usize, usize, usize) {
        let texts = self.entries.iter().map(|entry| {
            let texts = [
                &entry.address,
                &entry.title,
                &entry.note,
                &entry.names,
                &entry.text,
            ];
            size_of::<Entry>() + texts.iter().map(|text| text.len()).sum::<usize>()
        });
        let words = self.words.iter().map(|(word, postings)| {
            2 * (size_of::<Box<str>>() + word.len()) + postings.len() * size_of::<Posting>()
        });
        let bytes = texts.chain(words).sum();
        (self.entries.len(), self.words.len(), bytes)
    }

    /// The best entries that have every word of the query, or as many as possible.
    pub fn search(&self, query: &str) -> Found<'_> {
        let query: String = query.chars().take(QUERY_CHARS_MAX).collect();
        let terms = Term::of_query(&query, WORDS_MAX);
        let (has, mut scored) = self.scored(&terms);
        // By entry where scores are equal, so that those stay in the order of the pages.
        let best_first = |(score, entry): &(u32, usize)| (u32::MAX - score, *entry);
        scored.sort_unstable_by_key(best_first);
        let phrase = folded(&query);
        for (score, entry) in scored.iter_mut().take(PHRASES_MAX) {
            *score += self.entries[*entry].beside(&phrase, terms.len());
        }
        scored.sort_unstable_by_key(best_first);
        let results = self.some_of_each_page(&scored).into_iter().map(|entry| Hit {
            excerpt: excerpt::around(&entry.text, &terms),
            entry,
        });
        Found {
            results: results.collect(),
            words: terms.len(),
            has_all: has == terms.len(),
        }
    }

    /// The most terms that an entry has, and the scores of the entries that have so many.
    fn scored(&self, terms: &[Term]) -> (usize, Vec<(u32, usize)>) {
        let mut scores = vec![(0_usize, 0_u32); self.entries.len()];
        for term in terms {
            let mut best = vec![0_u32; self.entries.len()];
            self.each_posting(term, |posting, is_whole| {
                let counts = u32::from(posting.counts);
                let best = &mut best[usize::from(posting.entry)];
                // `retry` and `retries` in one text count together; words that only begin alike do not.
                *best = match is_whole {
                    true => *best + 2 * counts,
                    false => counts.max(*best),
                };
            });
            for ((has, score), best) in scores.iter_mut().zip(best) {
                *has += usize::from(best > 0);
                *score += best;
            }
        }
        let most = scores.iter().map(|(has, _)| *has).max().unwrap_or_default();
        let scored = scores.into_iter().enumerate();
        let scored = scored.filter(|(_, (has, _))| most > 0 && *has == most);
        (most, scored.map(|(entry, (_, score))| (score, entry)).collect())
    }

    /// Calls `each` for every posting of the words that a term means, and whether that is the word as a whole
    /// or only its beginning.
    fn each_posting(&self, term: &Term, mut each: impl FnMut(Posting, bool)) {
        let is_other = |word: &str| stem(word) != term.stem;
        for stem in [Some(&term.stem), term.synonym.as_ref()].into_iter().flatten() {
            for word in self.stems.get(stem.as_str()).into_iter().flatten() {
                let postings = self.words.get(word).into_iter().flatten();
                postings.for_each(|posting| each(*posting, true));
            }
        }
        let from = (Bound::Included(term.word.as_str()), Bound::Unbounded);
        let later = self.words.range::<str, _>(from);
        let begins = later.take_while(|(word, _)| term.is_prefix() && word.starts_with(&term.word));
        for (_, postings) in begins.filter(|(word, _)| is_other(word)) {
            postings.iter().for_each(|posting| each(*posting, false));
        }
    }

    fn some_of_each_page(&self, scored: &[(u32, usize)]) -> Vec<&Entry> {
        let mut of_pages: HashMap<&str, usize> = HashMap::new();
        let entries = scored.iter().map(|(_, entry)| &self.entries[*entry]);
        let kept = entries.filter(|entry| {
            let of_page = of_pages.entry(entry.page()).or_default();
            *of_page += 1;
            *of_page <= RESULTS_OF_PAGE_MAX
        });
        kept.take(RESULTS_MAX).collect()
    }
}

impl Entry {
    /// The address without the anchor.
    fn page(&self) -> &str {
        self.address.split('#').next().unwrap_or_default()
    }

    /// What it counts that the words are there side by side, in their order.
    fn beside(&self, phrase: &str, words: usize) -> u32 {
        let title = folded(&self.title);
        let names = folded(&self.names);
        if title == phrase || names == phrase {
            return WHOLE_TITLE;
        }
        match words {
            0 | 1 => 0,
            _ if title.contains(phrase) => SIDE_BY_SIDE_IN_TITLE,
            _ if folded(&self.text).contains(phrase) || names.contains(phrase) => SIDE_BY_SIDE,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests;
