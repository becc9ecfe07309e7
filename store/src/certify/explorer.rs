//! Takes real flows through the schedules of concurrent requests on the store under test, with faults.
//!
//! A request is a [`Task`]; between its commands any other request may run. At each command it may also crash before or
//! after the store carried it out, or be told `Unknown` after either.

use std::collections::BTreeMap;

use tokenmint::{AsyncStore, Command, ErrorCode, Reply, Step, StoreError, Task};

use super::random::Random;
use super::trial::{Verdict, failed};

/// What a request answered: a text that identifies the success, or the code of the refusal.
pub(crate) type Answer = Result<String, ErrorCode>;

/// The reply to the last command in; the next command or the answer out.
type Advance = Box<dyn FnMut(Option<Result<Reply, StoreError>>) -> State + Send>;

/// One of several requests at the same time.
pub(crate) struct Request {
    advance: Advance,
    state: State,
}

enum State {
    Asking(Command),
    Answered(Answer),
    Crashed,
}

impl Request {
    pub(crate) fn new<T: 'static>(mut task: Task<T>, show: fn(T) -> String) -> Self {
        let advance: Advance = Box::new(move |reply| match task.step(reply) {
            Step::Need(command) => State::Asking(command),
            Step::Done(outcome) => State::Answered(outcome.result.map(show).map_err(|error| error.code())),
            Step::Spent => State::Crashed,
        });
        let mut request = Request { advance, state: State::Crashed };
        request.go_on(None);
        request
    }

    fn go_on(&mut self, reply: Option<Result<Reply, StoreError>>) {
        self.state = (self.advance)(reply);
    }

    fn answer(&self) -> Option<Answer> {
        match &self.state {
            State::Answered(answer) => Some(answer.clone()),
            _ => None,
        }
    }
}

/// What happens to a command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Normal,
    CrashBefore,
    CrashAfter,
    UnknownDone,
    UnknownNotDone,
}

const FATES: [Fate; 5] =
    [Fate::Normal, Fate::CrashBefore, Fate::CrashAfter, Fate::UnknownDone, Fate::UnknownNotDone];

/// How many schedules were run, and how often which property was broken.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    pub(crate) schedules: usize,
    pub(crate) broken: BTreeMap<&'static str, usize>,
}

/// Requests that run at the same time, and what must hold when they are through.
pub(crate) trait Scene<S>: Sized {
    /// A new one, on records of its own.
    async fn set(&mut self, store: &S) -> Verdict<Vec<Request>>;

    /// Which properties are broken; `None` stands for a request that crashed.
    async fn judge(&mut self, store: &S, answers: &[Option<Answer>]) -> Vec<&'static str>;
}

/// Runs every schedule with at most so many faults; where there are more than `limit`, half of the limit in order and
/// as many at random.
pub(crate) async fn explore<S: AsyncStore>(
    store: &S,
    scene: &mut impl Scene<S>,
    faults: usize,
    limit: usize,
    random: &mut Random,
) -> Verdict<Findings> {
    let mut findings = Findings::default();
    let mut path = Vec::<(usize, usize)>::new();
    while findings.schedules < limit {
        let in_order = findings.schedules < limit.div_ceil(2);
        if !in_order {
            path.clear();
        }
        let mut requests = scene.set(store).await?;
        run(store, &mut requests, faults, &mut path, if in_order { None } else { Some(random) }).await?;
        findings.schedules += 1;
        let answers: Vec<_> = requests.iter().map(Request::answer).collect();
        for broken in scene.judge(store, &answers).await {
            *findings.broken.entry(broken).or_default() += 1;
        }
        // The next path: the last choice that has an alternative takes it.
        while in_order && path.last().is_some_and(|(choice, options)| choice + 1 == *options) {
            path.pop();
        }
        match path.last_mut() {
            Some((choice, _)) => *choice += 1,
            None => break,
        }
    }
    Ok(findings)
}

async fn run<S: AsyncStore>(
    store: &S,
    requests: &mut [Request],
    max_faults: usize,
    path: &mut Vec<(usize, usize)>,
    mut random: Option<&mut Random>,
) -> Verdict {
    let (mut depth, mut faults) = (0, 0);
    loop {
        let mut asking: Vec<&mut Request> =
            requests.iter_mut().filter(|request| matches!(request.state, State::Asking(_))).collect();
        if asking.is_empty() {
            return Ok(());
        }
        let fates = if faults < max_faults { FATES.len() } else { 1 };
        let options = asking.len() * fates;
        if depth == path.len() {
            let choice = random.as_mut().map_or(0, |random| random.below(options as u64));
            path.push((usize::try_from(choice).unwrap_or(0), options));
        }
        let choice = path.get(depth).map_or(0, |(choice, _)| *choice);
        depth += 1;
        let fate = FATES.get(choice % fates).copied().unwrap_or(Fate::Normal);
        // The same choices lead to the same requests, if the store answers the same.
        let Some(request) = asking.get_mut(choice / fates) else {
            return Err(failed("the same commands in the same order were answered otherwise"));
        };
        let State::Asking(command) = &request.state else { return Ok(()) };
        let command = command.clone();
        let reply = match fate {
            Fate::CrashBefore | Fate::UnknownNotDone => None,
            _ => Some(store.execute(command).await),
        };
        match fate {
            Fate::Normal => request.go_on(reply),
            Fate::CrashBefore | Fate::CrashAfter => request.state = State::Crashed,
            Fate::UnknownDone | Fate::UnknownNotDone => request.go_on(Some(Err(StoreError::Unknown))),
        }
        faults += usize::from(fate != Fate::Normal);
    }
}
