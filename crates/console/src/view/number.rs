//! Numbers with thousands separators, and shares.

/// `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 delivery`, `2,000 deliveries`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// A share in percent, never rounded to all or nothing: `0 %`, `0.1 %`, `99.9 %`, `100 %`. `None` if `whole`
/// is 0.
pub fn percent(part: u64, whole: u64) -> Option<String> {
    if whole == 0 {
        return None;
    }
    let share = part as f64 * 100.0 / whole as f64;
    Some(if part == 0 {
        "0 %".to_owned()
    } else if part >= whole {
        "100 %".to_owned()
    } else if share < 0.1 {
        "< 0.1 %".to_owned()
    } else if share > 99.9 {
        "> 99.9 %".to_owned()
    } else if (10.0..=90.0).contains(&share) {
        format!("{share:.0} %")
    } else {
        format!("{share:.1} %")
    })
}

/// A size: `512 bytes`, `4.0 KiB`, `1.5 MiB`.
pub fn size(bytes: usize) -> String {
    let bytes = bytes as f64;
    if bytes < 1024.0 {
        format!("{bytes} bytes")
    } else if bytes < 1024.0 * 1024.0 {
        format!("{:.1} KiB", bytes / 1024.0)
    } else {
        format!("{:.1} MiB", bytes / (1024.0 * 1024.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn a_share_is_never_rounded_to_all_or_nothing() {
        assert_eq!(percent(0, 0), None);
        for (part, text) in [
            (0, "0 %"),
            (1, "< 0.1 %"),
            (99_999, "> 99.9 %"),
            (100_000, "100 %"),
            (50_000, "50 %"),
        ] {
            assert_eq!(percent(part, 100_000).as_deref(), Some(text));
        }
    }
}
