//! The table of the operations that speak of nobody in particular, and the form of such tables.
//!
//! A line says of an operation what it does, takes and gives, which errors are its own, and how it runs. A dialect has a
//! table of the same form in its folder.

mod api_keys;
mod bearer_keys;
mod clients;
pub(crate) mod machines;
mod revocation;
pub(crate) mod secrets;
mod security_events;
pub(crate) mod sessions;
mod single_use;
mod statuses;
pub(crate) mod table;

use table::tables;

tables! {
    machines,
    sessions,
    single_use,
    api_keys,
    revocation,
    statuses,
    clients,
    bearer_keys,
    security_events,
}
