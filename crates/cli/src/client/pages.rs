//! Lists of any length, one page at a time.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Call, Client};
use crate::Failure;

/// Most items that the API puts on one page.
const PAGE_ITEMS_MAX: usize = 250;

/// How much of a list to fetch.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct PageArgs {
    /// How many to list at most
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = at_least_one)]
    pub limit: usize,

    /// List all
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
}

fn at_least_one(text: &str) -> Result<usize, &'static str> {
    text.parse()
        .ok()
        .filter(|number| *number > 0)
        .ok_or("expected a whole number of at least 1")
}

/// A list as the API sends it, its items unchanged.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct List {
    data: Vec<Box<RawValue>>,
    next_cursor: Option<String>,
}

impl List {
    /// The list as JSON, in the API's own form.
    pub fn to_json(&self) -> Result<String, Failure> {
        serde_json::to_string(self).map_err(|error| Failure::Failed(error.to_string()))
    }

    /// The items, parsed.
    pub fn items(&self) -> Vec<Value> {
        self.data
            .iter()
            .map(|item| serde_json::from_str(item.get()).unwrap_or_default())
            .collect()
    }

    /// Whether there are items beyond these.
    pub fn has_more(&self) -> bool {
        self.next_cursor.is_some()
    }
}

/// Fetches as much of a list as was requested, in as many calls as necessary.
pub async fn fetch(client: &mut Client, call: &Call<'_>, pages: PageArgs) -> Result<List, Failure> {
    let wanted = if pages.all { usize::MAX } else { pages.limit };
    let mut list = List::default();
    loop {
        let limit = (wanted - list.data.len()).min(PAGE_ITEMS_MAX);
        let page = call
            .clone()
            .query("limit", Some(limit))
            .query("cursor", list.next_cursor.take());
        let response = client.call(page).await?;
        let page: List = serde_json::from_str(&response.text)
            .map_err(|error| Failure::Failed(format!("the server sent an invalid list: {error}")))?;
        list.data.extend(page.data);
        list.next_cursor = page.next_cursor;
        // A page can be short, even empty, while another follows.
        if list.next_cursor.is_none() || list.data.len() >= wanted {
            return Ok(list);
        }
    }
}
