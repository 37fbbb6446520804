//! Tables in Markdown, in the form of docs/performance.md and aligned for a terminal.

/// Stands for a figure that a row does not have.
pub const NONE: &str = "–";

/// A column of figures: its heading, and a cell for each row.
pub struct Column {
    heading: String,
    cells: Vec<String>,
}

impl Column {
    pub fn new(heading: &str, cells: impl Iterator<Item = String>) -> Self {
        Self {
            heading: heading.to_owned(),
            cells: cells.collect(),
        }
    }

    /// Adds a second figure to each cell, separated by a slash. The unit stands once, at the end of the
    /// heading.
    pub fn join(&mut self, heading: &str, cells: impl Iterator<Item = String>) {
        let unit = heading.rsplit_once(' ').map_or("", |(_, unit)| unit);
        let left = self
            .heading
            .strip_suffix(unit)
            .unwrap_or(&self.heading)
            .trim_end();
        self.heading = format!("{left} / {heading}");
        for (cell, second) in self.cells.iter_mut().zip(cells) {
            if *cell != NONE || second != NONE {
                *cell = format!("{cell} / {second}");
            }
        }
    }
}

/// A table with a title above the names of its rows.
pub fn markdown(title: &str, names: &[&str], columns: &[Column]) -> String {
    let name_width = names
        .iter()
        .map(|name| width(name))
        .max()
        .unwrap_or(0)
        .max(width(title));
    let mut lines = vec![
        format!("| {} |", padded_right(title, name_width)),
        format!("|-{}-|", "-".repeat(name_width)),
    ];
    lines.extend(
        names
            .iter()
            .map(|name| format!("| {} |", padded_right(name, name_width))),
    );
    for column in columns {
        let cells = column.cells.iter().map(|cell| width(cell));
        let column_width = cells.max().unwrap_or(0).max(width(&column.heading));
        lines[0] += &format!(" {} |", padded_left(&column.heading, column_width));
        lines[1] += &format!("{}:|", "-".repeat(column_width + 1));
        for (line, cell) in lines[2..].iter_mut().zip(&column.cells) {
            *line += &format!(" {} |", padded_left(cell, column_width));
        }
    }
    lines.join("\n")
}

/// A figure with these decimal places. Thousands are separated by commas.
pub fn figure(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let whole = text.split('.').next().map_or(0, str::len);
    let mut out = String::new();
    for (index, char) in text.chars().enumerate() {
        let behind = whole.saturating_sub(index);
        let follows_digit = out.ends_with(|last: char| last.is_ascii_digit());
        if behind > 0 && behind % 3 == 0 && follows_digit && char.is_ascii_digit() {
            out.push(',');
        }
        out.push(char);
    }
    out
}

fn padded_left(text: &str, to: usize) -> String {
    format!("{}{text}", " ".repeat(to.saturating_sub(width(text))))
}

fn padded_right(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}

/// Columns on a terminal: every character here takes one.
fn width(text: &str) -> usize {
    text.chars().count()
}
