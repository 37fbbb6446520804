//! Places in lists, in addresses.

use postrider_storage::{PageRequest, Position};

/// Rows on a page: what fits on two screens, and what a reader scans before using a filter.
pub const ROWS: usize = 50;

/// The page that begins behind the place which an address names; the first one where it names none that we
/// wrote.
pub fn request(after: Option<&str>) -> PageRequest {
    PageRequest {
        limit: ROWS,
        after: after.and_then(parse),
    }
}

/// How a place is written in an address: hexadecimal, opaque to everyone else.
pub fn text(position: Position) -> String {
    format!("{:x}", position.0)
}

fn parse(text: &str) -> Option<Position> {
    (!text.starts_with('+')).then(|| u128::from_str_radix(text, 16).ok().map(Position))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_survive_their_text() {
        for place in [0, 1, u128::MAX] {
            assert_eq!(request(Some(&text(Position(place)))).after, Some(Position(place)));
        }
        for other in ["", "x", "+1", "1 ", &"f".repeat(33)] {
            assert_eq!(request(Some(other)).after, None, "{other:?}");
        }
    }
}
