//! Several nodes on one PostgreSQL, all of them real processes, and what becomes of events when any of them
//! fails.
//!
//! * [`chaos`]: three nodes through kills, freezes, silent and broken networks and crashes of the database.
//! * [`failover`]: a promoted standby. [`outage`]: the database away, and back. [`takeover`]: a dead node's
//!   work.
//! * [`configuration`]: what is changed on one node holds on the others. [`at_once`]: nodes that do the same
//!   thing at the same moment.
//! * [`secure`]: TLS to the database, and its password.
//! * [`parts`]: the database and the network of these tests do what they are for.
//!
//! A node's session lives for 30 seconds, so that some of this takes its time.

mod at_once;
mod chaos;
mod configuration;
mod disturbances;
mod evidence;
mod failover;
mod neighbours;
mod outage;
mod parts;
mod producers;
mod receivers;
mod secure;
mod table;
mod takeover;
