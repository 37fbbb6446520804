//! What all client commands share: the client, the screen, and the choice between JSON and text.

use serde_json::Value;

use crate::client::pages::{self, List, PageArgs};
use crate::client::{Call, Client, ClientArgs, Response};
use crate::display::{Paint, Screen};
use crate::{Context, Failure};

/// A server, and the screen for its responses.
#[derive(Debug)]
pub struct Remote {
    client: Client,
    screen: Screen,
    json: bool,
}

impl Remote {
    /// Set up from flags and variables; connects with the first call.
    pub fn new(args: &ClientArgs, context: Context<'_>) -> Result<Self, Failure> {
        Ok(Self {
            client: Client::new(args, context.environment)?,
            screen: Screen::new(),
            json: args.json,
        })
    }

    /// Makes a call and returns the response, without printing it.
    pub async fn ask(&mut self, call: Call<'_>) -> Result<Value, Failure> {
        Ok(self.response(call).await?.json)
    }

    /// Makes a call and returns the response with its exact bytes, without printing it.
    pub async fn response(&mut self, call: Call<'_>) -> Result<Response, Failure> {
        self.client.call(call).await
    }

    /// The client.
    pub const fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// The screen.
    pub const fn screen(&self) -> &Screen {
        &self.screen
    }

    /// Whether to print JSON.
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// Makes a call and prints the response: unchanged with `--json`, otherwise as `text` renders it.
    pub async fn show(
        &mut self,
        call: Call<'_>,
        text: impl FnOnce(&Value, Paint) -> String,
    ) -> Result<(), Failure> {
        self.show_response(call, |response, paint| text(&response.json, paint))
            .await
    }

    /// Like [`Self::show`], for a `text` that needs the exact bytes of the response.
    pub async fn show_response(
        &mut self,
        call: Call<'_>,
        text: impl FnOnce(&Response, Paint) -> String,
    ) -> Result<(), Failure> {
        let response = self.client.call(call).await?;
        if self.json {
            return if response.text.is_empty() {
                Ok(())
            } else {
                self.screen.print(&response.text)
            };
        }
        self.screen.print(&text(&response, self.screen.paint()))
    }

    /// Fetches a list and prints it: as the API's JSON, or as `text` renders its items.
    pub async fn list(
        &mut self,
        call: &Call<'_>,
        pages: PageArgs,
        text: impl FnOnce(&[Value], Paint) -> String,
    ) -> Result<(), Failure> {
        let list = self.fetch(call, pages).await?;
        self.print_list(&list, text)
    }

    /// Reads a list, as far as `pages` says.
    pub async fn fetch(&mut self, call: &Call<'_>, pages: PageArgs) -> Result<List, Failure> {
        pages::fetch(&mut self.client, call, pages).await
    }

    /// Prints a list: as JSON if that was asked for, otherwise as `text` renders its items.
    pub fn print_list(
        &mut self,
        list: &List,
        text: impl FnOnce(&[Value], Paint) -> String,
    ) -> Result<(), Failure> {
        if self.json {
            return self.screen.print(&list.to_json()?);
        }
        let items = list.items();
        let paint = self.screen.paint();
        let mut text = text(&items, paint);
        if list.has_more() {
            let note = format!(
                "Only the first {} are listed. To list more: --limit NUMBER, or --all.\n",
                items.len()
            );
            text.push_str(&paint.dim(&note));
        }
        self.screen.print(&text)
    }
}
