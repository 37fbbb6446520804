//! A signature profile, by its name.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use postrider_signing::profile::BuiltIn;

/// Parses the name of a built-in profile.
pub fn parser() -> impl TypedValueParser<Value = BuiltIn> {
    PossibleValuesParser::new(BuiltIn::ALL.map(BuiltIn::name))
        .map(|name| BuiltIn::find(&name).expect("the parser accepts only these names"))
}
