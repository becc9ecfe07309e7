//! Merge's endpoints from the outside: a request in, a response out. Each test names the rows of the table in
//! `docs/endpoints.md` that it stands for.

mod account_token;
mod common;
mod fields;
mod link_token;
mod magic_link;
mod redeem;
mod world;
