//! What operators watch a server with: metrics, alert rules, the dashboard and the log, each compared with
//! the page that explains it.

mod logs;
mod metrics;
mod page;
mod rules;
