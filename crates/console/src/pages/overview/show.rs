//! `GET /`: the overview, for the operator; a customer's first page is their automations.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use postrider_figures::{Overview, Range};
use postrider_storage::statistics::Backlog;
use postrider_web::host::RequestHost;

use super::attention::{self, AttentionRow};
use super::failing::{self, FailingRow};
use super::first_steps::FirstSteps;
use crate::chart::Chart;
use crate::chart::counted::Counted;
use crate::console::page;
use crate::refusal::Refusal;
use crate::shell::{Link, Section, Shell};
use crate::state::App;
use crate::view::icon::Icon;
use crate::view::time::{Exact, Moment};
use crate::view::{duration, number};
use crate::visitor::Visitor;

/// The ranges: name in the address, tab, and the words after "in the last".
const RANGES: [(Range, &str, &str, &str); 4] = [
    (Range::Hour, "hour", "1 hour", "hour"),
    (Range::Day, "day", "24 hours", "24 hours"),
    (Range::Week, "week", "7 days", "7 days"),
    (Range::Month, "month", "30 days", "30 days"),
];

#[derive(Template)]
#[template(path = "overview/show.html")]
struct OverviewPage<'a> {
    shell: Shell<'a>,
    tabs: Vec<Link>,
    as_of: Exact,
    figures: Figures,
    attention: Vec<AttentionRow>,
    charts: [Chart; 2],
    failing: Vec<FailingRow>,
    over: &'static str,
}

#[derive(Template)]
#[template(path = "overview/first_steps.html")]
struct FirstPage<'a> {
    shell: Shell<'a>,
    steps: FirstSteps,
}

/// The figures of the page.
struct Figures {
    events: String,
    deliveries: String,
    delivered: String,
    failure_rate: Option<String>,
    failed: String,
    latency_p50: Option<String>,
    latency_p95: Option<String>,
    pending: String,
    oldest_due: Option<Moment>,
}

/// The page.
pub async fn show(State(app): State<App>, visitor: Visitor, host: RequestHost) -> Result<Response, Refusal> {
    if let Some(own) = visitor.own_account() {
        return Ok(Redirect::to(&format!("/accounts/{own}/automations")).into_response());
    }
    let asked = visitor.query.get("range").unwrap_or("day");
    let (range, _, _, over) = *RANGES
        .iter()
        .find(|(_, name, ..)| *name == asked)
        .unwrap_or(&RANGES[1]);
    let overview = app.figures.overview(range).await?;
    if is_blank(&overview) && is_blank(&app.figures.overview(Range::Month).await?) {
        return page(&FirstPage {
            steps: FirstSteps::of(&app, &visitor, &host).await?,
            shell: Shell::of(&app, &visitor, Section::Overview, "Overview"),
        });
    }
    let now = app.now();
    let tabs = RANGES.map(|(other, name, label, _)| Link {
        href: format!("/?range={name}"),
        label,
        is_current: other == range,
    });
    let counted = Counted {
        steps: &overview.steps,
        totals: &overview.totals,
        length: range.step(),
        over,
    };
    page(&OverviewPage {
        shell: Shell::of(&app, &visitor, Section::Overview, "Overview"),
        tabs: tabs.to_vec(),
        as_of: Exact::to_the_second(now),
        figures: Figures::of(&overview, now),
        attention: attention::rows(&app, now).await?,
        charts: [counted.deliveries(), counted.events()],
        failing: failing::rows(&app, &overview.failing).await?,
        over,
    })
}

/// Whether the range has no event, attempt or delivery.
fn is_blank(overview: &Overview) -> bool {
    let totals = &overview.totals;
    totals.events + totals.attempts + totals.succeeded + totals.failed + totals.canceled == 0
}

impl Figures {
    fn of(overview: &Overview, now: postrider_model::Timestamp) -> Self {
        let totals = &overview.totals;
        let finished = totals.succeeded + totals.failed + totals.canceled;
        Self {
            events: number::grouped(totals.events),
            deliveries: number::grouped(finished),
            delivered: number::grouped(totals.succeeded),
            failure_rate: number::percent(totals.failed, totals.failed + totals.succeeded),
            failed: number::grouped(totals.failed),
            latency_p50: overview.latency_p50.map(duration::exact),
            latency_p95: overview.latency_p95.map(duration::exact),
            pending: pending(&overview.backlog),
            oldest_due: overview.backlog.oldest_due.map(|due| Moment::new(due, now)),
        }
    }
}

/// `1,234`, or `more than 100,000`.
pub fn pending(backlog: &Backlog) -> String {
    let counted = number::grouped(u64::try_from(backlog.pending).unwrap_or(u64::MAX));
    if backlog.is_more {
        format!("more than {counted}")
    } else {
        counted
    }
}
