//! `docs/quickstart-outbox.md`: the relay in each language, with a real PostgreSQL and a real Postrider.
//!
//! To add a language: write its section on the page, and add a variant of [`Language`] and its test.

mod checks;
mod language;
mod relay;

use checks::loses_nothing_and_sends_nothing_twice;
use language::Language;

macro_rules! relay_tests {
    ($($name:ident: $language:ident,)*) => {$(
        #[tokio::test]
        async fn $name() {
            loses_nothing_and_sends_nothing_twice(Language::$language).await;
        }
    )*};
}

relay_tests! {
    a_killed_relay_in_node_loses_nothing_and_sends_nothing_twice: Node,
    a_killed_relay_in_python_loses_nothing_and_sends_nothing_twice: Python,
    a_killed_relay_in_php_loses_nothing_and_sends_nothing_twice: Php,
}

/// Languages that only the deep run installs, or that compile for seconds.
mod deep {
    use super::{Language, loses_nothing_and_sends_nothing_twice};

    relay_tests! {
        a_killed_relay_in_ruby_loses_nothing_and_sends_nothing_twice: Ruby,
        a_killed_relay_in_go_loses_nothing_and_sends_nothing_twice: Go,
        a_killed_relay_in_java_loses_nothing_and_sends_nothing_twice: Java,
    }
}
