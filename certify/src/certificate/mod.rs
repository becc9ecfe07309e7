//! The certificate: the tests, what they are run on, and what they say.

mod atomicity;
mod basics;
mod bindings;
mod crash;
mod exec;
mod faults;
mod flows;
mod history;
mod indexing;
mod lines;
mod listing;
mod random;
mod report;
mod rig;
mod scenes;
mod stage;
mod suite;
mod throttle;
mod time;
mod trial;
mod verdict;
mod volume;
mod workload;

pub use exec::{ExecRig, ExecStore};
pub use lines::serve_lines;
pub use report::{Certificate, TestReport, TestResult, tap_head};
pub use rig::{Blocking, Connection, Fault, InProcess, Rig};
pub use suite::{Options, TEST_COUNT, certify};
