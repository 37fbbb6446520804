//! Browsers cache style sheets and modules, because their address changes with them.

use http::StatusCode;

use crate::app::{App, text};

#[tokio::test]
async fn assets_are_cached_and_other_versions_are_not_found() {
    let app = App::start().await;
    let page = text(app.get("/sign-in", None).await).await;
    let addresses: Vec<&str> = page
        .split('"')
        .filter(|part| part.starts_with("/assets/"))
        .collect();
    assert!(addresses.len() >= 4, "{addresses:?}");
    for address in addresses {
        let response = app.get(address, None).await;
        assert_eq!(response.status(), StatusCode::OK, "{address}");
        let kept = response.headers()["cache-control"].to_str().unwrap();
        assert_eq!(kept, "public, max-age=31536000, immutable");

        let (_, name) = address.rsplit_once('/').unwrap();
        let folder = address.strip_suffix(name).unwrap();
        for other in [format!("/assets/0/{name}"), format!("{folder}x{name}")] {
            let response = app.get(&other, None).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{other}");
            assert_eq!(response.headers()["cache-control"], "no-store");
        }
    }
}
