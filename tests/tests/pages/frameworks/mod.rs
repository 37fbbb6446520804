//! The pages of `docs/receiving/`: what a reader copies from them receives real deliveries.
//!
//! Each test takes the files and commands from a page, starts the receiver with them, and lets a server
//! deliver to it. To add a page: write it with the sections of the others, and add a variant of
//! [`Framework`] and its test. The test prints the pages whose language is not here.

mod checks;
mod framework;
mod process;

use std::collections::BTreeSet;
use std::io::Write as _;

use checks::keeps_its_promises;
use framework::Framework;

macro_rules! page_tests {
    ($($name:ident: $framework:ident,)*) => {$(
        #[tokio::test]
        async fn $name() {
            keeps_its_promises(Framework::$framework).await;
        }
    )*};
}

page_tests! {
    the_page_about_express_receives: Express,
    the_page_about_fastapi_receives: FastApi,
    the_page_about_flask_receives: Flask,
    the_page_about_django_receives: Django,
    the_page_about_go_receives: Go,
    the_page_about_aspnet_receives: AspNet,
}

/// Frameworks that take half a minute to build or a hundred megabytes to install.
mod deep {
    use super::{Framework, keeps_its_promises};

    page_tests! {
        the_page_about_nextjs_receives: NextJs,
        the_page_about_rails_receives: Rails,
        the_page_about_laravel_receives: Laravel,
        the_page_about_spring_receives: Spring,
    }
}

#[test]
fn pages_that_were_not_run_are_reported() {
    let named: Vec<_> = Framework::ALL
        .iter()
        .filter(|framework| framework.obstacle())
        .map(|framework| framework.name())
        .collect();
    // In one write to standard error, so that the runner neither captures it nor mixes it with other output.
    let line = format!(
        "pages of docs/receiving not run here, because the language is not installed: {}\n",
        named.join(", ")
    );
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

#[test]
fn every_page_has_a_test() {
    let expected: BTreeSet<_> = Framework::ALL
        .iter()
        .map(|framework| format!("{}.md", framework.name()))
        .collect();
    let found: BTreeSet<_> = std::fs::read_dir(framework::pages())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(found, expected);
}
