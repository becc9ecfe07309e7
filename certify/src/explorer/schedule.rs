//! Which request goes on next, and what happens to its command: every choice, in order or by chance.

use std::fmt;

use tokenmint::{Command, Reply, StoreError};

use super::request::{Answer, Request};

/// What happens to a command.
#[derive(Clone, Copy, PartialEq, Eq)]
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

/// All schedules of the same requests, one after the other.
#[derive(Debug)]
pub struct Schedules {
    max_faults: usize,
    /// What was chosen at each point, of how many.
    path: Vec<(usize, usize)>,
}

impl Schedules {
    /// Those with at most so many faults.
    pub fn new(max_faults: usize) -> Self {
        Schedules { max_faults, path: Vec::new() }
    }

    /// Begins the schedule that is due. The requests are the same each time, made anew.
    pub fn begin(&mut self, requests: Vec<Request>) -> Schedule<'_> {
        Schedule::new(requests, self.max_faults, Choice::InOrder { path: &mut self.path, depth: 0 })
    }

    /// Begins any schedule: `below` gives a number below the one that it is given.
    pub fn begin_any<'a>(
        &self,
        requests: Vec<Request>,
        below: &'a mut (dyn FnMut(usize) -> usize + Send),
    ) -> Schedule<'a> {
        Schedule::new(requests, self.max_faults, Choice::Any(below))
    }

    /// Goes on to the next schedule; `false` where there was none left.
    pub fn advance(&mut self) -> bool {
        // The last choice that has an alternative takes it.
        while self.path.pop_if(|(choice, options)| *choice + 1 >= *options).is_some() {}
        match self.path.last_mut() {
            Some((choice, _)) => *choice += 1,
            None => return false,
        }
        true
    }
}

/// One schedule under way: [`Schedule::next`] says what the store is to carry out, [`Schedule::reply`] takes its reply.
pub struct Schedule<'a> {
    requests: Vec<Request>,
    choice: Choice<'a>,
    faults_left: usize,
    /// The request that has just read.
    reader: usize,
    /// Whose command is with the store, and what will become of it.
    under_way: Option<(usize, Fate)>,
    diverged: bool,
}

enum Choice<'a> {
    InOrder { path: &'a mut Vec<(usize, usize)>, depth: usize },
    Any(&'a mut (dyn FnMut(usize) -> usize + Send)),
}

/// How a [`Schedule`] ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// What each request answered; `None` where it crashed.
    Answered(Vec<Option<Answer>>),
    /// It was left before its end, since another schedule stands for it.
    Covered,
    /// The choices of an earlier schedule led elsewhere: the store answered otherwise.
    Diverged,
}

impl<'a> Schedule<'a> {
    fn new(requests: Vec<Request>, faults_left: usize, choice: Choice<'a>) -> Self {
        Schedule { requests, choice, faults_left, reader: 0, under_way: None, diverged: false }
    }

    /// The next command that the store is to carry out; `None` at the end.
    #[allow(clippy::should_implement_trait)] // each command waits for its reply
    pub fn next(&mut self) -> Option<Command> {
        loop {
            let (index, fate) = self.choose()?;
            let request = self.requests.get_mut(index)?;
            let command = request.asks()?.clone();
            let reads = matches!(command, Command::Load { .. });
            self.reader = if reads { index } else { 0 };
            self.faults_left -= usize::from(fate != Fate::Normal);
            match fate {
                Fate::CrashBefore => request.crash(),
                Fate::UnknownNotDone => request.reply(Err(StoreError::Unknown)),
                Fate::Normal | Fate::CrashAfter | Fate::UnknownDone => {
                    self.under_way = Some((index, fate));
                    return Some(command);
                }
            }
        }
    }

    /// Goes on with the reply to the command that was asked for.
    pub fn reply(&mut self, reply: Result<Reply, StoreError>) {
        let Some((index, fate)) = self.under_way.take() else { return };
        let Some(request) = self.requests.get_mut(index) else { return };
        match fate {
            Fate::Normal => request.reply(reply),
            Fate::CrashBefore | Fate::CrashAfter => request.crash(),
            Fate::UnknownDone | Fate::UnknownNotDone => request.reply(Err(StoreError::Unknown)),
        }
    }

    /// How it ended.
    pub fn end(self) -> End {
        if self.diverged {
            End::Diverged
        } else if self.requests.iter().any(|request| request.asks().is_some()) {
            End::Covered
        } else {
            End::Answered(self.requests.into_iter().map(Request::answer).collect())
        }
    }

    fn choose(&mut self) -> Option<(usize, Fate)> {
        let may_fail = self.faults_left > 0;
        let in_order = matches!(self.choice, Choice::InOrder { .. });
        let asking = self.requests.iter().enumerate().filter_map(|(at, request)| Some((at, request.asks()?)));
        let choices: Vec<_> = asking
            .filter(|(at, command)| {
                !in_order || *at >= self.reader || !matches!(command, Command::Load { .. })
            })
            .flat_map(|(at, command)| Fate::of(command, may_fail).iter().map(move |fate| (at, *fate)))
            .collect();
        if choices.is_empty() {
            return None;
        }
        let chosen = match &mut self.choice {
            Choice::Any(below) => below(choices.len()),
            Choice::InOrder { path, depth } => {
                if *depth == path.len() {
                    path.push((0, choices.len()));
                }
                *depth += 1;
                path.get(*depth - 1)?.0
            }
        };
        let choice = choices.get(chosen).copied();
        self.diverged |= choice.is_none();
        choice
    }
}

impl fmt::Debug for Schedule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schedule").field("requests", &self.requests).finish_non_exhaustive()
    }
}
