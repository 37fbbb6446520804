use std::time::{Duration, Instant};

use postrider_tests::Browser;
use postrider_tests::browser::{
    DESKTOP_PX, Emulation, PHONE_PX, Scheme, button, key, label, link, palette, text,
};
use postrider_tests::wait::{SOON, until};
use serde_json::json;

use super::pages;

#[tokio::test]
async fn a_form_is_filled_and_sent() {
    let (browser, server) = tokio::join!(Browser::start(), pages::serve());
    browser.open(&server.url("/clean")).await;
    assert_eq!(browser.current_path().await, "/clean");
    assert_eq!(browser.text("h1").await, "Endpoints");
    browser.type_into(label("Name"), "grün & blau").await;
    browser.choose(label("Colour"), "Green").await;
    browser.click(label("Active")).await;
    assert_eq!(browser.property(label("Active"), "checked").await, json!(true));
    assert_eq!(browser.attribute("#name", "value").await.unwrap(), "old name");
    browser.click(button("Save")).await;
    let sent = server.wait_for("/saved", 1, SOON).await.remove(0);
    assert_eq!(sent.body, "name=gr%C3%BCn+%26+blau&colour=g&active=yes");
    browser.wait_for_path("/clean").await;

    // The other ways to send it.
    browser.submit("#name").await;
    server.wait_for("/saved", 2, SOON).await;
    browser.type_into("#name", "").await;
    browser.submit("form").await;
    assert_eq!(
        browser
            .evaluate("document.querySelector('#name').validity.valid")
            .await,
        json!(false)
    );
    browser.type_into("#name", "by keys").await;
    browser.press(key::ENTER).await;
    let sent = server.wait_for("/saved", 3, SOON).await.remove(2);
    assert_eq!(sent.body, "name=by+keys&colour=r");
    assert_eq!(server.count("/saved"), 3);
    browser.assert_no_fault_logged(&[]).await;
}

#[tokio::test]
async fn what_comes_and_goes_is_waited_for() {
    let (browser, server) = tokio::join!(Browser::start(), pages::serve());
    browser.open(&server.url("/clean")).await;
    browser.wait_for_text("The script ran").await;
    browser.click("#later").await;
    browser.wait_for_text("Here it is, later").await;
    browser
        .wait_for(text("Here it is, later").within("#answer"))
        .await;
    assert_eq!(browser.count(button("Remove")).await, 2);
    assert_eq!(browser.count(text("Nobody sees this")).await, 0);
    browser.click(button("Remove").within("#first")).await;
    browser.wait_gone("#first").await;
    assert_eq!(browser.count("tbody tr").await, 1);
    browser.press(key::SHIFT_TAB).await;
    browser.wait_for_text("Shift and Tab").await;
    browser.click(link("Faulty page")).await;
    browser.wait_for_path("/faulty").await;
}

#[tokio::test]
async fn cookies_are_read_that_no_script_sees() {
    let (browser, server) = tokio::join!(Browser::start(), pages::serve());
    browser.open(&server.url("/clean")).await;
    assert_eq!(browser.cookies().await, [json!(null); 0]);
    browser.click(button("Save")).await;
    server.wait_for("/saved", 1, SOON).await;
    let kept = until("the cookie", SOON, async || browser.cookies().await.pop()).await;
    assert_eq!(
        [&kept["name"], &kept["value"], &kept["sameSite"]],
        ["kept", "yes", "Strict"]
    );
    assert_eq!([&kept["httpOnly"], &kept["secure"]], [true, false]);
    assert_eq!(browser.evaluate("document.cookie").await, json!(""));
}

#[tokio::test]
async fn what_cannot_be_done_is_reported_with_what_the_page_shows() {
    let (browser, server) = tokio::join!(Browser::start(), pages::serve());
    let browser = browser.with_patience(Duration::from_secs(1));
    browser.open(&server.url("/clean")).await;
    let tasks = tokio::task::LocalSet::new();
    let ambiguous = tasks.spawn_local(async move { browser.click(button("Remove")).await });
    let panic = tasks.run_until(ambiguous).await.unwrap_err().into_panic();
    let message = panic.downcast::<String>().unwrap();
    assert!(
        message.contains("could not click the button “Remove”"),
        "{message}"
    );
    assert!(message.contains("2 visible elements match"), "{message}");
    assert!(message.contains(&server.url("/clean")), "{message}");
    assert!(message.contains("The script ran"), "{message}");
}

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
    // The script was not even asked for.
    assert_eq!(server.count("/script.js"), 0);
}

#[tokio::test]
async fn pages_are_told_of_width_scheme_and_motion() {
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
    // What axe-core does is no violation of the page's policy.
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
async fn a_long_and_colourful_page_makes_a_picture_within_its_bounds() {
    const ADD_ROWS: &str = "[...Array(90).keys()].forEach(i => {
        const row = document.querySelector('tbody').insertRow();
        row.insertCell().textContent = `Endpoint ${i} of a long list`;
        row.insertCell().textContent = `https://receiver-${i}.example/hooks/${i * 7919}`;
        row.insertCell().textContent = `State ${i}`;
        row.cells[2].style.background = `hsl(${i * 4} 60% 90%)`;
        row.cells[2].style.color = `hsl(${i * 4} 60% 25%)`;
    })";
    let (browser, server) = tokio::join!(Browser::start(), pages::serve());
    browser.open(&server.url("/clean")).await;
    browser.evaluate(ADD_ROWS).await;
    let folder = tempfile::tempdir().unwrap();
    for shot in browser.screenshots_into(folder.path(), "harness-long").await {
        println!("{shot:?}");
        assert_eq!(shot.height_px, 1_600);
        assert!(shot.bytes <= 110 * 1024, "{shot:?}");
    }
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

/// The processes of a group that have not ended, by what the system says of each (proc(5), `/proc/PID/stat`).
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
