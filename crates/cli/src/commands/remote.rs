//! What all client commands share: a client, a screen, and the choice between JSON and text.

use serde_json::Value;

use crate::client::pages::{self, PageArgs};
use crate::client::{Answer, Call, Client, ClientArgs};
use crate::display::{Paint, Screen};
use crate::{Context, Failure};

/// A server, and somebody who looks at its answers.
#[derive(Debug)]
pub struct Remote {
    client: Client,
    screen: Screen,
    json: bool,
}

impl Remote {
    /// The server and the output that flags and variables describe.
    pub fn new(args: &ClientArgs, context: Context<'_>) -> Result<Self, Failure> {
        Ok(Self {
            client: Client::new(args, context.environment)?,
            screen: Screen::new(),
            json: args.json,
        })
    }

    /// Makes a call, and prints its answer: as it came, or as `text` puts it.
    pub async fn show(
        &mut self,
        call: Call<'_>,
        text: impl FnOnce(&Value, Paint) -> String,
    ) -> Result<(), Failure> {
        self.show_answer(call, |answer, paint| text(&answer.json, paint))
            .await
    }

    /// As [`Self::show`], for a `text` that needs the answer's exact bytes.
    pub async fn show_answer(
        &mut self,
        call: Call<'_>,
        text: impl FnOnce(&Answer, Paint) -> String,
    ) -> Result<(), Failure> {
        let answer = self.client.call(call).await?;
        if self.json {
            return if answer.text.is_empty() {
                Ok(())
            } else {
                self.screen.print(&answer.text)
            };
        }
        self.screen.print(&text(&answer, self.screen.paint()))
    }

    /// Fetches a list, and prints it: in the API's form, or as `text` puts its items.
    pub async fn list(
        &mut self,
        call: &Call<'_>,
        pages: PageArgs,
        text: impl FnOnce(&[Value], Paint) -> String,
    ) -> Result<(), Failure> {
        let list = pages::fetch(&mut self.client, call, pages).await?;
        if self.json {
            return self.screen.print(&list.to_json()?);
        }
        let items = list.items();
        let paint = self.screen.paint();
        let mut text = text(&items, paint);
        if list.has_more() {
            let note = format!(
                "There are more than these {}: --all lists all, --limit NUMBER more.\n",
                items.len()
            );
            text.push_str(&paint.dim(&note));
        }
        self.screen.print(&text)
    }
}
