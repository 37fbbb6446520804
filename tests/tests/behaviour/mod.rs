//! The server's behaviour, seen from outside: attempts, responses of receivers, restarts, the data folder.

mod attempts;
mod backup;
mod data_folder;
mod egress_proxy;
mod emails;
mod later;
mod receivers_that_misbehave;
mod restarts;
mod retention;
mod schedule;
mod secrets;
mod settings;
mod stopping;
mod stored_bytes;
