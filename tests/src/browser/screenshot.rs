//! Pictures of pages for the documentation, taken only with `UPDATE_SCREENSHOTS=1`.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::emulation::{DESKTOP_PX, Emulation, PHONE_PX, Scheme};
use super::{Browser, palette};
use crate::binary;

/// Largest height of a picture: the beginning of a long list is enough.
const HEIGHT_MAX_PX: u64 = 1_600;

/// The variable that replaces the documentation's pictures if it is `1`.
const UPDATE: &str = "UPDATE_SCREENSHOTS";

/// The folder of the documentation's pictures.
const FOLDER: &str = "docs/screenshots";

/// Waits for fonts and for two frames, so that all changes are painted, and hides the blinking caret. Returns
/// the height of the page.
const WAIT_AND_MEASURE: &str = "
    const done = arguments[0];
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('* { caret-color: transparent !important }');
    document.adoptedStyleSheets = [sheet];
    const height = () => done(document.documentElement.scrollHeight);
    document.fonts.ready.then(() => requestAnimationFrame(() => requestAnimationFrame(height)));
";

/// A picture that was taken.
#[derive(Debug, Clone)]
pub struct Screenshot {
    /// The file, `NAME-WIDTH-SCHEME.png`.
    pub path: PathBuf,
    /// Its width.
    pub width_px: u32,
    /// Its height.
    pub height_px: u32,
    /// Its size.
    pub bytes: usize,
}

impl Browser {
    /// Replaces the pictures of this page in `docs/screenshots` if `UPDATE_SCREENSHOTS` is `1`. Otherwise
    /// does nothing, because pictures take longer than all other checks of a page.
    pub async fn update_screenshots(&self, name: &str) {
        if std::env::var_os(UPDATE).is_some_and(|update| update == "1") {
            self.screenshots_into(&binary::root().join(FOLDER), name).await;
        }
    }

    /// Takes pictures of the current page from its top, on a phone and a desktop, light and dark, without
    /// motion, and writes them to this folder. Restores the emulation afterwards.
    pub async fn screenshots_into(&self, folder: &Path, name: &str) -> Vec<Screenshot> {
        self.assert_javascript("a picture");
        let before = self.emulation();
        let mut taken = Vec::new();
        for width_px in [PHONE_PX, DESKTOP_PX] {
            for scheme in [Scheme::Light, Scheme::Dark] {
                self.emulate(Emulation {
                    width_px,
                    scheme,
                    reduced_motion: true,
                })
                .await;
                taken.push(self.screenshot(folder, name, width_px, scheme).await);
            }
        }
        self.emulate(before).await;
        taken
    }

    /// Chromium does not draw what another site's frame holds beyond the window, so the window becomes as
    /// high as the picture.
    async fn show_whole_frames(&self, width_px: u32, height_px: u64) {
        if self.evaluate("document.querySelector('iframe') === null").await == true {
            return;
        }
        let metrics =
            json!({ "width": width_px, "height": height_px, "deviceScaleFactor": 1, "mobile": false });
        let result = self
            .session
            .devtools("Emulation.setDeviceMetricsOverride", metrics)
            .await;
        self.expect("make the window higher", result).await;
        let drawn = self.session.run_async(WAIT_AND_MEASURE, Vec::new()).await;
        self.expect("wait for the page", drawn).await;
    }

    async fn screenshot(&self, folder: &Path, name: &str, width_px: u32, scheme: Scheme) -> Screenshot {
        let height = self.session.run_async(WAIT_AND_MEASURE, Vec::new()).await;
        let height = self.expect("measure the page", height).await;
        let height_px = height.as_u64().unwrap_or_default().min(HEIGHT_MAX_PX);
        self.show_whole_frames(width_px, height_px).await;
        let clip = json!({ "x": 0, "y": 0, "width": width_px, "height": height_px, "scale": 1 });
        let parameters = json!({ "format": "png", "clip": clip, "captureBeyondViewport": true });
        let taken = self.session.devtools("Page.captureScreenshot", parameters).await;
        let taken = self.expect("take a picture of the page", taken).await;
        let taken = STANDARD
            .decode(taken["data"].as_str().unwrap_or_default())
            .expect("a picture comes in Base64");
        let picture = palette::reduce(&taken);
        std::fs::create_dir_all(folder).expect("a folder can be created");
        let path = folder.join(format!("{name}-{width_px}-{}.png", scheme.name()));
        std::fs::write(&path, &picture.png).expect("a file can be written");
        Screenshot {
            path,
            width_px: picture.width_px,
            height_px: picture.height_px,
            bytes: picture.png.len(),
        }
    }
}
