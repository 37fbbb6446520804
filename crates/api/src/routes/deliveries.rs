//! Deliveries and the record of their attempts.

pub mod cancel;
mod dialogue;
pub mod export;
pub(super) mod filter;
pub mod get;
pub mod list;
pub mod list_of_all;
pub mod replay;
pub mod resend;
mod view;

use postrider_model::Delivery;
use postrider_storage::DeliveryKey;

use crate::problem::{Code, Problem};
use crate::router::ApiState;

async fn find(state: &ApiState, key: DeliveryKey) -> Result<Delivery, Problem> {
    state.figures.delivery(key).await?.ok_or_else(delivery_not_found)
}

fn delivery_not_found() -> Problem {
    Problem::new(Code::DeliveryNotFound, "the account has no delivery with this id")
}
