//! Style sheets, modules and pictures, compiled into the program. Their address contains a hash of all of
//! them, so browsers cache them for a year and never show old ones.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use postrider_model::hex;
use sha2::{Digest, Sha256};

use crate::brand::Brand;
use crate::refusal::Refusal;
use crate::state::App;

/// The style sheets, in the order in which they are concatenated.
const STYLES: [&str; 9] = [
    include_str!("../assets/css/base.css"),
    include_str!("../assets/css/frame.css"),
    include_str!("../assets/css/forms.css"),
    include_str!("../assets/css/tables.css"),
    include_str!("../assets/css/record.css"),
    include_str!("../assets/css/overview.css"),
    include_str!("../assets/css/account.css"),
    include_str!("../assets/css/automations.css"),
    include_str!("../assets/css/docs.css"),
];

/// The modules. Pages load `console.js`, which imports the others; those of the documentation load `docs.js`.
const MODULES: [(&str, &str); 11] = [
    ("console.js", include_str!("../assets/console.js")),
    ("docs.js", include_str!("../assets/docs.js")),
    ("choose.js", include_str!("../assets/choose.js")),
    ("copy.js", include_str!("../assets/copy.js")),
    ("forms.js", include_str!("../assets/forms.js")),
    ("frame.js", include_str!("../assets/frame.js")),
    ("live.js", include_str!("../assets/live.js")),
    ("check.js", include_str!("../assets/check.js")),
    ("patch.js", include_str!("../assets/patch.js")),
    ("progress.js", include_str!("../assets/progress.js")),
    ("times.js", include_str!("../assets/times.js")),
];

/// What a page that shows the console in a frame loads. Its address is in the operator's product, so it has
/// no version.
const EMBED: &str = include_str!("../assets/embed.js");

const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// All assets.
pub struct Assets {
    files: Vec<Asset>,
    version: String,
}

struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: Bytes,
}

impl Assets {
    /// All assets, with the installation's brand.
    pub fn new(brand: &Brand) -> Self {
        let asset = |name, content_type, bytes: Bytes| Asset {
            name,
            content_type,
            bytes,
        };
        let mut files = vec![
            asset("console.css", CSS, STYLES.concat().into()),
            asset("brand.css", CSS, brand.style_sheet().into()),
            asset("icon.svg", SVG, include_str!("../assets/icon.svg").into()),
        ];
        for (name, text) in MODULES {
            files.push(asset(name, JAVASCRIPT, text.into()));
        }
        if let Some(logo) = &brand.logo {
            files.push(asset("logo", logo.content_type, logo.bytes.clone()));
        }
        let mut hash = Sha256::new();
        for file in &files {
            hash.update(file.name);
            hash.update(&file.bytes);
        }
        let version = hex::encode(&hash.finalize()[..8]);
        Self { files, version }
    }

    /// The address of an asset.
    pub fn url(&self, name: &str) -> String {
        format!("/assets/{}/{name}", self.version)
    }
}

/// `GET /embed.js`, for pages of other sites.
pub async fn embed() -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(JAVASCRIPT)),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=3600"),
        ),
        // For pages that load nothing of other sites unless it says so (`Cross-Origin-Embedder-Policy`).
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("cross-origin"),
        ),
    ];
    (headers, EMBED).into_response()
}

/// `GET /assets/{version}/{name}`
pub async fn asset(
    State(app): State<App>,
    Path((version, name)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let found = app.assets.files.iter().find(|asset| asset.name == name);
    let found = found
        .filter(|_| version == app.assets.version)
        .ok_or(Refusal::NotFound)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(found.content_type)),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=31536000, immutable"),
        ),
    ];
    Ok((StatusCode::OK, headers, found.bytes.clone()).into_response())
}
