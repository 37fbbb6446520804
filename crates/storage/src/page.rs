//! Lists, a page at a time, newest first.

/// Most items on one page.
pub const LIMIT_MAX: usize = 250;

/// A place in a list, handed out by the store that made the list and opaque to everyone else: the next page
/// holds what lies behind it. Items that arrive meanwhile neither shift nor repeat what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position(pub u128);

/// Which page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// Most items to return; 1 to [`LIMIT_MAX`].
    pub limit: usize,
    /// Where the page before ended; `None` for the first.
    pub after: Option<Position>,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, newest first.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last one. A store may end a page early, even empty, when a
    /// filter made it look at many rows: as long as this is set, there may be more.
    pub next: Option<Position>,
}

impl<T> Page<T> {
    /// The page that `rows` make when one more than `limit` was asked for: the surplus row shows that there
    /// is more.
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
