//! `POST /theme`: light, dark, or the system's.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::header;
use postrider_model::grant::Theme;
use postrider_web::host::RequestHost;

use crate::form::Form;
use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::cookie;

/// Stores the theme in a cookie, and returns to the page.
pub async fn choose(State(app): State<App>, host: RequestHost, form: Form) -> Result<Response, Refusal> {
    let theme = match form.text("theme") {
        "light" => Some(Theme::Light),
        "dark" => Some(Theme::Dark),
        _ => None,
    };
    let mut response = Redirect::to(own_address(form.text("back"))).into_response();
    let cookie = cookie::set_theme(theme, app.cookie_scope(&host, true));
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The address if it is one of this console, else the first page: a form must not lead to another site.
pub fn own_address(address: &str) -> &str {
    let is_path = address.starts_with('/') && !address.starts_with("//") && !address.starts_with("/\\");
    if is_path && address.bytes().all(|byte| byte.is_ascii_graphic()) {
        address
    } else {
        "/"
    }
}

#[cfg(test)]
mod tests {
    use super::own_address;

    #[test]
    fn no_form_leads_to_another_site() {
        assert_eq!(own_address("/accounts?x=1"), "/accounts?x=1");
        for other in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nb",
            "x",
        ] {
            assert_eq!(own_address(other), "/", "{other:?}");
        }
    }
}
