//! Query parameters: each known, given at most once, and with a valid value; all faults are reported
//! together.

use std::str::FromStr;

use http::Uri;
use postrider_storage::{LIMIT_MAX, PageRequest};
use postrider_web::query::{self, PARAMETERS_MAX};

use utoipa::IntoParams;

use crate::cursor::{self, ListId};
use crate::problem::{Code, Fault, Faults, Problem, fault_codes};

/// Items on a page if the request has no `limit`.
pub const LIMIT_DEFAULT: usize = 50;

/// Which page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what [`Parameters::page`] takes")]
pub struct PageParameters {
    /// The maximum number of items to return.
    #[param(minimum = 1, maximum = 250, default = 50)]
    limit: Option<usize>,
    /// The `next_cursor` of the previous page.
    cursor: Option<String>,
}

/// The parameters of one request. Handlers read them one by one, and [`Self::finish`] refuses those that
/// remain.
#[derive(Debug)]
pub struct Parameters {
    pairs: Vec<(String, String)>,
    faults: Faults,
    bad_cursor: bool,
}

impl Parameters {
    /// The parameters of this request.
    pub fn of(uri: &Uri) -> Self {
        let query = query::Parameters::of(uri);
        let mut faults = Faults::default();
        if query.is_cut {
            faults.push(Fault::of_parameter(
                "",
                fault_codes::TOO_MANY,
                format!("a query can have at most {PARAMETERS_MAX} parameters"),
            ));
        }
        Self {
            pairs: query.pairs,
            faults,
            bad_cursor: false,
        }
    }

    /// The value of `name`, if it was given.
    pub fn take<T: FromStr<Err: std::fmt::Display>>(&mut self, name: &'static str) -> Option<T> {
        self.take_with(name, |text| {
            text.parse().map_err(|error: T::Err| error.to_string())
        })
    }

    /// The value of `name` as `read` understands it, if it was given.
    pub fn take_with<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.take_text(name)?;
        let fault = |detail| Fault::of_parameter(name, fault_codes::INVALID_PARAMETER, detail);
        self.faults.take(read(&text).map_err(fault))
    }

    /// The requested page of `list`: `limit` and `cursor`.
    pub fn page(&mut self, list: ListId) -> PageRequest {
        let limit = self.take_with("limit", |text| {
            let limit = text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
            limit.ok_or_else(|| format!("expected a whole number from 1 to {LIMIT_MAX}"))
        });
        let cursor = self.take_text("cursor");
        let after = cursor.as_deref().and_then(|text| cursor::decode(list, text));
        if cursor.is_some() && after.is_none() {
            self.bad_cursor = self.faults.is_empty();
            self.faults.push(Fault::of_parameter(
                "cursor",
                fault_codes::INVALID_PARAMETER,
                "expected a `next_cursor` of this list",
            ));
        }
        PageRequest {
            limit: limit.unwrap_or(LIMIT_DEFAULT),
            after,
        }
    }

    /// Refuses the request if a parameter had a fault or was not read.
    pub fn finish(mut self) -> Result<(), Problem> {
        for (name, _) in std::mem::take(&mut self.pairs) {
            self.bad_cursor = false;
            let fault = Fault::of_parameter(
                name,
                fault_codes::UNKNOWN_PARAMETER,
                "this endpoint has no such parameter",
            );
            self.faults.push(fault);
        }
        self.faults.into_result(if self.bad_cursor {
            Code::InvalidCursor
        } else {
            Code::InvalidQuery
        })
    }

    fn take_text(&mut self, name: &'static str) -> Option<String> {
        let mut values = self.pairs.extract_if(.., |(other, _)| other == name);
        let (first, second) = (values.next(), values.next());
        drop(values);
        if second.is_some() {
            let fault = Fault::of_parameter(
                name,
                fault_codes::REPEATED_PARAMETER,
                "this parameter occurs more than once",
            );
            self.faults.push(fault);
            self.pairs.retain(|(other, _)| other != name);
            return None;
        }
        first.map(|(_, value)| value)
    }
}

/// Refuses all query parameters, for endpoints without any.
pub fn no_parameters(uri: &Uri) -> Result<(), Problem> {
    match uri.query() {
        None | Some("") => Ok(()),
        Some(_) => Parameters::of(uri).finish(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postrider_model::Timestamp;
    use postrider_storage::Position;

    const LIST: ListId = ListId::of_all("things");

    fn page(query: &str) -> Result<PageRequest, Problem> {
        let mut parameters = Parameters::of(&format!("/?{query}").parse().unwrap());
        let _: Option<Timestamp> = parameters.take("after");
        let page = parameters.page(LIST);
        parameters.finish().map(|()| page)
    }

    #[test]
    fn pages_have_a_default_and_bounds() {
        assert_eq!(page("").unwrap().limit, 50);
        assert_eq!(page("limit=250").unwrap().limit, 250);
        let cursor = cursor::encode(LIST, Position(9));
        assert_eq!(
            page(&format!("cursor={cursor}")).unwrap().after,
            Some(Position(9))
        );
        for bad in [
            "limit=0",
            "limit=251",
            "limit=-1",
            "limit=x",
            "limit=",
            "limit=1&limit=1",
            "after=yesterday",
            "a=1",
        ] {
            assert_eq!(page(bad).unwrap_err().code(), Code::InvalidQuery, "{bad}");
        }
        assert_eq!(page("cursor=x").unwrap_err().code(), Code::InvalidCursor);
    }

    #[test]
    fn all_faults_are_reported_together() {
        let problem = page("limit=0&cursor=x&after=1&b=2").unwrap_err();
        assert_eq!(problem.code(), Code::InvalidQuery);
        assert_eq!(problem.faults().len(), 4);
    }
}
