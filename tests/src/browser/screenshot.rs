//! Pictures of pages: for the documentation where they are asked for, and else beside what is built.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::emulation::{DESKTOP_PX, Emulation, PHONE_PX, Scheme};
use super::{Browser, palette};
use crate::binary;

/// A picture is no higher than this: a long list is told by its beginning.
const HEIGHT_MAX_PX: u64 = 1_600;

/// Where this is `1`, pictures go where the documentation has them.
const UPDATE: &str = "UPDATE_SCREENSHOTS";

/// Waits for fonts and for two frames, after which what was asked for is painted, and hides the caret, which blinks.
/// Answers with the height of the page.
const SETTLE: &str = "
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
    /// Takes the page as it is now, from its top, on a telephone and a desktop, light and dark, without motion.
    /// Afterwards pages are told what they were told before.
    ///
    /// With `UPDATE_SCREENSHOTS=1` the pictures are those of the documentation, in `docs/screenshots`; otherwise they
    /// go to `screenshots` in the target folder.
    pub async fn screenshots(&self, name: &str) -> Vec<Screenshot> {
        let is_update = std::env::var_os(UPDATE).is_some_and(|update| update == "1");
        self.screenshots_into(&folder(is_update), name).await
    }

    /// The same for a folder of the test's own.
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

    async fn screenshot(&self, folder: &Path, name: &str, width_px: u32, scheme: Scheme) -> Screenshot {
        let height = self.session.run_async(SETTLE, Vec::new()).await;
        let height = self.expect("measure the page", height).await;
        let height_px = height.as_u64().unwrap_or_default().min(HEIGHT_MAX_PX);
        let clip = json!({ "x": 0, "y": 0, "width": width_px, "height": height_px, "scale": 1 });
        let parameters = json!({ "format": "png", "clip": clip, "captureBeyondViewport": true });
        let taken = self.session.devtools("Page.captureScreenshot", parameters).await;
        let taken = self.expect("take a picture of the page", taken).await;
        let taken = STANDARD
            .decode(taken["data"].as_str().unwrap_or_default())
            .expect("a picture comes in Base64");
        let picture = palette::reduce(&taken);
        std::fs::create_dir_all(folder).expect("a folder can be made");
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

fn folder(is_update: bool) -> PathBuf {
    if is_update {
        return binary::root().join("docs/screenshots");
    }
    // A test is target/PROFILE/deps/NAME.
    let test = std::env::current_exe().expect("a test knows its own path");
    let target_dir = test.ancestors().nth(3).expect("a test is in target/PROFILE/deps");
    target_dir.join("screenshots")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_update_writes_to_the_work_tree() {
        assert_eq!(folder(true), binary::root().join("docs/screenshots"));
        let test = std::env::current_exe().unwrap();
        let beside = folder(false);
        assert!(test.starts_with(beside.parent().unwrap()), "{beside:?}");
    }
}
