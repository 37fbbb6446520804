//! What an operator does around a server: check, restore, ask for its health, and read why it does not start.

mod check;
mod database_errors;
mod health;
mod restore;
mod start_errors;
