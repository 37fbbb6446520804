//! Waits for what a page should show, and reports what it shows instead.

use std::time::{Duration, Instant};

use thirtyfour::WebElement;

use super::Browser;
use super::session::Refusal;
use super::target::Target;

/// How often the page is checked. A check costs some milliseconds of the page's own thread.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// Most characters of a page's text that a failure prints.
const SHOWN_CHARS_MAX: usize = 4_000;

const FIND: &str = include_str!("find.js");

impl Browser {
    /// Waits until a visible element matches.
    pub async fn wait_for<'a>(&self, target: impl Into<Target<'a>>) {
        let target = target.into();
        self.until(&format!("wait for {target}"), async || {
            match self.find(&target).await {
                Ok(found) if found.is_empty() => Err("no visible element matches".to_owned()),
                Ok(_) => Ok(()),
                Err(refusal) => Err(refusal.to_string()),
            }
        })
        .await;
    }

    /// Waits until no visible element matches.
    pub async fn wait_until_hidden<'a>(&self, target: impl Into<Target<'a>>) {
        let target = target.into();
        self.until(&format!("wait for the end of {target}"), async || {
            match self.find(&target).await {
                Ok(found) if found.is_empty() => Ok(()),
                Ok(found) => Err(format!("{} visible elements match", found.len())),
                Err(refusal) => Err(refusal.to_string()),
            }
        })
        .await;
    }

    /// Waits until the page shows this text somewhere, possibly within a longer text. Line breaks do not
    /// matter.
    pub async fn wait_for_text(&self, text: &str) {
        let wanted = collapsed(text);
        self.until(&format!("wait for the text “{text}”"), async || {
            let shown = self.shown().await.map_err(|refusal| refusal.to_string())?;
            if collapsed(&shown).contains(&wanted) {
                Ok(())
            } else {
                Err("the page does not show it".to_owned())
            }
        })
        .await;
    }

    /// Waits until the page with this path is shown.
    pub async fn wait_for_path(&self, path: &str) {
        self.until(&format!("wait for the page {path}"), async || {
            let shown = self.current_path().await;
            if shown == path { Ok(()) } else { Err(shown) }
        })
        .await;
    }

    /// Acts on the one visible element that matches, as soon as there is one and the action succeeds.
    pub(super) async fn on<'a, T>(
        &self,
        verb: &str,
        target: impl Into<Target<'a>>,
        act: impl AsyncFn(&WebElement) -> Result<T, Refusal>,
    ) -> T {
        let target = target.into();
        self.until(&format!("{verb} {target}"), async || {
            let found = self.find(&target).await;
            match found.map_err(|refusal| refusal.to_string())?.as_slice() {
                [element] => act(element).await.map_err(|refusal| refusal.to_string()),
                [] => Err("no visible element matches".to_owned()),
                several => Err(format!("{} visible elements match", several.len())),
            }
        })
        .await
    }

    /// All visible elements that match now.
    pub(super) async fn find(&self, target: &Target<'_>) -> Result<Vec<WebElement>, Refusal> {
        self.session.elements(FIND, target.arguments()).await
    }

    /// Repeats `attempt` until it succeeds. Panics if it still fails when the browser's patience is over.
    async fn until<T>(&self, what: &str, attempt: impl AsyncFn() -> Result<T, String>) -> T {
        let deadline = Instant::now() + self.patience;
        loop {
            match attempt().await {
                Ok(result) => return result,
                Err(why) if Instant::now() > deadline => self.fail(what, &why).await,
                Err(_) => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    /// The driver's result. Panics if it is an error.
    pub(super) async fn expect<T>(&self, what: &str, result: Result<T, Refusal>) -> T {
        match result {
            Ok(result) => result,
            Err(refusal) => self.fail(what, &refusal.to_string()).await,
        }
    }

    async fn fail(&self, what: &str, why: &str) -> ! {
        let url = self.session.url().await.unwrap_or_default();
        let shown = self.shown().await.unwrap_or_else(|refusal| refusal.to_string());
        let shown: String = shown.chars().take(SHOWN_CHARS_MAX).collect();
        let logged = self.take_log().await.unwrap_or_default();
        let patience = self.patience;
        let logged: Vec<String> = logged.iter().map(ToString::to_string).collect();
        panic!(
            "the browser could not {what} within {patience:?}: {why}\n--- {url} shows\n{shown}\n--- its console\n{}\n---",
            logged.join("\n")
        );
    }

    /// The visible text of the page.
    async fn shown(&self) -> Result<String, Refusal> {
        const TEXT: &str = "return document.body ? document.body.innerText : ''";
        let text = self.session.run(TEXT, Vec::new()).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }
}

fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
