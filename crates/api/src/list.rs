//! The shape that all lists have.

use postrider_storage::Page;
use serde::Serialize;
use utoipa::ToSchema;

use crate::cursor::{self, ListId};
use crate::problem::Problem;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct List<T> {
    /// The items, newest first.
    pub data: Vec<T>,
    /// The `cursor` of the next page; null on the last page. A page can hold fewer items than `limit`, or
    /// none, before the last page: continue until this is null.
    #[schema(example = "cur_AAAAAAAAAAAAAAAAAAAAKl3dOYv5")]
    pub next_cursor: Option<String>,
}

impl<T> List<T> {
    /// The list of this page of the store.
    pub fn of<S>(
        list: ListId,
        page: Page<S>,
        view: impl FnMut(S) -> Result<T, Problem>,
    ) -> Result<Self, Problem> {
        Ok(Self {
            data: page.items.into_iter().map(view).collect::<Result<_, _>>()?,
            next_cursor: page.next.map(|position| cursor::encode(list, position)),
        })
    }
}
