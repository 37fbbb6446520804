//! The trace that an event belongs to, as the header `traceparent` of W3C Trace Context names it
//! (<https://www.w3.org/TR/trace-context/#traceparent-header>).
//!
//! An event keeps its trace, so that a retry hours later, on another node, still belongs to it. The ids of
//! the spans of its attempts follow from the ids of its deliveries: the carrier, which tells the receiver,
//! and the observer, which records the span, need not agree on anything.

use std::fmt;

use crate::hex;
use crate::id::{DeliveryId, EventId};

/// The id of a trace: 32 lowercase hexadecimal digits, not all of them 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId([u8; 16]);

/// The id of a span: 16 lowercase hexadecimal digits, not all of them 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId([u8; 8]);

/// A place in a trace: what happens because of it is a child of its span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    /// The trace.
    pub trace: TraceId,
    /// The span that caused this.
    pub span: SpanId,
    /// Whether the spans of the trace are recorded.
    pub sampled: bool,
}

/// Length of a `traceparent` of version 00; later versions may append to it.
const LENGTH: usize = 55;

/// The bit of the flags that says that the caller records the trace.
const SAMPLED: u8 = 1;

/// Length of what [`TraceContext::to_bytes`] returns.
pub const CONTEXT_BYTES: usize = 25;

impl TraceId {
    /// The id with these bytes; `None` if all are 0.
    pub fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        (bytes != [0; 16]).then_some(Self(bytes))
    }

    /// The id in 32 lowercase hexadecimal digits; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_bytes(hex::decode_array(text)?)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The half that has to be random if only a part of the id is (W3C Trace Context, level 2): sampling by
    /// share compares it.
    pub fn low(self) -> u64 {
        u64::from_be_bytes(self.0[8..].try_into().unwrap_or_default())
    }
}

impl SpanId {
    /// The id with these bytes; `None` if all are 0.
    pub fn from_bytes(bytes: [u8; 8]) -> Option<Self> {
        (bytes != [0; 8]).then_some(Self(bytes))
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }

    /// The span of this attempt of a delivery. An attempt that is repeated after a crash has the same number
    /// and the same id; the first one was never recorded.
    pub fn of_attempt(delivery: DeliveryId, number: u32) -> Self {
        Self::mixed(delivery.as_u128(), u64::from(number))
    }

    /// The span of the commit that stored this event. No attempt has the number 0.
    pub fn of_commit(event: EventId) -> Self {
        Self::mixed(event.as_u128(), 0)
    }

    /// Ids of deliveries are consecutive numbers, so every bit has to reach every other.
    fn mixed(id: u128, number: u64) -> Self {
        // The halves of the id are what the casts keep.
        let (high, low) = ((id >> 64) as u64, id as u64);
        let mixed = split_mix(split_mix(split_mix(high) ^ low) ^ number);
        Self(mixed.max(1).to_be_bytes())
    }
}

/// The output function of SplitMix64 (Steele, Lea and Flood, 2014): a bijection that mixes all bits.
const fn split_mix(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

impl TraceContext {
    /// The context in a header `traceparent`. `None` if the header breaks the specification: the trace then
    /// begins here.
    pub fn parse(header: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(header.get(..LENGTH)?).ok()?;
        let mut fields = text.split('-');
        let [version] = hex::decode_array(fields.next()?)?;
        let trace = TraceId::parse(fields.next()?)?;
        let span = SpanId::from_bytes(hex::decode_array(fields.next()?)?)?;
        let [flags] = hex::decode_array(fields.next()?)?;
        let has_more = header.len() > LENGTH;
        let is_known = match version {
            0xff => false,
            0 => !has_more,
            _ => !has_more || header[LENGTH] == b'-',
        };
        is_known.then_some(Self {
            trace,
            span,
            sampled: flags & SAMPLED != 0,
        })
    }

    /// The context as a store keeps it.
    pub fn to_bytes(self) -> [u8; CONTEXT_BYTES] {
        let mut bytes = [0; CONTEXT_BYTES];
        bytes[..16].copy_from_slice(&self.trace.0);
        bytes[16..24].copy_from_slice(&self.span.0);
        bytes[24] = u8::from(self.sampled);
        bytes
    }

    /// The context that [`Self::to_bytes`] wrote; `None` for anything else.
    pub fn from_bytes(bytes: &[u8; CONTEXT_BYTES]) -> Option<Self> {
        let (trace, rest) = bytes.split_first_chunk()?;
        let (span, flags) = rest.split_first_chunk()?;
        Some(Self {
            trace: TraceId::from_bytes(*trace)?,
            span: SpanId::from_bytes(*span)?,
            sampled: match flags {
                [0] => false,
                [1] => true,
                _ => return None,
            },
        })
    }

    /// The header's value, of version 00.
    pub fn to_header(self) -> String {
        let flags = u8::from(self.sampled);
        format!("00-{}-{}-{flags:02x}", self.trace, self.span)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn of(header: &str) -> Option<TraceContext> {
        TraceContext::parse(header.as_bytes())
    }

    #[test]
    fn a_header_of_the_specification_names_its_trace_its_span_and_whether_it_is_sampled() {
        for (header, sampled) in [
            (format!("00-{TRACE}-00f067aa0ba902b7-01"), true),
            (format!("00-{TRACE}-00f067aa0ba902b7-00"), false),
            // Bits that this version does not know (the specification, section 3.2.2.5).
            (format!("00-{TRACE}-00f067aa0ba902b7-03"), true),
            (format!("00-{TRACE}-00f067aa0ba902b7-fe"), false),
            (format!("cc-{TRACE}-00f067aa0ba902b7-01"), true),
            (
                format!("cc-{TRACE}-00f067aa0ba902b7-01-what-the-future-adds"),
                true,
            ),
        ] {
            let context = of(&header).unwrap_or_else(|| panic!("{header}"));
            assert_eq!(context.trace.to_string(), TRACE);
            assert_eq!(context.span.to_string(), "00f067aa0ba902b7");
            assert_eq!(context.sampled, sampled, "{header}");
            assert_eq!(of(&context.to_header()), Some(context));
            assert_eq!(TraceContext::from_bytes(&context.to_bytes()), Some(context));
        }
    }

    #[test]
    fn a_header_that_breaks_the_specification_names_none() {
        for header in [
            String::new(),
            TRACE.to_owned(),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            format!("cc-{TRACE}-00f067aa0ba902b7-01.more"),
            format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{TRACE}-00f067aa0ba902b7-0x"),
            format!("00-{TRACE}-00f067aa0ba902b7"),
            format!("00_{TRACE}_00f067aa0ba902b7_01"),
            format!("0-0{TRACE}-00f067aa0ba902b7-01"),
        ] {
            assert_eq!(of(&header), None, "{header}");
        }
    }

    #[test]
    fn spans_of_neighbouring_deliveries_and_attempts_differ() {
        let mut ids: Vec<SpanId> = (0..100)
            .flat_map(|id| (1..4).map(move |number| SpanId::of_attempt(DeliveryId::from_u128(id), number)))
            .chain((0..100).map(|id| SpanId::of_commit(EventId::from_u128(id))))
            .collect();
        ids.sort_by_key(|id| *id.as_bytes());
        ids.dedup();
        assert_eq!(ids.len(), 400);
    }
}
