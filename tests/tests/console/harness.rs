use std::time::Instant;

use postrider_tests::Browser;
use postrider_tests::browser::{DESKTOP_PX, Emulation, PHONE_PX, Scheme, button, key, label, palette};
use postrider_tests::wait::{SOON, until};
use serde_json::json;

use super::pages;

#[tokio::test]
async fn without_javascript_a_page_runs_no_script_and_the_verbs_work() {
    let (browser, server) = tokio::join!(Browser::start_without_javascript(), pages::serve());
    browser.open(&server.url("/clean")).await;
    assert_eq!(browser.text("#greeting").await, "Not yet run");
    browser.type_into(label("Name"), "no script").await;
    browser.click(button("Save")).await;
    let sent = server.wait_for("/saved", 1, SOON).await.remove(0);
    assert_eq!(sent.body, "name=no+script&colour=r");
    browser.wait_for_path("/clean").await;
    browser.press(key::TAB).await;
    browser.submit("#name").await;
    server.wait_for("/saved", 2, SOON).await;
    browser.wait_for_text("Not yet run").await;
    // The browser did not even request the script.
    assert_eq!(server.count("/script.js"), 0);
}

#[tokio::test]
async fn pages_see_the_emulated_width_scheme_and_motion() {
    let (browser, server) = tokio::join!(Browser::start(), pages::serve());
    let seen = async || {
        let paper = "getComputedStyle(document.body).backgroundColor";
        let outline = "getComputedStyle(document.getElementById('greeting')).outlineStyle";
        browser
            .evaluate(&format!("[innerWidth, {paper}, {outline}]"))
            .await
    };
    browser.open(&server.url("/clean")).await;
    assert_eq!(seen().await, json!([DESKTOP_PX, "rgb(253, 253, 252)", "none"]));
    let phone = Emulation {
        width_px: PHONE_PX,
        scheme: Scheme::Dark,
        reduced_motion: true,
    };
    browser.emulate(phone).await;
    let expected = json!([PHONE_PX, "rgb(20, 22, 26)", "dotted"]);
    assert_eq!(seen().await, expected);
    browser.open(&server.url("/faulty")).await;
    browser.open(&server.url("/clean")).await;
    assert_eq!(seen().await, expected, "after other pages");
}

#[tokio::test]
async fn axe_finds_the_planted_faults_and_passes_the_clean_page() {
    let (browser, server) = tokio::join!(Browser::start(), pages::serve());
    browser.open(&server.url("/clean")).await;
    for scheme in [Scheme::Light, Scheme::Dark] {
        let emulation = Emulation {
            scheme,
            ..Emulation::default()
        };
        browser.emulate(emulation).await;
        let counts = browser.assert_accessible("harness, clean").await;
        assert_eq!(counts, postrider_tests::browser::Counts::default());
    }
    browser.open(&server.url("/faulty")).await;
    let found = browser.axe("harness, faulty").await;
    assert_eq!((found.counts.critical, found.counts.serious), (1, 1), "{found:?}");
    let has = |start: &str| found.findings.iter().any(|finding| finding.starts_with(start));
    assert!(has("image-alt (critical) at img"), "{found:?}");
    assert!(has("color-contrast (serious) at .pale"), "{found:?}");
    // axe-core does not violate the page's policy.
    browser.assert_no_fault_logged(&[]).await;
}

#[tokio::test]
async fn errors_and_violations_are_logged() {
    let (browser, server) = tokio::join!(Browser::start(), pages::serve());
    browser.open(&server.url("/clean")).await;
    browser.assert_no_fault_logged(&[]).await;
    let is_logged = async |what: &'static str| {
        until(what, SOON, async || {
            let logged = browser.logged().await;
            logged
                .iter()
                .any(|line| line.is_fault() && line.text.contains(what))
                .then_some(())
        })
        .await;
    };
    browser.open(&server.url("/throwing")).await;
    is_logged("Error: planted").await;
    browser.open(&server.url("/violating")).await;
    is_logged("Content Security Policy").await;
    assert_eq!(browser.evaluate("document.title").await, json!("Violating"));
    browser.open(&server.url("/refused")).await;
    is_logged("status of 422").await;
    browser
        .assert_no_fault_logged(&["Error: planted", "Content Security Policy", "status of 422"])
        .await;
}

#[tokio::test]
async fn screenshots_have_their_width_and_few_bytes() {
    let (browser, server) = tokio::join!(Browser::start(), pages::serve());
    browser.open(&server.url("/clean")).await;
    let before = browser.emulation();
    let started = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    let taken = browser.screenshots_into(folder.path(), "harness").await;
    println!("four pictures took {:?}", started.elapsed());
    let named: Vec<_> = taken
        .iter()
        .map(|shot| (shot.path.file_name().unwrap().to_str().unwrap(), shot.width_px))
        .collect();
    assert_eq!(
        named,
        [
            ("harness-390-light.png", PHONE_PX),
            ("harness-390-dark.png", PHONE_PX),
            ("harness-1280-light.png", DESKTOP_PX),
            ("harness-1280-dark.png", DESKTOP_PX),
        ]
    );
    for shot in &taken {
        println!("{shot:?}");
        let file = std::fs::read(&shot.path).unwrap();
        let again = palette::reduce(&file);
        assert_eq!((again.width_px, again.height_px), (shot.width_px, shot.height_px));
        assert!((600..=1_600).contains(&shot.height_px), "{shot:?}");
        assert!(shot.bytes <= 60 * 1024, "{shot:?}");
    }
    let [light, dark] = [&taken[2], &taken[3]].map(|shot| std::fs::read(&shot.path).unwrap());
    assert_ne!(light, dark);
    assert_eq!(browser.emulation(), before);
}

#[tokio::test]
async fn a_browser_ends_with_its_test() {
    let started = Instant::now();
    let browser = Browser::start().await;
    println!("a browser started in {:?}", started.elapsed());
    let group = browser.driver().process_group();
    let folder = browser.driver().folder().to_owned();
    assert!(
        living_in(group).len() > 3,
        "the driver, its guard, the browser and its parts"
    );
    assert!(folder.join("profile").is_dir());
    drop(browser);
    until("the end of the browser's processes", SOON, async || {
        living_in(group).is_empty().then_some(())
    })
    .await;
    assert!(!folder.exists());
}

/// The processes of a group that have not ended, according to `/proc/PID/stat` (proc(5)).
fn living_in(group: rustix::process::Pid) -> Vec<String> {
    let group = group.as_raw_nonzero().to_string();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let states = processes.filter_map(|process| std::fs::read_to_string(process.path().join("stat")).ok());
    states
        .filter(|state| {
            let (_, fields) = state.rsplit_once(") ").unwrap();
            let fields: Vec<&str> = fields.split(' ').collect();
            fields[0] != "Z" && fields[2] == group
        })
        .collect()
}
