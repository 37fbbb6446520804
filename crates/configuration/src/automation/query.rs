//! Checks the query of an action's URL, if it is a secret.

use postrider_model::{SecretQuery, SendWebhook};

use super::SendWebhookDraft;
use super::headers::origin;
use crate::{Faults, codes};

/// The URL as it is shown, and its query if that is a secret.
pub(super) fn check_query(
    draft: &SendWebhookDraft,
    stored: Option<&SendWebhook>,
    pointer: &str,
    faults: &mut Faults,
) -> (String, Option<SecretQuery>) {
    let kept = SecretQuery::stands_in(&draft.url);
    let checked = match (draft.secret_query, kept) {
        (false, false) => return (draft.url.clone(), None),
        (false, true) => Err("send the query: a stored secret query cannot become readable"),
        (true, true) => kept_query(draft, stored).map(|query| (draft.url.clone(), query)),
        (true, false) => match SecretQuery::divide(&draft.url) {
            Some(divided) => Ok(divided),
            None => {
                let detail = "the URL has no query";
                faults.add(format!("{pointer}/secret_query"), codes::INVALID_VALUE, detail);
                return (draft.url.clone(), None);
            }
        },
    };
    match checked {
        Ok((url, query)) => (url, Some(query)),
        Err(detail) => {
            faults.add(format!("{pointer}/url"), codes::VALUE_REQUIRED, detail);
            (draft.url.clone(), None)
        }
    }
}

/// The stored query that the draft leaves out.
fn kept_query(draft: &SendWebhookDraft, stored: Option<&SendWebhook>) -> Result<SecretQuery, &'static str> {
    let query = stored.and_then(|stored| Some((stored, stored.secret_query.clone()?)));
    let Some((stored, query)) = query else {
        return Err("send the query: the action has no stored one");
    };
    if origin(&draft.url) != origin(&stored.url) {
        return Err("send the query: the stored one is kept only if scheme, host and port stay the same");
    }
    Ok(query)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::faults_of;

    const SHOWN: &str = "https://a.example/hooks?••••";

    fn draft(url: &str, secret_query: bool) -> SendWebhookDraft {
        SendWebhookDraft {
            secret_query,
            ..SendWebhookDraft::to(url)
        }
    }

    fn stored() -> SendWebhook {
        SendWebhook {
            url: SHOWN.to_owned(),
            secret_query: Some(SecretQuery::new("token=1")),
            body: Default::default(),
            headers: Vec::new(),
            timeout_s: None,
            signature: Default::default(),
        }
    }

    /// The URL that is stored and the one that is called, or pointer and code of each fault.
    fn checked(
        draft: &SendWebhookDraft,
        stored: Option<&SendWebhook>,
    ) -> Result<(String, String), Vec<(String, &'static str)>> {
        let mut urls = (String::new(), String::new());
        let faults = faults_of(|faults| {
            let (url, secret_query) = check_query(draft, stored, "/actions/0", faults);
            let call_url = match secret_query {
                Some(query) => query.complete(&url),
                None => url.clone(),
            };
            urls = (url, call_url);
        });
        if faults.is_empty() { Ok(urls) } else { Err(faults) }
    }

    fn urls(shown: &str, called: &str) -> Result<(String, String), Vec<(String, &'static str)>> {
        Ok((shown.to_owned(), called.to_owned()))
    }

    #[test]
    fn only_a_secret_query_is_hidden() {
        let url = "https://a.example/hooks?token=2";
        assert_eq!(checked(&draft(url, false), None), urls(url, url));
        assert_eq!(checked(&draft(url, true), None), urls(SHOWN, url));
        let fault = ("/actions/0/secret_query".to_owned(), "invalid_value");
        let without = draft("https://a.example/hooks", true);
        assert_eq!(checked(&without, None), Err(vec![fault]));
    }

    #[test]
    fn a_draft_of_what_is_stored_keeps_the_query_also_where_the_path_changes() {
        let stored = stored();
        let called = "https://a.example/hooks?token=1";
        let same = SendWebhookDraft::of(&stored);
        assert_eq!(checked(&same, Some(&stored)), urls(SHOWN, called));
        let moved = draft("https://A.example:443/b?••••", true);
        let expected = urls("https://A.example:443/b?••••", "https://A.example:443/b?token=1");
        assert_eq!(checked(&moved, Some(&stored)), expected);
    }

    #[test]
    fn an_edit_neither_shows_a_secret_query_nor_sends_it_elsewhere() {
        let required = || Err(vec![("/actions/0/url".to_owned(), "value_required")]);
        assert_eq!(checked(&draft(SHOWN, false), Some(&stored())), required());
        for url in ["https://b.example/hooks?••••", "http://a.example/hooks?••••"] {
            assert_eq!(checked(&draft(url, true), Some(&stored())), required(), "{url}");
        }
        assert_eq!(checked(&draft(SHOWN, true), None), required(), "a new action");
    }
}
