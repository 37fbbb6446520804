//! The bounds of `limit` blocks.

/// A text within `limit` blocks: since the outermost one began, or where the output is JSON, one string.
///
/// A block counts what is printed in it, and so does each block around it. The count goes on from block to
/// block, so only the count at which to cut changes with them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    /// The count at which the first of the open blocks is full.
    characters_max: usize,
    /// The characters of the text so far.
    characters: usize,
    /// Where the output is cut if the text turns out to be too long: one character is left for the ellipsis.
    cut: usize,
    /// The characters before `cut`.
    characters_before_cut: usize,
    /// Whether the text was cut: nothing more of it is printed until the full block ends.
    is_cut: bool,
}

impl Limit {
    pub(super) fn new(characters_max: usize) -> Self {
        Self {
            characters_max,
            characters: 0,
            cut: usize::MAX,
            characters_before_cut: 0,
            is_cut: false,
        }
    }

    /// Begins a block within the text.
    pub(super) fn begin_block(&mut self, block_max: usize) {
        // Of a text that was cut, nothing is left that this block could bound.
        if !self.is_cut {
            self.characters_max = self.characters_max.min(self.characters.saturating_add(block_max));
        }
    }

    /// Ends a block. The text has this bound outside it.
    pub(super) fn end_block(&mut self, outside_max: usize) {
        // A block that was full together with this one stays cut.
        self.is_cut &= self.characters_max == outside_max;
        self.characters_max = outside_max;
    }

    /// The bound of the first of the open blocks that is full.
    pub(super) fn characters_max(self) -> usize {
        self.characters_max
    }

    /// Whether nothing can cut this text. If so, counts its characters.
    pub(super) fn takes_whole(&mut self, text: &str) -> bool {
        // No text has more characters than bytes. Below the maximum, the next character sets `cut`.
        let is_short = !self.is_cut && self.characters + text.len() < self.characters_max;
        if is_short {
            self.characters += text.chars().map(char::len_utf16).sum::<usize>();
        }
        is_short
    }

    /// Counts a character that would be written at `at`.
    pub(super) fn count(&mut self, at: usize, characters: usize) -> Counted {
        if self.is_cut {
            return Counted::Dropped;
        }
        if self.characters < self.characters_max {
            (self.cut, self.characters_before_cut) = (at, self.characters);
        }
        self.characters += characters;
        if self.characters <= self.characters_max {
            return Counted::Fits;
        }
        self.is_cut = true;
        self.characters = self.characters_before_cut + 1;
        Counted::Cuts(self.cut)
    }
}

/// What becomes of a character.
#[derive(Debug, Clone, Copy)]
pub(super) enum Counted {
    Fits,
    /// The output is cut to so many bytes, and an ellipsis follows.
    Cuts(usize),
    /// The text was cut before.
    Dropped,
}
