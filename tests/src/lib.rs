//! What the black-box tests are made of: the built `postrider` as a child process, a client, and receivers.
//!
//! The tests know the product as a user does: by its command line, its HTTP API and what it puts on the wire.
//! This crate must never depend on another one of the workspace, and never wait for a time to pass where it
//! can wait for something to happen ([`wait`]).
//!
//! * [`binary`]: which `postrider` is tested. `POSTRIDER_BIN` names one; otherwise it is built once, by
//!   cargo.
//! * [`server`]: `postrider serve` on a free port with a data folder of its own, stopped, killed, started
//!   again.
//! * [`command`]: every other command, run to its end.
//! * [`client`], [`account`]: calls to the API, and what tests need of it most.
//! * [`receiver`]: records what it is sent and answers as told. [`foreign`]: the receivers in Node, Python
//!   and PHP.
//! * [`database`]: looks into a data folder with Python's `sqlite3`.
//! * [`postgres`]: a PostgreSQL server of a test's own, crashed, started again, replicated, promoted.
//!   [`proxy`]: the network between a node and its database, silent, cut, leading elsewhere. [`cluster`]:
//!   nodes on such a database.
//! * [`browser`]: Chromium, in which pages are opened, clicked, photographed and searched for faults.
//!
//! To add a test: a function in the file of its subject under `tests/`, named after what it promises. It
//! starts its own [`server::Server`] (some 50 ms), so that tests never meet.

pub mod account;
pub mod binary;
pub mod browser;
pub mod client;
pub mod cluster;
pub mod command;
pub mod database;
pub mod foreign;
pub mod log;
pub mod postgres;
pub mod proxy;
pub mod receiver;
pub mod server;
pub mod signature;
pub mod wait;

pub use account::Account;
pub use browser::Browser;
pub use client::{Answer, Api, Problem};
pub use cluster::{Cluster, Node};
pub use postgres::Postgres;
pub use proxy::Proxy;
pub use receiver::{Receiver, Reply};
pub use server::Server;
