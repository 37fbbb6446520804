//! The installation's own name, colour and logo: a customer sees the company's brand.
//!
//! The operator chooses the accent colour, but text in it and text on it must be readable (WCAG 2.2, 1.4.3: a
//! contrast of 4.5). So each theme uses the nearest lightness of the colour that is readable.

use bytes::Bytes;

/// The installation's name, colour and logo.
#[derive(Debug, Clone)]
pub struct Brand {
    /// The product's name, on every page.
    pub product: String,
    /// The accent colour: red, green, blue.
    pub accent: [u8; 3],
    /// The logo, shown in the corner instead of the name.
    pub logo: Option<Logo>,
}

/// A picture.
#[derive(Debug, Clone)]
pub struct Logo {
    /// `image/png` or `image/svg+xml`.
    pub content_type: &'static str,
    /// The file.
    pub bytes: Bytes,
}

/// The backgrounds of accented text: of each theme in `assets/css/base.css`, the one with the lowest
/// contrast.
const LIGHT_BACKGROUND: [u8; 3] = [0xf4, 0xf5, 0xf7];
const DARK_BACKGROUND: [u8; 3] = [0x20, 0x22, 0x26];

const WHITE: [u8; 3] = [0xff; 3];
const BLACK: [u8; 3] = [0; 3];

/// The contrast that text needs (WCAG 2.2, 1.4.3), plus a margin for rounding.
const CONTRAST_MIN: f64 = 4.55;

impl Brand {
    /// The style sheet that sets the accent in both themes.
    pub fn style_sheet(&self) -> String {
        let light = Accent::on(self.accent, LIGHT_BACKGROUND, BLACK);
        let dark = Accent::on(self.accent, DARK_BACKGROUND, WHITE);
        format!(
            ":root{{{light}}}\n@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\n\
             :root[data-theme=dark]{{{dark}}}\n",
            light = light.properties(),
            dark = dark.properties()
        )
    }
}

/// The accent in one theme.
struct Accent {
    color: [u8; 3],
    on: [u8; 3],
}

impl Accent {
    /// Mixes the colour with `towards` until text in it can be read on the background.
    fn on(color: [u8; 3], background: [u8; 3], towards: [u8; 3]) -> Self {
        let steps = (0..=20u8).map(|step| mix(color, towards, f64::from(step) / 20.0));
        let color = steps
            .into_iter()
            .find(|mixed| contrast(*mixed, background) >= CONTRAST_MIN)
            .unwrap_or(towards);
        let on = if contrast(color, WHITE) >= CONTRAST_MIN {
            WHITE
        } else {
            BLACK
        };
        Self { color, on }
    }

    fn properties(&self) -> String {
        format!("--accent:{};--on-accent:{}", hex(self.color), hex(self.on))
    }
}

fn hex(color: [u8; 3]) -> String {
    format!("#{:02x}{:02x}{:02x}", color[0], color[1], color[2])
}

fn mix(from: [u8; 3], to: [u8; 3], share: f64) -> [u8; 3] {
    let channel = |from: u8, to: u8| {
        let mixed = f64::from(from) + (f64::from(to) - f64::from(from)) * share;
        // The value is between two bytes, so it fits a byte.
        mixed.round() as u8
    };
    [
        channel(from[0], to[0]),
        channel(from[1], to[1]),
        channel(from[2], to[2]),
    ]
}

/// The contrast ratio of two colours, 1 to 21 (WCAG 2.2, definition of *contrast ratio*).
fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(color: [u8; 3]) -> f64 {
    let [red, green, blue] = color.map(|channel| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_follows_wcags_definition() {
        assert!((contrast(BLACK, WHITE) - 21.0).abs() < 0.01);
        assert!((contrast([0x77; 3], WHITE) - 4.48).abs() < 0.01);
    }

    #[test]
    fn every_accent_is_legible_in_both_themes() {
        for red in (0..=255).step_by(51) {
            for green in (0..=255).step_by(51) {
                for blue in (0..=255).step_by(51) {
                    let color = [red, green, blue];
                    for (background, towards) in [(LIGHT_BACKGROUND, BLACK), (DARK_BACKGROUND, WHITE)] {
                        let accent = Accent::on(color, background, towards);
                        assert!(contrast(accent.color, background) >= 4.5, "{color:?}");
                        assert!(contrast(accent.color, accent.on) >= 4.5, "{color:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_legible_colour_is_unchanged() {
        assert_eq!(
            Accent::on([0x2f, 0x5b, 0xea], LIGHT_BACKGROUND, BLACK).color,
            [0x2f, 0x5b, 0xea]
        );
    }
}
