//! Emulates a visitor's system.

use std::sync::PoisonError;

use serde_json::json;

use super::Browser;

/// The width of a phone.
pub const PHONE_PX: u32 = 390;

/// The width of a desktop.
pub const DESKTOP_PX: u32 = 1_280;

/// The height of the window, for every width.
const HEIGHT_PX: u32 = 800;

/// The colour scheme that the visitor's system prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Dark text on a light background.
    Light,
    /// Light text on a dark background.
    Dark,
}

impl Scheme {
    /// The scheme's name in CSS.
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// What the visitor's system reports to pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Emulation {
    /// The width of the window in CSS pixels. One CSS pixel is one screen pixel.
    pub width_px: u32,
    /// `prefers-color-scheme`.
    pub scheme: Scheme,
    /// `prefers-reduced-motion`.
    pub reduced_motion: bool,
}

impl Default for Emulation {
    fn default() -> Self {
        Self {
            width_px: DESKTOP_PX,
            scheme: Scheme::Light,
            reduced_motion: false,
        }
    }
}

impl Browser {
    /// Applies this to the current page and all later ones.
    pub async fn emulate(&self, emulation: Emulation) {
        let metrics = json!({
            "width": emulation.width_px,
            "height": HEIGHT_PX,
            "deviceScaleFactor": 1,
            "mobile": false,
        });
        let motion = if emulation.reduced_motion {
            "reduce"
        } else {
            "no-preference"
        };
        let media = json!({ "features": [
            { "name": "prefers-color-scheme", "value": emulation.scheme.name() },
            { "name": "prefers-reduced-motion", "value": motion },
        ]});
        for (command, parameters) in [
            ("Emulation.setDeviceMetricsOverride", metrics),
            ("Emulation.setEmulatedMedia", media),
        ] {
            let result = self.session.devtools(command, parameters).await;
            self.expect(command, result).await;
        }
        *self.emulation.lock().unwrap_or_else(PoisonError::into_inner) = emulation;
    }

    /// Pages see this time zone, such as `Asia/Kolkata`, from now on.
    pub async fn emulate_zone(&self, zone: &str) {
        let command = "Emulation.setTimezoneOverride";
        let result = self
            .session
            .devtools(command, json!({ "timezoneId": zone }))
            .await;
        self.expect(command, result).await;
    }

    /// Pages see a touch screen, over which no pointer hovers, from now on.
    pub async fn emulate_touch(&self) {
        let command = "Emulation.setTouchEmulationEnabled";
        let touch = json!({ "enabled": true, "maxTouchPoints": 1 });
        let result = self.session.devtools(command, touch).await;
        self.expect(command, result).await;
    }

    /// The current emulation.
    pub fn emulation(&self) -> Emulation {
        *self.emulation.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
