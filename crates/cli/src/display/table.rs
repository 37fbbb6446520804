//! Lists as tables: headings and aligned columns, without borders.

use unicode_width::UnicodeWidthStr as _;

use super::{Paint, printable};

/// Space between columns.
const GAP: &str = "  ";

/// Widest cell, in columns: names can have 256 characters.
const CELL_WIDTH_MAX: usize = 60;

/// A table that is being filled.
#[derive(Debug, Clone)]
pub struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table with these columns.
    pub fn new(headings: &[&'static str]) -> Self {
        Self {
            headings: headings.to_vec(),
            rows: vec![],
        }
    }

    /// Adds a row, a cell per column.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(
            cells
                .into_iter()
                .map(|cell| shortened(&printable(&cell)))
                .collect(),
        );
    }

    /// The table as text; `empty` if it has no rows. A status is printed in its colour.
    pub fn render(&self, paint: Paint, empty: &str) -> String {
        if self.rows.is_empty() {
            return format!("{empty}\n");
        }
        let widths: Vec<usize> = (0..self.headings.len())
            .map(|column| self.width(column))
            .collect();
        let headings: Vec<String> = self
            .headings
            .iter()
            .map(|heading| (*heading).to_owned())
            .collect();
        let mut text = line(&headings, &widths, |heading, _| paint.bold(heading));
        for row in &self.rows {
            text.push_str(&line(row, &widths, |cell, column| match self.headings[column] {
                "STATUS" => paint.status(cell),
                _ => cell.to_owned(),
            }));
        }
        text
    }

    fn width(&self, column: usize) -> usize {
        let cells = self
            .rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.width());
        cells.max().unwrap_or(0).max(self.headings[column].width())
    }
}

fn line(cells: &[String], widths: &[usize], painted: impl Fn(&str, usize) -> String) -> String {
    let mut line = String::new();
    let mut owed = 0;
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        // Padding is written only before another cell, so that no line ends in spaces.
        if !cell.is_empty() {
            line.push_str(&" ".repeat(owed));
            owed = 0;
            line.push_str(&painted(cell, column));
        }
        owed += width - cell.width() + GAP.len();
    }
    line + "\n"
}

fn shortened(cell: &str) -> String {
    if cell.width() <= CELL_WIDTH_MAX {
        return cell.to_owned();
    }
    let mut short = String::new();
    for character in cell.chars() {
        if short.width() + 2 > CELL_WIDTH_MAX {
            break;
        }
        short.push(character);
    }
    short + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_what_a_terminal_shows_and_no_line_ends_in_spaces() {
        let mut table = Table::new(&["ID", "NAME", "STATUS"]);
        table.row(["1".into(), "Zoë".into(), "failed".into()]);
        table.row(["22".into(), "日本".into(), "pending".into()]);
        table.row(["3".into(), String::new(), String::new()]);
        assert_eq!(
            table.render(Paint::PLAIN, "none"),
            "ID  NAME  STATUS\n1   Zoë   failed\n22  日本  pending\n3\n"
        );
    }

    #[test]
    fn an_empty_table_says_so() {
        assert_eq!(
            Table::new(&["ID"]).render(Paint::PLAIN, "No accounts."),
            "No accounts.\n"
        );
    }

    #[test]
    fn long_cells_are_shortened_and_control_characters_escaped() {
        let mut table = Table::new(&["NAME"]);
        table.row(["x".repeat(300)]);
        table.row(["\u{1b}[2J".into()]);
        let text = table.render(Paint::PLAIN, "");
        assert!(text.lines().all(|line| line.width() <= CELL_WIDTH_MAX), "{text}");
        assert!(!text.contains('\u{1b}'));
    }
}
