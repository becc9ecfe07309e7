//! Takes the real flows through every schedule of concurrent requests, with a fault at every point.
//!
//! A request is a [`Task`]; between its commands any other request may run. At each command it may also crash before
//! or after the store carried it out, or be told `Unknown` after either. Every run starts anew and replays a path of
//! choices; the paths are enumerated until none is left.
//!
//! Two reads that follow each other leave the same whichever comes first, so they are tried in one order; and whether a
//! read that failed was carried out makes no difference.

use std::collections::BTreeMap;

use crate::error::ErrorCode;
use crate::store::{Command, MemoryStore, Reply, Store, StoreError};
use crate::task::{Step, Task};

/// What a request answered: a text that identifies the success, or the code of the refusal.
pub(super) type Answer = Result<String, ErrorCode>;
/// The reply to the last command in; the next command or the answer out.
type Advance = Box<dyn FnMut(Option<Result<Reply, StoreError>>) -> Next>;

enum Next {
    Need(Command),
    Done(Answer),
}

/// One concurrent request.
pub(super) struct Request {
    advance: Advance,
    state: State,
}

enum State {
    Asking(Command),
    Answered(Answer),
    Crashed,
}

impl Request {
    pub(super) fn new<T: 'static>(mut task: Task<T>, show: fn(T) -> String) -> Self {
        let advance: Advance = Box::new(move |reply| match task.step(reply) {
            Step::Need(command) => Next::Need(command),
            Step::Done(outcome) => Next::Done(outcome.result.map(show).map_err(|error| error.code())),
            Step::Spent => panic!("a spent task was driven"),
        });
        let mut request = Request { advance, state: State::Crashed };
        request.go_on(None);
        request
    }

    fn go_on(&mut self, reply: Option<Result<Reply, StoreError>>) {
        self.state = match (self.advance)(reply) {
            Next::Need(command) => State::Asking(command),
            Next::Done(answer) => State::Answered(answer),
        };
    }

    fn answer(&self) -> Option<&Answer> {
        match &self.state {
            State::Answered(answer) => Some(answer),
            _ => None,
        }
    }
}

/// What happens to a command.
#[derive(Clone, Copy)]
enum Fate {
    Normal,
    CrashBefore,
    CrashAfter,
    UnknownDone,
    UnknownNotDone,
}

impl Fate {
    /// What can happen to a command.
    fn of(command: &Command, may_fail: bool) -> &'static [Fate] {
        match command {
            _ if !may_fail => &[Fate::Normal],
            Command::Load { .. } => &[Fate::Normal, Fate::CrashBefore, Fate::UnknownNotDone],
            _ => {
                &[Fate::Normal, Fate::CrashBefore, Fate::CrashAfter, Fate::UnknownDone, Fate::UnknownNotDone]
            }
        }
    }
}

/// How many schedules were run, and how often which property was broken.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    pub(super) schedules: usize,
    pub(super) broken: BTreeMap<&'static str, usize>,
}

/// A store, requests that run against it at the same time, and what must hold when they are through.
pub(super) struct World<S> {
    pub(super) store: S,
    pub(super) requests: Vec<Request>,
    pub(super) judge: Judge<S>,
}

pub(super) type Judge<S> = Box<dyn Fn(&S, &[Option<&Answer>]) -> Vec<&'static str>>;

/// Runs every schedule with at most `max_faults` faults.
pub(super) fn explore<S: Store>(max_faults: usize, world: impl Fn() -> World<S>) -> Findings {
    let mut findings = Findings::default();
    let mut path = Vec::<(usize, usize)>::new();
    loop {
        let mut world = world();
        if run(&mut world, max_faults, &mut path) {
            findings.schedules += 1;
            let answers: Vec<_> = world.requests.iter().map(Request::answer).collect();
            for broken in (world.judge)(&world.store, &answers) {
                *findings.broken.entry(broken).or_default() += 1;
            }
        }
        // The next path: the last choice that has an alternative takes it.
        while path.last().is_some_and(|(choice, options)| choice + 1 == *options) {
            path.pop();
        }
        match path.last_mut() {
            Some((choice, _)) => *choice += 1,
            None => return findings,
        }
    }
}

/// Whether the requests came to their end: a schedule that another one stands for is left where that shows.
fn run<S: Store>(world: &mut World<S>, max_faults: usize, path: &mut Vec<(usize, usize)>) -> bool {
    let (mut depth, mut faults) = (0, 0);
    // The request that has just read.
    let mut reader = 0;
    loop {
        let choices: Vec<(usize, &Command, Fate)> = (world.requests.iter().enumerate())
            .filter_map(|(index, request)| match &request.state {
                State::Asking(Command::Load { .. }) if index < reader => None,
                State::Asking(command) => Some((index, command)),
                _ => None,
            })
            .flat_map(|(index, command)| {
                Fate::of(command, faults < max_faults).iter().map(move |fate| (index, command, *fate))
            })
            .collect();
        if choices.is_empty() {
            return world.requests.iter().all(|request| !matches!(request.state, State::Asking(_)));
        }
        if depth == path.len() {
            path.push((0, choices.len()));
        }
        let (index, command, fate) = choices[path[depth].0];
        let command = command.clone();
        depth += 1;
        reader = if matches!(command, Command::Load { .. }) { index } else { 0 };
        let request = &mut world.requests[index];
        match fate {
            Fate::Normal => request.go_on(Some(world.store.execute(command))),
            Fate::CrashBefore => request.state = State::Crashed,
            Fate::CrashAfter => {
                let _ = world.store.execute(command);
                request.state = State::Crashed;
            }
            Fate::UnknownDone => {
                let _ = world.store.execute(command);
                request.go_on(Some(Err(StoreError::Unknown)));
            }
            Fate::UnknownNotDone => request.go_on(Some(Err(StoreError::Unknown))),
        }
        faults += usize::from(!matches!(fate, Fate::Normal));
    }
}

/// A store whose conditional write does not look at its condition.
pub(super) struct Unguarded(pub(super) MemoryStore);

impl Store for Unguarded {
    fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        use crate::store::{Expect, Write};
        let Command::Cas { key, write: Write::Put(entry), .. } = command else {
            return self.0.execute(command);
        };
        let expect = match self.0.execute(Command::Load { keys: vec![key.clone()] })? {
            Reply::Loaded { entries, .. } => match entries.into_iter().next().flatten() {
                Some(found) => Expect::Version(found.version),
                None => Expect::Absent,
            },
            _ => return Err(StoreError::Corrupt),
        };
        self.0.execute(Command::Cas { key, expect, write: Write::Put(entry) })
    }
}
