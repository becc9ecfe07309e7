//! Dialects: an `http::Request` in, an `http::Response` out, in the shape of one system.
//!
//! A dialect is a rendering: it reads a request, calls a flow, and gives the result or the error in its vendor's shape.
//! Every decision that the vendors leave open is written down in `docs/endpoints.md`. What only one of them needs is in
//! its folder; what two of them share, the entities and their users, is in one beside them.

mod common;
pub mod endpoint;
pub mod entities;
mod fields;
pub(crate) mod ledger;
pub(crate) mod mercoa;
pub(crate) mod merge;
pub(crate) mod monite;
mod request;

use crate::surface::table::tables;
pub(crate) use common::JWKS_MAX_AGE;

tables! {
    ledger::operations,
    mercoa::operations,
    merge::operations,
    entities::operations,
}
