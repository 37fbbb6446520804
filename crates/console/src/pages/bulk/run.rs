//! `POST /accounts/{account}/replay` and `…/cancel`: starts the run. The response is one page, streamed while
//! the run goes on, as is that of sending missed events ([`show`]).
//!
//! The head of the page is sent first, then a *step* whenever there is progress, and at the end the outcome
//! and the rest of the page. The style sheet shows only the last step, so no script is needed;
//! `assets/progress.js` shows the steps in place of the form. The run is the engine's own task: it
//! continues if the browser leaves.

use std::convert::Infallible;
use std::time::Duration;

use askama::Template;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::{HeaderName, HeaderValue, header};
use postrider_engine::BulkProgress;
use tokio::sync::watch;
use tokio::time::Instant;

use super::fields::Fields;
use super::verb::{Verb, Words};
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::view::number;
use crate::visitor::account::InAccount;

/// Shortest time between two steps: nobody reads more of them.
const PAUSE: Duration = Duration::from_millis(200);

/// Longest time between two steps, so that no proxy or browser considers the connection dead.
const SIGN_EVERY: Duration = Duration::from_secs(10);

/// Where the steps are inserted in the page.
const STEPS_HERE: &str = "<!--steps-->";

#[derive(Template)]
#[template(path = "bulk/run.html")]
struct RunPage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    path: String,
    words: &'static Words,
}

/// A part of the response. The script finds it by the comments around it.
#[derive(Template)]
#[template(path = "bulk/step.html")]
struct Step<'a> {
    words: &'static Words,
    done: u64,
    /// `1,204 deliveries`.
    done_words: String,
    /// The count's total, if it is known.
    total: Option<u64>,
    total_words: String,
    state: StepState,
    /// The address of the list of deliveries.
    deliveries: &'a str,
    /// The address of the form.
    path: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StepState {
    Running,
    Succeeded,
    Failed,
    /// The node stops.
    Stopped,
}

/// Starts the run, and responds with its progress.
pub fn run(app: &App, account: &InAccount, form: &Form, verb: Verb) -> Result<Response, Refusal> {
    let fields = Fields::of(verb, |name| form.get(name));
    let (filter, faults) = fields.filter(app.now());
    if !faults.is_empty() {
        // The count checked these fields, so this form was not sent by our page.
        return Err(Refusal::ForeignForm);
    }
    let words = verb.words();
    let run = Run {
        words,
        progress: verb.start(app, account, filter)?,
        total: form.text("total").parse().ok(),
        tab: Tab::Deliveries,
        path: account.path(words.segment),
        deliveries: account.path("deliveries"),
    };
    show(app, account, run)
}

/// A run that has begun.
pub struct Run {
    /// The words of the page.
    pub words: &'static Words,
    /// Its progress.
    pub progress: watch::Receiver<BulkProgress>,
    /// The count's total, if it is known.
    pub total: Option<u64>,
    /// The tab of the page.
    pub tab: Tab,
    /// The address of the form.
    pub path: String,
    /// The address of the list of its deliveries.
    pub deliveries: String,
}

/// Responds with the progress of a run.
pub fn show(app: &App, account: &InAccount, run: Run) -> Result<Response, Refusal> {
    let markup = RunPage {
        shell: Shell::of(app, &account.visitor, Section::Accounts, run.words.running),
        head: AccountHead::of(account, run.tab),
        path: run.path.clone(),
        words: run.words,
    }
    .render()?;
    let (before, after) = markup.split_once(STEPS_HERE).ok_or(Refusal::Internal)?;
    let steps = Steps {
        words: run.words,
        progress: run.progress,
        stopping: app.stopping.clone(),
        total: run.total,
        deliveries: run.deliveries,
        path: run.path,
        next: Next::Head(before.to_owned()),
        tail: after.to_owned(),
    };
    let pieces = stream::unfold(steps, |mut steps| async move {
        let piece = steps.next().await?;
        Some((Ok::<_, Infallible>(piece), steps))
    });
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        // Without this, proxies would hold back the steps until the end.
        (
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

struct Steps {
    words: &'static Words,
    progress: watch::Receiver<BulkProgress>,
    stopping: watch::Receiver<bool>,
    total: Option<u64>,
    deliveries: String,
    path: String,
    next: Next,
    tail: String,
}

/// The next piece of the page.
enum Next {
    Head(String),
    /// A step, not before this time.
    Step(Instant),
    Nothing,
}

impl Steps {
    /// The next piece of the page; `None` at its end.
    async fn next(&mut self) -> Option<String> {
        match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Head(head) => {
                self.next = Next::Step(Instant::now() + PAUSE);
                Some(head + &self.step(StepState::Running))
            }
            Next::Step(earliest) => {
                let state = self.wait(earliest).await;
                let mut piece = self.step(state);
                if state == StepState::Running {
                    self.next = Next::Step(Instant::now() + PAUSE);
                } else {
                    piece.push_str(&self.tail);
                }
                Some(piece)
            }
            Next::Nothing => None,
        }
    }

    /// Waits until there is something to show.
    async fn wait(&mut self, earliest: Instant) -> StepState {
        let result = self.progress.wait_for(|progress| progress.result.is_some());
        let stopping = self.stopping.wait_for(|stopping| *stopping);
        let state = tokio::select! {
            biased;
            result = result => Some(match result.map(|progress| progress.result.clone()) {
                Ok(Some(Ok(()))) => StepState::Succeeded,
                Ok(Some(Err(error))) => {
                    tracing::error!(%error, verb = self.words.segment, "a bulk job failed");
                    StepState::Failed
                }
                Ok(None) | Err(_) => {
                    tracing::error!(verb = self.words.segment, "a bulk job panicked");
                    StepState::Failed
                }
            }),
            // An error means that the console was dropped.
            _ = stopping => Some(StepState::Stopped),
            () = tokio::time::sleep_until(earliest) => None,
        };
        match state {
            Some(state) => state,
            None => self.wait_for_more().await,
        }
    }

    /// Waits for the next change, or until a step is due anyway.
    async fn wait_for_more(&mut self) -> StepState {
        tokio::select! {
            _ = self.progress.changed() => {}
            _ = self.stopping.changed() => {}
            () = tokio::time::sleep(SIGN_EVERY) => {}
        }
        StepState::Running
    }

    /// The markup of a step. Rendering fails only by a defect, and the run continues without the step.
    fn step(&mut self, state: StepState) -> String {
        let done = self.progress.borrow_and_update().done;
        let total = self.total.filter(|total| *total >= done && *total > 0);
        let step = Step {
            words: self.words,
            done,
            done_words: number::counted(done, self.words.one, self.words.many),
            total,
            total_words: total.map(number::grouped).unwrap_or_default(),
            state,
            deliveries: &self.deliveries,
            path: &self.path,
        };
        step.render().unwrap_or_default()
    }
}
