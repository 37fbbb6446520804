//! What is wrong with a file, all at once, with lines and columns.

use super::tree::Place;
use crate::Failure;
use crate::display::printable;

/// Most faults that are listed. A file in another format would have one for each line.
const LISTED_MAX: usize = 20;

/// What is wrong with a file.
#[derive(Debug, Default)]
pub struct Faults(Vec<(Place, String)>);

impl Faults {
    /// Adds a fault.
    pub fn add(&mut self, place: Place, message: impl Into<String>) {
        self.0.push((place, message.into()));
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Fails if there are faults in the file of this name.
    pub fn check(&mut self, file: &str) -> Result<(), Failure> {
        if self.is_empty() {
            return Ok(());
        }
        let mut faults = std::mem::take(&mut self.0);
        faults.sort();
        faults.dedup();
        let count = faults.len();
        let lines = faults.iter().take(LISTED_MAX);
        let lines = lines.map(|(place, message)| format!("{file}:{place}: {}", printable(message)));
        let mut text = lines.collect::<Vec<_>>().join("\n");
        if count > 1 {
            text = format!("{count} faults in {file}:\n{text}");
        }
        if count > LISTED_MAX {
            text.push_str(&format!("\nand {} more", count - LISTED_MAX));
        }
        Err(Failure::Usage(text))
    }
}

/// `; did you mean …?`, with the most similar name; empty if none is similar.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let lower = name.to_lowercase();
    let distance = |known: &'a str| (strsim::damerau_levenshtein(&lower, &known.to_lowercase()), known);
    let nearest = known.into_iter().map(distance).min();
    match nearest {
        // A third of the letters may differ, and one in a short name.
        Some((distance, known)) if distance <= (lower.chars().count() / 3).max(1) => {
            format!("; did you mean `{known}`?")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_similar_names_are_proposed() {
        let known = ["url", "headers", "plain_headers", "timeout_s"];
        assert_eq!(did_you_mean("ulr", known), "; did you mean `url`?");
        assert_eq!(did_you_mean("header", known), "; did you mean `headers`?");
        assert_eq!(did_you_mean("Timeout", known), "; did you mean `timeout_s`?");
        assert_eq!(did_you_mean("zzz", known), "");
    }

    #[test]
    fn faults_are_listed_by_line_and_not_without_end() {
        let mut faults = Faults::default();
        for line in (1..=25).rev() {
            faults.add(Place { line, column: 3 }, "odd");
        }
        let text = faults.check("a.yaml").unwrap_err().to_string();
        assert!(
            text.starts_with("25 faults in a.yaml:\na.yaml:1:3: odd\na.yaml:2:3: odd\n"),
            "{text}"
        );
        assert!(text.ends_with("and 5 more"), "{text}");
        assert!(faults.check("a.yaml").is_ok());
    }
}
