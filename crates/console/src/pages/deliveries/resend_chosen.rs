//! `POST /accounts/{account}/deliveries/resend`: one more attempt of each delivery that is ticked in the
//! list.

use axum::extract::State;
use axum::response::Redirect;
use postrider_engine::ResendOutcome;
use postrider_model::DeliveryId;
use postrider_storage::DeliveryKey;

use crate::form::Form;
use crate::paging;
use crate::query::Query;
use crate::refusal::Refusal;
use crate::state::App;
use crate::view::number;
use crate::visitor::account::InAccount;

/// Parameters of the list's address that tell the result.
const RESENT: &str = "resent";
const LEFT_OUT: &str = "left-out";

/// Requests the attempts, and returns to the list with its filters. A form cannot name more deliveries than a
/// page shows.
pub async fn resend_chosen(
    State(app): State<App>,
    account: InAccount,
    form: Form,
) -> Result<Redirect, Refusal> {
    let (mut resent, mut left_out) = (0_u64, 0_u64);
    let chosen = form.all("delivery").filter_map(|text| text.parse().ok());
    for delivery in chosen.take(paging::ROWS) {
        let delivery: DeliveryId = delivery;
        let key = DeliveryKey {
            account: account.id(),
            delivery,
        };
        match app.engine.resend(&account.visitor.by, key).await? {
            ResendOutcome::Due => resent += 1,
            ResendOutcome::UnderWay
            | ResendOutcome::TooManyAttempts
            | ResendOutcome::ActionGone
            | ResendOutcome::Missing => left_out += 1,
        }
    }
    let query = account.visitor.query.with(&[
        (RESENT, Some(&resent.to_string())),
        (LEFT_OUT, Some(&left_out.to_string())),
    ]);
    Ok(Redirect::to(&format!("{}{query}", account.path("deliveries"))))
}

/// The result in the list's address: its class in the style sheet, and its words. `None` if nothing was
/// resent before.
pub fn result(query: &Query) -> Option<(&'static str, String)> {
    let count = |name| query.get(name).and_then(|text| text.parse::<u64>().ok());
    let (resent, left_out) = (count(RESENT)?, count(LEFT_OUT)?);
    let deliveries = |count| number::counted(count, "delivery", "deliveries");
    let left = format!(
        "{} left out: an attempt is in flight, the limit of attempts is reached, or the action is off or deleted.",
        deliveries(left_out)
    );
    Some(match (resent, left_out) {
        (0, 0) => ("warn", "Tick the deliveries to resend first.".to_owned()),
        (0, _) => ("warn", left),
        (_, 0) => ("done", format!("{} resent.", deliveries(resent))),
        _ => ("warn", format!("{} resent, {left}", deliveries(resent))),
    })
}

#[cfg(test)]
mod tests {
    use http::Uri;

    use super::*;

    fn words(address: &'static str) -> Option<String> {
        result(&Query::of(&Uri::from_static(address))).map(|(_, words)| words)
    }

    #[test]
    fn a_result_counts_what_was_resent_and_what_was_left_out() {
        assert_eq!(words("/d?status=failed"), None);
        assert_eq!(words("/d?resent=3&left-out=0").unwrap(), "3 deliveries resent.");
        assert!(
            words("/d?resent=1&left-out=2")
                .unwrap()
                .starts_with("1 delivery resent, 2 deliveries left out:")
        );
        assert_eq!(
            words("/d?resent=0&left-out=0").unwrap(),
            "Tick the deliveries to resend first."
        );
    }
}
