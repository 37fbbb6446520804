//! Times in filters: in the format of a browser's date and time field, or in RFC 3339.

use postrider_model::Timestamp;

/// A time as typed, and as parsed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MomentField {
    /// The text for the field: in the browser's format, or as typed if it is not a time.
    pub text: String,
    /// The time; `None` if the field is empty or not a time.
    pub at: Option<Timestamp>,
}

impl MomentField {
    /// Reads a parameter: `2026-11-24T15:41`, with or without seconds, in UTC; or RFC 3339 with any offset.
    pub fn of(text: Option<&str>) -> Self {
        let text = text.unwrap_or_default().trim();
        let at = parse(text);
        Self {
            text: at.map_or_else(|| text.to_owned(), field),
            at,
        }
    }

    /// Whether the text is not a time.
    pub fn is_wrong(&self) -> bool {
        self.at.is_none() && !self.text.is_empty()
    }
}

/// Parses a time in the format of a browser's field (HTML, *local date and time*), which we read as UTC; a
/// date alone; or a time with its offset.
pub fn parse(text: &str) -> Option<Timestamp> {
    let text = &text.replacen(' ', "T", 1);
    let zoned = text.ends_with(['Z', 'z']) || text.get(19..).is_some_and(|rest| rest.contains(['+', '-']));
    let full = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        16 => format!("{text}:00Z"),
        _ if zoned => text.clone(),
        _ => format!("{text}Z"),
    };
    full.parse().ok()
}

/// The format of a date and time field, without trailing zeros.
fn field(at: Timestamp) -> String {
    let text = at.to_string();
    let text = text.strip_suffix('Z').unwrap_or(&text);
    let text = text.strip_suffix(".000").unwrap_or(text);
    match text.strip_suffix(":00") {
        // `T15:00` would lose its minutes, too.
        Some(short) if short.len() == 16 => short.to_owned(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_browsers_and_programs_write_them() {
        for (text, shown) in [
            ("2026-11-24T15:41", "2026-11-24T15:41"),
            ("2026-11-24T15:00", "2026-11-24T15:00"),
            ("2026-11-24T15:41:03", "2026-11-24T15:41:03"),
            ("2026-11-24T15:41:03.120", "2026-11-24T15:41:03.120"),
            ("2026-11-24T15:41:00Z", "2026-11-24T15:41"),
            ("2026-11-24T16:41:03.5+01:00", "2026-11-24T15:41:03.500"),
        ] {
            let field = MomentField::of(Some(text));
            assert_eq!(field.text, shown);
            assert_eq!(MomentField::of(Some(&field.text)).at, field.at, "{text}");
            assert!(field.at.is_some() && !field.is_wrong());
        }
    }

    #[test]
    fn an_invalid_time_stays_in_its_field() {
        let field = MomentField::of(Some("yesterday"));
        assert_eq!(
            (field.at, field.text.as_str(), field.is_wrong()),
            (None, "yesterday", true)
        );
        assert_eq!(MomentField::of(None), MomentField::default());
    }
}
