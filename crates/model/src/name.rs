//! The names of accounts, automations and API keys: texts that people can read in a list, and tell apart.

use crate::account::NAME_CHARS_MAX;

/// Why a text is not a name. A name has 1 to [`NAME_CHARS_MAX`] characters, at least one of them visible, no
/// control characters, and none that [`first_deceptive`] finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No visible character.
    #[error("enter a name")]
    Blank,
    /// Too many characters.
    #[error("a name can have at most {NAME_CHARS_MAX} characters")]
    TooLong,
    /// A character that cannot be shown.
    #[error("a name cannot have control characters")]
    ControlCharacter,
    /// A character that is invisible or changes how others are shown.
    #[error(
        "a name cannot have the character U+{:04X}, which is invisible or changes the order of others",
        u32::from(*.0)
    )]
    Deceptive(char),
}

impl NameError {
    /// Every rule for names that `text` breaks.
    pub fn all_of(text: &str) -> impl Iterator<Item = Self> {
        let broken = [
            text.trim().is_empty().then_some(Self::Blank),
            (text.chars().count() > NAME_CHARS_MAX).then_some(Self::TooLong),
            text.chars()
                .any(char::is_control)
                .then_some(Self::ControlCharacter),
            first_deceptive(text).map(Self::Deceptive),
        ];
        broken.into_iter().flatten()
    }

    /// The code of the error, stable across versions.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::TooLong => "too_long",
            Self::ControlCharacter | Self::Deceptive(_) => "invalid_value",
        }
    }
}

/// Most characters of a foreign text that [`shown_name`] reads: a name's, and as many that it drops.
const SHOWN_CHARS_READ: usize = 2 * NAME_CHARS_MAX;

/// The zero width non-joiner and joiner. Persian, the scripts of India and emoji need them after a letter or
/// sign of theirs; elsewhere they only make two texts look alike.
const fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}')
}

/// The selectors of variants, which emoji and Japanese and Mongolian names need after a sign of theirs;
/// elsewhere they only make two texts look alike.
const fn is_selector(character: char) -> bool {
    matches!(
        character,
        '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}'
    )
}

/// The combining mark that makes a keycap of a digit and a selector, `1\u{fe0f}\u{20e3}`: the one place in
/// which a selector follows ASCII.
const KEYCAP: char = '\u{20e3}';

/// The first character with which a text looks like another, or like nothing. [`char::is_control`] finds
/// others.
pub fn first_deceptive(text: &str) -> Option<char> {
    let mut before = 'x';
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if deceives(before, character, characters.peek().copied()) {
            return Some(character);
        }
        before = character;
    }
    None
}

/// A text from elsewhere as a name that people can read: without control characters and those that
/// [`first_deceptive`] finds, and cut to [`NAME_CHARS_MAX`] characters. It breaks no rule for names
/// ([`NameError`]). `None` if nothing visible is left.
pub fn shown_name(text: &str) -> Option<String> {
    let mut name = String::new();
    let mut characters = text.chars().take(SHOWN_CHARS_READ).peekable();
    while let Some(character) = characters.next() {
        // The space before a name excuses no joiner at its beginning.
        if name.is_empty() && character.is_whitespace() {
            continue;
        }
        let before = name.chars().next_back().unwrap_or('x');
        if !character.is_control() && !deceives(before, character, characters.peek().copied()) {
            name.push(character);
        }
    }
    let mut shown: String = name.trim().chars().take(NAME_CHARS_MAX).collect();
    // Where it was cut, the last character may have lost the one that excuses it.
    while first_deceptive(&shown).is_some() || shown.ends_with(char::is_whitespace) {
        shown.pop();
    }
    (!shown.is_empty()).then_some(shown)
}

/// Whether a character makes a text look like another, between these.
fn deceives(before: char, character: char, after: Option<char>) -> bool {
    if is_joiner(character) {
        before.is_ascii() || is_joiner(before)
    } else if is_selector(character) {
        let is_keycap = after == Some(KEYCAP);
        before.is_ascii() && !is_keycap || is_joiner(before) || is_selector(before)
    } else {
        is_deceptive(character)
    }
}

