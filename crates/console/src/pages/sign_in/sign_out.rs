//! `POST /sign-out`

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, header};
use postrider_web::host::RequestHost;

use crate::form::Form;
use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::cookie;
use crate::visitor::trail::Sender;

/// Ends the session, for this browser and for anybody else who has its token.
pub async fn sign_out(
    State(app): State<App>,
    Sender(sender): Sender,
    host: RequestHost,
    headers: HeaderMap,
    _form: Form,
) -> Result<Response, Refusal> {
    if let Some(token) = cookie::session(&headers) {
        app.access.sign_out(&sender, token).await?;
    }
    let mut response = Redirect::to("/sign-in").into_response();
    // The cookie may have either scope: browsers keep a framed cookie apart from the other one.
    for is_customers in [false, true] {
        if let Some(cookie) = cookie::end_session(app.cookie_scope(&host, is_customers)) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    Ok(response)
}
