//! The building blocks of the black-box tests: the built `postrider` as a child process, a client, and
//! receivers.
//!
//! The tests know the product as a user does: by its command line, its HTTP API and its webhooks. This crate
//! must not depend on another crate of the workspace. It must wait for conditions ([`wait`]) and never sleep
//! where a condition can be checked.
//!
//! * [`binary`]: the `postrider` under test. `POSTRIDER_BIN` names it; otherwise cargo builds it once.
//! * [`server`]: `postrider serve` on a free port with its own data folder: stopped, killed, started again.
//! * [`command`]: every other command, run to completion.
//! * [`client`], [`account`]: calls to the API, and the calls that tests need most.
//! * [`receiver`]: records requests and responds as scripted. [`foreign`]: the receivers in Node, Python
//!   and PHP.
//! * [`identity_provider`]: the identity providers in Node, a real one and one that lies.
//! * [`collector`]: a collector of OpenTelemetry data.
//! * [`mail_server`]: a mail server in Python, with TLS and AUTH.
//! * [`mutual_tls`]: a receiver over OpenSSL that requires a client certificate.
//! * [`database`]: reads a data folder with Python's `sqlite3`.
//! * [`postgres`]: a PostgreSQL server per test: crashed, started again, replicated, promoted. [`proxy`]: the
//!   network between a node and its database: silent, cut, redirected. [`cluster`]: nodes on such a database.
//! * [`promtool`]: Prometheus' checks of metrics, alert rules and configuration. [`nginx`]: nginx as a
//!   receiver. [`unpacked`]: finds and starts programs that `./test` unpacks.
//! * [`browser`]: Chromium, which opens pages, clicks, takes pictures and checks accessibility.
//!
//! To add a test: add a function in the file of its subject under `tests/`, named after what it promises. It
//! starts its own [`server::Server`] (about 50 ms), so that tests do not interfere.

#![forbid(unsafe_code)]

pub mod account;
pub mod binary;
pub mod browser;
pub mod client;
pub mod cluster;
pub mod collector;
pub mod command;
pub mod database;
pub mod foreign;
pub mod identity_provider;
pub mod log;
pub mod mail_server;
pub mod mutual_tls;
pub mod nginx;
pub mod port;
pub mod postgres;
pub mod promtool;
pub mod proxy;
pub mod receiver;
pub mod server;
pub mod signature;
pub mod unpacked;
pub mod wait;

pub use account::Account;
pub use browser::Browser;
pub use client::{Api, ApiResponse, Problem};
pub use cluster::{Cluster, Node};
pub use mail_server::MailServer;
pub use postgres::Postgres;
pub use proxy::Proxy;
pub use receiver::{Receiver, Reply};
pub use server::Server;
