//! What a visitor does and reads on a page.

use serde_json::{Value, json};

use super::Browser;
use super::session::{Refusal, argument};
use super::target::{Target, button};

/// Keys that print nothing, for [`Browser::press`] (W3C WebDriver, section 17.4.2, "keyboard actions").
pub mod key {
    /// Enter.
    pub const ENTER: &str = "\u{e007}";
    /// Tab.
    pub const TAB: &str = "\u{e004}";
    /// Shift and Tab, together.
    pub const SHIFT_TAB: &str = "\u{e008}\u{e004}";
    /// Escape.
    pub const ESCAPE: &str = "\u{e00c}";
    /// The space bar.
    pub const SPACE: &str = " ";
    /// Arrow up.
    pub const UP: &str = "\u{e013}";
    /// Arrow down.
    pub const DOWN: &str = "\u{e015}";
}

impl Browser {
    /// Opens a page, and waits until it is loaded.
    pub async fn open(&self, url: &str) {
        let opened = self.session.goto(url).await;
        self.expect(&format!("open {url}"), opened).await;
    }

    /// Opens a sign-in link and presses its button.
    pub async fn follow_link(&self, url: &str) {
        self.open(url).await;
        self.click(button("Continue")).await;
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        let loaded = self.session.refresh().await;
        self.expect("reload the page", loaded).await;
    }

    /// Clicks. If that leads to another page, waits for its load.
    pub async fn click<'a>(&self, target: impl Into<Target<'a>>) {
        self.on("click", target, async |element| self.session.click(element).await)
            .await;
    }

    /// Types a text into a field, and replaces its content.
    pub async fn type_into<'a>(&self, target: impl Into<Target<'a>>, text: &str) {
        self.on("type into", target, async |element| {
            self.session.fill(element, text).await
        })
        .await;
    }

    /// Chooses the option with this text from a `select`.
    pub async fn choose<'a>(&self, target: impl Into<Target<'a>>, option: &str) {
        const OPTION: &str =
            "return Array.from(arguments[0].options).filter(it => it.label.trim() === arguments[1])";
        self.on("choose from", target, async |element| {
            let arguments = vec![argument(element), json!(option)];
            let found = self.session.elements(OPTION, arguments).await?;
            let found = found
                .first()
                .ok_or_else(|| Refusal::new(format!("no such option: “{option}”")))?;
            self.session.click(found).await
        })
        .await;
    }

    /// Submits the form that contains the element, or is the element. Like its default button, it runs the
    /// browser's own checks first.
    pub async fn submit<'a>(&self, target: impl Into<Target<'a>>) {
        const SUBMIT: &str = "arguments[0].closest('form').requestSubmit()";
        self.on("submit", target, async |element| {
            self.session.run(SUBMIT, vec![argument(element)]).await
        })
        .await;
    }

    /// Presses keys together, wherever the focus is: down in order, up in reverse order.
    pub async fn press(&self, keys: &str) {
        let pressed = self.session.press(keys).await;
        self.expect(&format!("press {keys:?}"), pressed).await;
    }

    /// The visible text of an element.
    pub async fn text<'a>(&self, target: impl Into<Target<'a>>) -> String {
        const TEXT: &str = "return arguments[0].innerText.trim()";
        let text = self
            .on("read", target, async |element| {
                self.session.run(TEXT, vec![argument(element)]).await
            })
            .await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// An attribute (not a property) of an element, if it is set.
    pub async fn attribute<'a>(&self, target: impl Into<Target<'a>>, name: &str) -> Option<String> {
        const ATTRIBUTE: &str = "return arguments[0].getAttribute(arguments[1])";
        let value = self
            .on("read an attribute of", target, async |element| {
                self.session
                    .run(ATTRIBUTE, vec![argument(element), json!(name)])
                    .await
            })
            .await;
        value.as_str().map(str::to_owned)
    }

    /// A property with its current value, such as the `value` of a field or whether a box is `checked`.
    pub async fn property<'a>(&self, target: impl Into<Target<'a>>, name: &str) -> Value {
        const PROPERTY: &str = "return arguments[0][arguments[1]]";
        self.on("read a property of", target, async |element| {
            self.session
                .run(PROPERTY, vec![argument(element), json!(name)])
                .await
        })
        .await
    }

    /// Enters a frame. Until [`Browser::leave_frames`], all verbs apply to the page in the frame, except
    /// those that return the current page's URL or path.
    pub async fn enter_frame<'a>(&self, target: impl Into<Target<'a>>) {
        self.on("enter", target, async |element| {
            self.session.enter_frame(element).await
        })
        .await;
    }

    /// Returns from a frame to the page that contains it.
    pub async fn leave_frames(&self) {
        let left = self.session.leave_frames().await;
        self.expect("leave the frame", left).await;
    }

    /// How many visible elements match now.
    pub async fn count<'a>(&self, target: impl Into<Target<'a>>) -> usize {
        let target = target.into();
        let found = self.find(&target).await;
        self.expect(&format!("count {target}"), found).await.len()
    }

    /// The path of the current page, without its query.
    pub async fn current_path(&self) -> String {
        let url = self.current_url().await;
        let uri: http::Uri = url.parse().unwrap_or_else(|error| panic!("{url}: {error}"));
        uri.path().to_owned()
    }

    /// The URL of the current page.
    pub async fn current_url(&self) -> String {
        let url = self.session.url().await;
        self.expect("ask for the URL", url).await
    }

    /// All cookies of the current page, including those that its scripts cannot see. Each has `name`,
    /// `value`, `path`, `domain`, `secure` and `httpOnly`, and `expiry` and `sameSite` if the server set them
    /// (W3C WebDriver, section 14, "Cookies").
    pub async fn cookies(&self) -> Vec<Value> {
        let cookies = self.session.cookies().await;
        let cookies = self.expect("read the cookies", cookies).await;
        cookies.into_iter().map(|cookie| json!(cookie)).collect()
    }

    /// The value of an expression in the page, whatever the page's Content-Security-Policy.
    pub async fn evaluate(&self, expression: &str) -> Value {
        let value = self
            .session
            .run(&format!("return ({expression})"), Vec::new())
            .await;
        self.expect(&format!("evaluate {expression}"), value).await
    }
}
