//! Finds the known name that is most similar to a misspelt one.

/// The candidate nearest to `name`, with at most one edit per three characters.
pub fn nearest(name: &str, candidates: impl IntoIterator<Item = String>) -> Option<String> {
    let limit = name.chars().count() / 3;
    let ranked = candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, &candidate), candidate));
    ranked
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_get_a_suggestion_and_unrelated_names_do_not() {
        let known = || ["data_dir", "listen", "retry_delays"].map(str::to_owned);
        assert_eq!(nearest("datadir", known()).as_deref(), Some("data_dir"));
        assert_eq!(nearest("retry_delay", known()).as_deref(), Some("retry_delays"));
        assert_eq!(nearest("lsiten", known()).as_deref(), Some("listen"));
        assert_eq!(nearest("colour", known()), None);
    }
}
