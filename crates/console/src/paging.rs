//! Positions in lists, as addresses carry them.

use postrider_storage::{PageRequest, Position};

/// Rows on a page. They fit on two screens, and a reader scans that many before using a filter.
pub const ROWS: usize = 50;

/// The page after the position that an address names, or the first page if the address names no valid one.
pub fn request(after: Option<&str>) -> PageRequest {
    PageRequest {
        limit: ROWS,
        after: after.and_then(parse),
    }
}

/// A position as an address carries it: hexadecimal, opaque to everyone else.
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
    fn positions_survive_a_round_trip() {
        for position in [0, 1, u128::MAX] {
            assert_eq!(
                request(Some(&text(Position(position)))).after,
                Some(Position(position))
            );
        }
        for other in ["", "x", "+1", "1 ", &"f".repeat(33)] {
            assert_eq!(request(Some(other)).after, None, "{other:?}");
        }
    }
}
