//! Several nodes on one PostgreSQL, all of them real processes, and the fate of events when one of them
//! fails.
//!
//! * [`chaos`]: three nodes with kills, freezes, silent and broken networks and crashes of the database.
//! * [`failover`]: a promoted standby. [`outage`]: the database goes down and comes back. [`takeover`]: the
//!   work of a dead node.
//! * [`configuration`]: a change on one node applies on the others. [`at_once`]: nodes that do the same thing
//!   at the same moment.
//! * [`neighbours`]: a node in trouble does not disturb the others.
//! * [`secure`]: TLS to the database, and its password.
//! * [`listening`]: a client that listens gets the requests of every node.
//! * [`roles`]: the roles that the documentation recommends.
//! * [`parts`]: the database and the network of these tests work as intended.
//!
//! A node's session lives for 30 seconds, so some of these tests are slow.

mod at_once;
mod chaos;
mod configuration;
mod disturbances;
mod evidence;
mod failover;
mod listening;
mod neighbours;
mod outage;
mod parts;
mod producers;
mod receivers;
mod roles;
mod secure;
mod table;
mod takeover;
