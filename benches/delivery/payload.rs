//! The events of the benchmark: `data` like a company's, of an exact length, with a number by which the sink
//! recognises the event.

/// The beginning of `data`; the number's digits follow.
const BEFORE_NUMBER: &str = r#"{"n":""#;

/// Digits of the number.
const DIGITS: usize = 8;

/// The type of an ordinary event.
pub const EVENT_TYPE: &str = "proposal.accepted";

/// `data` of this many bytes, numbered 0.
pub fn data(bytes: usize) -> String {
    let number = "0".repeat(DIGITS);
    let lead = format!(
        r#"{BEFORE_NUMBER}{number}","proposal":{{"id":"prop_8841","title":"Solar roof, 12 kWp","amount":18450.5,"currency":"EUR","customer":{{"name":"Jörg Müller","email":"joerg@example.com","vip":false}},"lines":[{{"sku":"PV-410","quantity":30,"price":245.25}},{{"sku":"INV-12","quantity":1,"price":2890}}],"valid_until":"2026-12-31","tags":["roof","storage"],"parent":null}},"note":""#
    );
    let end = r#""}"#;
    let filler = bytes
        .checked_sub(lead.len() + end.len())
        .expect("the payload is larger than its frame");
    format!("{lead}{}{end}", "x".repeat(filler))
}

/// One event as a request's body.
pub fn event(bytes: usize) -> String {
    event_of(EVENT_TYPE, bytes)
}

/// One event of a type as a request's body.
pub fn event_of(event_type: &str, bytes: usize) -> String {
    format!(r#"{{"type":"{event_type}","data":{}}}"#, data(bytes))
}

/// Many events as a request's body.
pub fn batch(count: usize, bytes: usize) -> String {
    format!(r#"{{"events":[{}]}}"#, vec![event(bytes); count].join(","))
}

/// The offsets of the numbers in a text.
pub fn number_offsets(text: &[u8]) -> Vec<usize> {
    memchr::memmem::find_iter(text, BEFORE_NUMBER)
        .map(|at| at + BEFORE_NUMBER.len())
        .collect()
}

/// Writes a number at an offset from [`number_offsets`].
pub fn set_number(text: &mut [u8], offset: usize, mut number: u32) {
    for digit in text[offset..offset + DIGITS].iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// The number of the event in a delivered body.
pub fn number(text: &[u8]) -> Option<u32> {
    let at = memchr::memmem::find(text, BEFORE_NUMBER.as_bytes())? + BEFORE_NUMBER.len();
    std::str::from_utf8(text.get(at..at + DIGITS)?).ok()?.parse().ok()
}
