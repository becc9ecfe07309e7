//! The flows under every schedule of concurrent requests, with a fault at every command.
//!
//! To add a case:
//!
//! 1. In the file of its topic (one file a topic, named below), write a function that makes a [`World`]: a store on which what
//!    comes before has happened, the requests that run at the same time ([`Request::of`] a task), and a judge that names what is
//!    broken. Whoever got no answer (it crashed, or was told `store_unknown`) asks again before it is judged.
//! 2. Add it to the `CASES` of that file, with the largest number of faults that takes seconds.
//! 3. `cargo test -p tokenmint --test explorer -- --nocapture` prints how many schedules there are: this row belongs into the
//!    table of the README.
//! 4. Prove that it finds something: run it on an [`Unguarded`](tokenmint_certify::explorer::Unguarded) store, or write the flow
//!    as one would without its guard ([`Request::new`] takes an asynchronous block), and assert what is broken then.

mod accounts;
mod api_keys;
mod assertions;
mod clients;
mod links;
mod log_out;
mod named_sessions;
mod narrow;
mod proofs;
mod security_events;
mod sessions;
mod single_use;
mod statuses;
mod token_sources;
mod world;

use tokenmint_certify::explorer::{Findings, Request, World};

/// A name with its bound of faults, as in the README, and what explores it.
type Case = (&'static str, fn() -> Findings);

/// Runs the cases of a topic: nothing may be broken, and the README says how many schedules there were.
fn assert_unbroken(cases: &[Case]) {
    let readme = include_str!("../../../README.md");
    let findings: Vec<_> = cases.iter().map(|(name, explore)| (name, explore())).collect();
    for (name, Findings { schedules, broken }) in &findings {
        println!("explorer: {name}: {schedules} schedules, broken: {broken:?}");
    }
    for (name, Findings { schedules, broken }) in findings {
        assert!(broken.is_empty(), "{name}: {broken:?}");
        let row = format!("| {name} | {schedules} |");
        assert!(readme.contains(&row), "the README does not say {row:?}");
    }
}
