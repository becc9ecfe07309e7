//! The endpoints: a request in, a response out.

mod common;
mod cors;
mod host;
mod ledger;
mod mercoa;
mod merge;
mod monite;
mod oauth;
mod own;
mod private_names;
mod status_lists;
