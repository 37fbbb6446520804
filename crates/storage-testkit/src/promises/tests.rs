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

/// Files that hold no promises.
const NO_AREAS: [&str; 4] = ["lib.rs", "build.rs", "scene.rs", "promises.rs"];

#[test]
fn every_promise_is_in_the_list() {
    let list = include_str!("../promises.rs");
    let mut areas = Vec::new();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".rs") && !NO_AREAS.contains(&&*name) {
            areas.push(std::fs::read_to_string(&path).unwrap());
        }
    }
    let public = areas
        .iter()
        .flat_map(|area| area.split("\npub async fn ").skip(1));
    let names = public.filter_map(|text| text.split(['(', '<']).next());
    let mut count = 0;
    for name in names.filter(|name| !NO_PROMISES.contains(name)) {
        assert!(
            list.contains(&format!(" {name},")),
            "{name} is missing from the list"
        );
        count += 1;
    }
    assert!(count > 100, "the areas were read: {count}");
}