/// Characters without a shape of their own (Unicode's Default_Ignorable_Code_Point, in which it reserves some
/// for later), characters that set the direction of text (Bidi_Control), separators of lines (categories Zl
/// and Zp), private use (Co), and letters that look like spaces. Joiners and selectors have rules of their
/// own.
const fn is_deceptive(character: char) -> bool {
    matches!(
        character,
        // Soft hyphen, combining grapheme joiner.
        '\u{ad}' | '\u{34f}'
        // The direction of text: marks, embeddings, overrides and isolates (UAX #9).
        | '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        // No width: space, word joiner, invisible operators, deprecated controls, byte order mark.
        | '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
        // Separators of lines and paragraphs.
        | '\u{2028}'..='\u{2029}'
        // Letters and signs without ink: Hangul fillers, Khmer vowels, the blank of Braille.
        | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}'
        // Reserved, annotations, the replacement of objects, shorthand and musical formatting.
        | '\u{fff0}'..='\u{fffc}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        // Tags, which can hide a text, and what is reserved beside them.
        | '\u{e0000}'..='\u{e00ff}' | '\u{e01f0}'..='\u{e0fff}'
        // Private use: what they look like depends on the font.
        | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_name_is_reported() {
        let errors: Vec<_> = NameError::all_of(&"\n".repeat(257)).collect();
        assert_eq!(
            errors,
            [NameError::Blank, NameError::TooLong, NameError::ControlCharacter]
        );
    }

    #[test]
    fn characters_that_deceive_are_refused_with_their_number() {
        for character in [
            '\u{ad}',
            '\u{61c}',
            '\u{200b}',
            '\u{200e}',
            '\u{200f}',
            '\u{202a}',
            '\u{202e}',
            '\u{2028}',
            '\u{2029}',
            '\u{2060}',
            '\u{2064}',
            '\u{2066}',
            '\u{2069}',
            '\u{206f}',
            '\u{2800}',
            '\u{3164}',
            '\u{e000}',
            '\u{f8ff}',
            '\u{feff}',
            '\u{fff0}',
            '\u{fffc}',
            '\u{e0001}',
            '\u{e007f}',
            '\u{e0080}',
            '\u{e01f0}',
            '\u{e0fff}',
            '\u{f0000}',
            '\u{10fffd}',
        ] {
            let errors: Vec<_> = NameError::all_of(&format!("Acme{character} Ltd.")).collect();
            assert_eq!(errors, [NameError::Deceptive(character)], "{character:?}");
        }
        assert_eq!(
            NameError::Deceptive('\u{202e}').to_string(),
            "a name cannot have the character U+202E, which is invisible or changes the order of others"
        );
    }

    #[test]
    fn joiners_and_selectors_are_refused_where_no_script_needs_them() {
        for text in [
            "\u{200d}a",
            "a\u{200d}b",
            "Ac\u{200c}me",
            " \u{200c}",
            "Acm\u{fe0f}e",
            "\u{fe0f}",
            "Acme 1\u{fe0f}",
            "Ac\u{180b}me",
            "Acm\u{e0100}e",
            "例\u{e0100}\u{e0101}",
            "می\u{200c}\u{200c}خواهم",
            "👩\u{200d}\u{fe0f}",
        ] {
            assert!(first_deceptive(text).is_some(), "{text:?}");
        }
    }

    #[test]
    fn names_in_every_script_and_emoji_are_accepted() {
        for text in [
            "Acme – Köln & Söhne №1",
            "株式会社 例\u{e0100}",
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "עברית",
            "👩\u{200d}👩\u{200d}👧 ❤\u{fe0f}",
            "한국어",
            "e\u{301}",
            "a\u{a0}b",
            "Nr. 1\u{fe0f}\u{20e3}",
            "❤\u{fe0f}\u{200d}🔥",
            "ᠠ\u{180b}ᠨ",
        ] {
            assert_eq!(NameError::all_of(text).next(), None, "{text:?}");
        }
    }

    #[test]
    fn a_foreign_text_is_shown_without_what_deceives() {
        assert_eq!(
            shown_name(" Zoë\u{202e} M\u{200b}ü\u{0}ller\n").as_deref(),
            Some("Zoë Müller")
        );
        assert_eq!(shown_name("\u{2066} \u{200d}\t"), None);
        assert_eq!(shown_name("\u{a0}\u{200d}Alice").as_deref(), Some("Alice"));
        let long = shown_name(&"x".repeat(10_000)).unwrap();
        assert_eq!(long.chars().count(), NAME_CHARS_MAX);
        assert!(first_deceptive(&long).is_none());
    }
}
