//! Attributes of spans, metrics, lines and the resource.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};

/// Longest text of an attribute, in bytes. Only the backtrace of a panic comes near it.
const TEXT_BYTES_MAX: usize = 8 * 1024;

/// A text as a value, cut at [`TEXT_BYTES_MAX`].
pub(crate) fn text_value(text: impl Into<String>) -> AnyValue {
    let mut text = text.into();
    text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
    AnyValue {
        value: Some(Value::StringValue(text)),
    }
}

/// An attribute with this value.
pub(crate) fn attribute(name: impl Into<String>, value: Value) -> KeyValue {
    KeyValue {
        key: name.into(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

/// An attribute with this text.
pub(crate) fn text(name: impl Into<String>, value: impl Into<String>) -> KeyValue {
    KeyValue {
        key: name.into(),
        value: Some(text_value(value)),
        ..KeyValue::default()
    }
}

/// An attribute with this number.
pub(crate) fn number(name: impl Into<String>, value: impl Into<i64>) -> KeyValue {
    attribute(name, Value::IntValue(value.into()))
}

/// The part of the process that all data comes from.
pub(crate) fn scope() -> Option<InstrumentationScope> {
    Some(InstrumentationScope {
        name: "postrider".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_two_characters() {
        let long = "é".repeat(TEXT_BYTES_MAX);
        let Some(Value::StringValue(text)) = text_value(format!("x{long}")).value else {
            panic!("a text");
        };
        assert_eq!(text.len(), TEXT_BYTES_MAX - 1);
    }
}
