//! Every schedule of concurrent requests, with a fault at every command.
//!
//! A [`Request`] is a flow; between its commands any other request may run. At each command it may also crash before or
//! after the store carried it out, or be told `Unknown` after either. Every schedule begins anew and replays a path of
//! choices; the paths are enumerated until none is left.
//!
//! Two reads that follow each other leave the same whichever comes first, so they are tried in one order; and whether a
//! read that failed was carried out makes no difference.
//!
//! [`explore`] is for a store that answers at once, made anew for every schedule. Whoever has another one drives
//! [`Schedules`] by hand, as the certificate does.
//!
//! ```
//! use tokenmint::{AsyncStore, Command, ErrorCode, Expect, Index, MemoryStore, RecordKey, Reply, Version, Write};
//! use tokenmint_certify::explorer::{Answer, Request, Turn, World, explore};
//!
//! /// Takes a name that nobody has taken.
//! async fn take(store: Turn, by: u8) -> Answer {
//!     let version = Version::new(&[by; 8]).ok_or(ErrorCode::Internal)?;
//!     let entry = tokenmint::Entry { version, value: vec![by], expires_at_ms: 0, index: Index::default() };
//!     let key = RecordKey::of("name", &["n"]);
//!     match store.execute(Command::Cas { key, expect: Expect::Absent, write: Write::Put(entry) }).await {
//!         Ok(Reply::Done) => Ok("taken".into()),
//!         _ => Err(ErrorCode::Forbidden),
//!     }
//! }
//!
//! let findings = explore(1, || World {
//!     store: MemoryStore::new(),
//!     requests: (0..2).map(|by| Request::new(move |store| take(store, by))).collect(),
//!     judge: Box::new(|_, answers| {
//!         let takers = answers.iter().flatten().filter(|answer| answer.is_ok()).count();
//!         if takers > 1 { vec!["taken twice"] } else { Vec::new() }
//!     }),
//! });
//! assert!(findings.broken.is_empty(), "{findings:?}");
//! // Two orders, each without a fault, or with one of four at one of the two commands.
//! assert_eq!(findings.schedules, 18);
//! ```

mod request;
mod schedule;
mod unguarded;

use std::collections::BTreeMap;

use tokenmint::Store;

pub use request::{Answer, Request, Turn};
pub use schedule::{End, Schedule, Schedules};
pub use unguarded::Unguarded;

/// How many schedules were run, and how often which property was broken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// How many schedules came to their end.
    pub schedules: usize,
    /// By its name, how many schedules broke a property.
    pub broken: BTreeMap<&'static str, usize>,
}

impl Findings {
    /// Counts a schedule and the properties that it broke.
    pub fn note(&mut self, broken: impl IntoIterator<Item = &'static str>) {
        self.schedules += 1;
        for property in broken {
            *self.broken.entry(property).or_default() += 1;
        }
    }
}

/// A store, requests that run against it at the same time, and what must hold when they are through.
#[allow(missing_debug_implementations)] // flows and functions, which nobody can read
pub struct World<S> {
    /// A store of its own.
    pub store: S,
    /// The requests, in the order in which the judge is given their answers.
    pub requests: Vec<Request>,
    /// Names the properties that are broken; `None` stands for a request that crashed.
    pub judge: Judge<S>,
}

/// What judges a [`World`] when its requests are through.
pub type Judge<S> = Box<dyn Fn(&S, &[Option<Answer>]) -> Vec<&'static str>>;

/// Runs every schedule with at most so many faults, each in a world of its own.
///
/// A store that answers the same commands in the same order otherwise breaks the property "repeatable".
pub fn explore<S: Store>(max_faults: usize, world: impl Fn() -> World<S>) -> Findings {
    let mut findings = Findings::default();
    let mut schedules = Schedules::new(max_faults);
    loop {
        let World { store, requests, judge } = world();
        let mut schedule = schedules.begin(requests);
        while let Some(command) = schedule.next() {
            schedule.reply(store.execute(command));
        }
        match schedule.end() {
            End::Answered(answers) => findings.note(judge(&store, &answers)),
            End::Diverged => findings.note(["repeatable"]),
            End::Covered => {}
        }
        if !schedules.advance() {
            return findings;
        }
    }
}
