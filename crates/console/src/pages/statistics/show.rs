//! `GET /accounts/{account}/statistics`: what happened in an account in the last hours or days.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use postrider_figures::{Series, WantedActions};

use super::range::Range;
use crate::chart::Chart;
use crate::console::page;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Link, Section, Shell, Tab};
use crate::state::App;
use crate::view::number;
use crate::view::time::Exact;
use crate::visitor::account::InAccount;

#[derive(Template)]
#[template(path = "statistics/show.html")]
struct StatisticsPage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    tabs: Vec<Link>,
    as_of: Exact,
    over: &'static str,
    content: Content,
}

/// What there is to show.
enum Content {
    /// Figures and charts.
    Counted(Box<Figures>),
    /// Nothing happened.
    Blank,
    /// More than one page may read.
    TooMuch,
}

struct Figures {
    events: String,
    deliveries: String,
    succeeded: String,
    failure_rate: Option<String>,
    failed: String,
    held_back: String,
    charts: [Chart; 2],
}

/// The page.
pub async fn show(State(app): State<App>, account: InAccount) -> Result<Response, Refusal> {
    let range = Range::of(&account.visitor.query);
    let period = range.period(&app.figures);
    let found = app
        .figures
        .account_statistics(account.id(), &period, WantedActions::None)
        .await?;
    let content = match found {
        Err(_) => Content::TooMuch,
        Ok(statistics) if is_blank(&statistics.series) => Content::Blank,
        Ok(statistics) => Content::Counted(Box::new(Figures::of(range, &statistics.series))),
    };
    page(&StatisticsPage {
        shell: Shell::of(&app, &account.visitor, Section::Accounts, "Statistics"),
        head: AccountHead::of(&account, Tab::Statistics),
        tabs: range.tabs(&account.path("statistics"), ""),
        as_of: Exact::to_the_second(period.as_of()),
        over: range.over,
        content,
    })
}

fn is_blank(series: &Series) -> bool {
    let totals = &series.totals;
    totals.events + totals.attempts + totals.succeeded + totals.failed + totals.canceled == 0
}

impl Figures {
    fn of(range: Range, series: &Series) -> Self {
        let totals = &series.totals;
        let finished = totals.succeeded + totals.failed + totals.canceled;
        let counted = range.counted(series);
        Self {
            events: number::grouped(totals.events),
            deliveries: number::grouped(finished),
            succeeded: number::grouped(totals.succeeded),
            failure_rate: number::percent(totals.failed, totals.failed + totals.succeeded),
            failed: number::grouped(totals.failed),
            held_back: number::grouped(totals.held_back),
            charts: [counted.deliveries(), counted.events()],
        }
    }
}
