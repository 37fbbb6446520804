//! Events by what is in their data.
//!
//! No index holds the contents of `data`, so a search reads events, newest first, and stops after a bounded
//! number. The caller goes on from there with the next page.

use postrider_model::{AccountId, Event};
use postrider_storage::{EventFilter, Page, PageRequest, StoreError};

use crate::Figures;
use crate::rooms::NoRoom;

/// Most bytes of a text to look for.
pub const CONTAINED_BYTES_MAX: usize = 200;

/// Most events that one page looks at: some 30 ms for small ones.
pub const CONTENTS_MAX: usize = 1_000;

/// Events per read of the store: 2.5 MB at the limit of `data`.
const CHUNK: usize = 10;

/// Bytes of `data` that one page looks at before it ends early. 1,000 events at the limit of `data` would be
/// 256 MB.
const LOOKED_AT_BYTES: usize = 16 * 1024 * 1024;

/// Bytes of events after which a page of them ends early.
pub const EVENTS_PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Why a search finds nothing.
#[derive(Debug, thiserror::Error)]
pub enum ContentsError {
    /// The account has a search under way, or the node as many as it has room for.
    #[error("too many searches are under way")]
    TooMany(#[from] NoRoom),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Figures {
    /// The account's events that match and whose data, as the producer sent it, contains this text, newest
    /// first. ASCII letters match in either case. Looks at [`CONTENTS_MAX`] events at most, so a page can
    /// have fewer events than its limit, or none, although others follow. An account has one search at a
    /// time.
    pub async fn events_containing(
        &self,
        account: AccountId,
        filter: &EventFilter,
        text: &str,
        request: PageRequest,
    ) -> Result<Page<Event>, ContentsError> {
        let _room = self.searches.room(account)?;
        let mut items = Vec::new();
        let (mut after, mut looked_at, mut looked_at_bytes, mut bytes) = (request.after, 0, 0, 0);
        loop {
            // The first read takes one event and so fixes a position. Behind it, a chunk can be read again
            // although newer events arrive.
            let limit = if after.is_none() { 1 } else { CHUNK };
            let chunk = self.events(account, filter, PageRequest { limit, after }).await?;
            let read = chunk.items.len();
            for (at, event) in chunk.items.into_iter().enumerate() {
                // A large event may take milliseconds.
                tokio::task::yield_now().await;
                looked_at_bytes += event.data.len();
                if !contains(&event.data, text.as_bytes()) {
                    continue;
                }
                bytes += event.bytes();
                items.push(event);
                let is_full = items.len() == request.limit || bytes >= EVENTS_PAGE_BYTES;
                if is_full && at + 1 < read {
                    let limit = at + 1;
                    let read_again = self.events(account, filter, PageRequest { limit, after }).await?;
                    return Ok(Page {
                        items,
                        next: read_again.next,
                    });
                }
            }
            after = chunk.next;
            looked_at += read;
            let is_full = items.len() >= request.limit || bytes >= EVENTS_PAGE_BYTES;
            let is_long = looked_at >= CONTENTS_MAX || looked_at_bytes >= LOOKED_AT_BYTES;
            // A store may end a page early; the page then ends here too.
            if after.is_none() || read < limit || is_full || is_long {
                return Ok(Page { items, next: after });
            }
        }
    }
}

fn contains(data: &[u8], text: &[u8]) -> bool {
    text.is_empty()
        || data
            .windows(text.len())
            .any(|window| window.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_letters_match_in_either_case() {
        let data = "{\"name\":\"Müller, Acme\"}".as_bytes();
        for (text, expected) in [
            ("acme", true),
            ("\"NAME\":", true),
            ("Müller", true),
            ("MÜLLER", false),
            ("acme ", false),
            ("", true),
        ] {
            assert_eq!(contains(data, text.as_bytes()), expected, "{text}");
        }
        assert!(!contains(b"a", b"ab"));
    }
}
