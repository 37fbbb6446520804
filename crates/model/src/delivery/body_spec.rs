//! How a delivery's body is built, as acceptance fixed it.

use crate::body::{BodyContent, BodyStyle};
use crate::template::TemplateNumber;

/// How a delivery's body is built from its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodySpec {
    /// A built-in form.
    BuiltIn {
        /// What the body holds.
        content: BodyContent,
        /// How it is serialised.
        style: BodyStyle,
    },
    /// The output of the stored template with this number.
    Template(TemplateNumber),
}

impl BodySpec {
    /// Codes below this number are the built-in forms. The code of a template is this number plus the
    /// template's. Columns store the code in 32 bits.
    pub const BUILT_IN: u32 = 256;

    /// The number that a store keeps. Of a built-in form: the style, plus 4 for `data` alone, 8 for a
    /// CloudEvent in structured mode, 12 for one in binary mode.
    pub const fn code(self) -> u32 {
        let (content, style) = match self {
            Self::BuiltIn { content, style } => (content, style),
            Self::Template(number) => return Self::BUILT_IN + number.get(),
        };
        let style = match style {
            BodyStyle::Js => 0,
            BodyStyle::Python => 1,
            BodyStyle::Raw => 2,
        };
        match content {
            BodyContent::Envelope => style,
            BodyContent::Data => style + 4,
            BodyContent::CloudEvents => style + 8,
            BodyContent::CloudEventsBinary => style + 12,
        }
    }

    /// The specification that a store keeps as this number.
    pub const fn from_code(code: u32) -> Option<Self> {
        if code >= Self::BUILT_IN {
            return match TemplateNumber::new(code - Self::BUILT_IN) {
                Some(number) => Some(Self::Template(number)),
                None => None,
            };
        }
        let style = match code & 3 {
            0 => BodyStyle::Js,
            1 => BodyStyle::Python,
            2 => BodyStyle::Raw,
            _ => return None,
        };
        let content = match code >> 2 {
            0 => BodyContent::Envelope,
            1 => BodyContent::Data,
            2 => BodyContent::CloudEvents,
            3 => BodyContent::CloudEventsBinary,
            _ => return None,
        };
        Some(Self::BuiltIn { content, style })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_specs_survive_a_round_trip_through_their_code() {
        for content in BodyContent::ALL {
            for style in [BodyStyle::Js, BodyStyle::Python, BodyStyle::Raw] {
                let spec = BodySpec::BuiltIn { content, style };
                assert_eq!(BodySpec::from_code(spec.code()), Some(spec));
            }
        }
        assert!(
            [3, 7, 11, 15, 16]
                .map(BodySpec::from_code)
                .iter()
                .all(Option::is_none)
        );
        assert_eq!(BodySpec::from_code(BodySpec::BUILT_IN), None, "left to templates");
    }
}
