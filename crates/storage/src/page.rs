//! Paged lists, newest first.

/// Most items on one page.
pub const LIMIT_MAX: usize = 250;

/// A position in a list, after which the next page begins. The store that produced the list creates it; it is
/// opaque to callers. Items that are added meanwhile neither shift nor repeat the following pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position(pub u128);

/// Which page to return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// Most items to return; 1 to [`LIMIT_MAX`].
    pub limit: usize,
    /// Where the previous page ended; `None` for the first page.
    pub after: Option<Position>,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, newest first.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last page. A store may end a page early, even empty, after a
    /// filter made it look at many rows: while this is set, there may be more.
    pub next: Option<Position>,
}

impl<T> Page<T> {
    /// Builds a page from `rows` read with a limit one greater than `limit`: the surplus row shows that there
    /// are more.
    pub fn from_surplus(mut rows: Vec<(Position, T)>, limit: usize) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more {
            rows.last().map(|(position, _)| *position)
        } else {
            None
        };
        Self {
            items: rows.into_iter().map(|(_, item)| item).collect(),
            next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_page_without_surplus_is_the_last() {
        let rows = |n: u128| (0..n).map(|i| (Position(i), i)).collect::<Vec<_>>();
        assert_eq!(
            Page::from_surplus(rows(2), 2),
            Page {
                items: vec![0, 1],
                next: None
            }
        );
        assert_eq!(
            Page::from_surplus(rows(3), 2),
            Page {
                items: vec![0, 1],
                next: Some(Position(1))
            }
        );
        assert_eq!(
            Page::from_surplus(rows(0), 2),
            Page {
                items: vec![],
                next: None
            }
        );
    }
}
