//! Every promise is in the list.

/// Public functions of the areas that are not promises.
const NO_PROMISES: [&str; 6] = [
    "all_pages",
    "create_connection",
    "pages_after",
    "deliveries_of_every_kind",
    "scene_after_a_crash",
    "agrees_with_the_model",
];

#[test]
fn every_promise_is_in_the_list() {
    let list = include_str!("../promises.rs");
    let areas = [
        include_str!("../accounts.rs"),
        include_str!("../keys.rs"),
        include_str!("../automations.rs"),
        include_str!("../connections.rs"),
        include_str!("../event_types.rs"),
        include_str!("../api_keys.rs"),
        include_str!("../grants.rs"),
        include_str!("../people.rs"),
        include_str!("../portal_links.rs"),
        include_str!("../advance.rs"),
        include_str!("../append.rs"),
        include_str!("../repeats.rs"),
        include_str!("../claim.rs"),
        include_str!("../finish.rs"),
        include_str!("../reported_again.rs"),
        include_str!("../resend.rs"),
        include_str!("../replay.rs"),
        include_str!("../cancel.rs"),
        include_str!("../deliver_later.rs"),
        include_str!("../missed.rs"),
        include_str!("../missed_bounds.rs"),
        include_str!("../cancel_event.rs"),
        include_str!("../lists.rs"),
        include_str!("../filters.rs"),
        include_str!("../rate_limits.rs"),
        include_str!("../sessions.rs"),
        include_str!("../retention.rs"),
        include_str!("../statistics.rs"),
        include_str!("../concurrency.rs"),
        include_str!("../model_check.rs"),
    ];
    let public = areas
        .iter()
        .flat_map(|area| area.split("\npub async fn ").skip(1));
    let names = public.filter_map(|text| text.split(['(', '<']).next());
    let mut count = 0;
    for name in names.filter(|name| !NO_PROMISES.contains(name)) {
        assert!(
            list.contains(&format!(" {name},\n")),
            "{name} is missing from the list"
        );
        count += 1;
    }
    assert!(count > 100, "the areas were read: {count}");
}
