//! The count in responses of what works on many deliveries or events: replay, cancel and send missed.

use std::time::Duration;

use postrider_engine::DeliveryCount;
use serde::Serialize;
use utoipa::ToSchema;

/// How long a dry run counts: shorter than the usual timeouts of clients and proxies.
pub(super) const COUNT_MAX: Duration = Duration::from_secs(20);

/// A number of deliveries or events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Count)]
pub struct CountView {
    /// The number of deliveries or events.
    #[schema(example = 120)]
    count: u64,
    /// True if a dry run did not finish within 20 seconds, so that `count` is a lower bound; otherwise
    /// absent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    incomplete: bool,
}

impl CountView {
    /// What a dry run counted.
    pub(super) const fn counted(counted: DeliveryCount) -> Self {
        Self {
            count: counted.matching,
            incomplete: !counted.is_all,
        }
    }

    /// What was done.
    pub(super) const fn done(count: u64) -> Self {
        Self {
            count,
            incomplete: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_ended_early_says_so() {
        let json = |view| serde_json::to_string(&view).unwrap();
        let counted = |is_all| CountView::counted(DeliveryCount { matching: 7, is_all });
        assert_eq!(json(counted(true)), r#"{"count":7}"#);
        assert_eq!(json(counted(false)), r#"{"count":7,"incomplete":true}"#);
        assert_eq!(json(CountView::done(7)), r#"{"count":7}"#);
    }
}
