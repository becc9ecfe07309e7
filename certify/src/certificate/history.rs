//! Whether a recorded history could have happened one command at a time: the search of Wing and Gong with the memory
//! of Lowe.
//!
//! Versions are unique, so the state of a key is its version.

use std::collections::HashSet;

use tokenmint::Version;

/// One command on one key, as its caller saw it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    /// When it was asked for, and when its answer was there, on one clock for all.
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) kind: Observed,
}

/// What was asked, and what was answered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Observed {
    Loaded(Option<Version>),
    /// A write that was done: what it expected, and what it wrote.
    Written(Option<Version>, Option<Version>),
    /// A write that may have been done.
    Unknown(Option<Version>, Option<Version>),
    /// A write that was refused: what it expected, and what it was shown.
    Conflict(Option<Version>, Option<Version>),
}

impl Event {
    /// An answer of which nothing is known can be the last of all, or never come.
    fn end(&self) -> u64 {
        if let Observed::Unknown(..) = self.kind { u64::MAX } else { self.end }
    }

    /// The states that this event can leave where it finds `state`.
    fn apply(&self, state: Option<Version>) -> Option<Option<Version>> {
        match self.kind {
            Observed::Loaded(seen) => (seen == state).then_some(state),
            Observed::Written(expected, written) | Observed::Unknown(expected, written) => {
                (expected == state).then_some(written)
            }
            Observed::Conflict(..) => None,
        }
    }
}

/// One step of the search: an event, or one half of a conflict, which compares first and reads not before that.
struct Part {
    start: u64,
    end: u64,
    does: Does,
}

enum Does {
    Apply(Event),
    Refuse {
        expected: Option<Version>,
    },
    /// After the step of this index.
    Show {
        seen: Option<Version>,
        after: usize,
    },
}

/// Whether the events, on a key that was absent at first, have an order that keeps real time and explains every answer.
pub(crate) fn is_linearizable(events: &[Event]) -> bool {
    let mut steps = Vec::with_capacity(events.len() + 8);
    for event in events {
        let (start, end) = (event.start, event.end());
        if let Observed::Conflict(expected, seen) = event.kind {
            steps.push(Part { start, end, does: Does::Refuse { expected } });
            let after = steps.len() - 1;
            steps.push(Part { start, end, does: Does::Show { seen, after } });
        } else {
            steps.push(Part { start, end, does: Does::Apply(*event) });
        }
    }
    let mut known = HashSet::new();
    let mut open = vec![(Taken::of(steps.len()), None)];
    while let Some((taken, state)) = open.pop() {
        if !known.insert((taken.clone(), state)) {
            continue;
        }
        let left = || steps.iter().enumerate().filter(|(index, _)| !taken.has(*index));
        // Whatever began after the first of the rest had ended comes later.
        let Some(horizon) = left().map(|(_, step)| step.end).min().filter(|end| *end < u64::MAX) else {
            return true;
        };
        for (index, step) in left().filter(|(_, step)| step.start <= horizon) {
            let next = match &step.does {
                Does::Apply(event) => event.apply(state),
                Does::Refuse { expected } => (*expected != state).then_some(state),
                Does::Show { seen, after } => (taken.has(*after) && *seen == state).then_some(state),
            };
            if let Some(next) = next {
                open.push((taken.with(index), next));
            }
        }
    }
    false
}

/// A set of steps.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Taken(Vec<u64>);

impl Taken {
    fn of(steps: usize) -> Self {
        Taken(vec![0; steps.div_ceil(64)])
    }

    fn has(&self, index: usize) -> bool {
        self.0.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    fn with(&self, index: usize) -> Self {
        let mut taken = self.clone();
        if let Some(word) = taken.0.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::Observed::*;
    use super::*;

    fn v(n: u8) -> Option<Version> {
        Version::new(&[n; 8])
    }

    fn history(events: &[(u64, u64, Observed)]) -> bool {
        let event = |&(start, end, kind): &(u64, u64, Observed)| Event { start, end, kind };
        is_linearizable(&events.iter().map(event).collect::<Vec<_>>())
    }

    #[test]
    fn answers_in_order_are_explained() {
        assert!(history(&[
            (1, 2, Written(None, v(1))),
            (3, 4, Loaded(v(1))),
            (5, 6, Conflict(None, v(1))),
            (7, 8, Written(v(1), None)),
            (9, 10, Loaded(None)),
        ]));
    }

    #[test]
    fn a_stale_read_and_a_lost_update_are_not() {
        assert!(!history(&[(1, 2, Written(None, v(1))), (3, 4, Loaded(None))]));
        assert!(history(&[(1, 3, Written(None, v(1))), (2, 4, Loaded(None))]), "at the same time it is none");
        let both = [(1, 2, Written(None, v(1))), (3, 6, Written(v(1), v(2))), (4, 5, Written(v(1), v(3)))];
        assert!(!history(&both));
        // Reads that see two states in opposite orders.
        assert!(!history(&[
            (1, 2, Written(None, v(1))),
            (3, 20, Written(v(1), v(2))),
            (4, 5, Loaded(v(2))),
            (6, 7, Loaded(v(1))),
        ]));
    }

    #[test]
    fn an_unknown_write_may_come_late_or_never() {
        let unknown = (1, 2, Unknown(None, v(1)));
        assert!(history(&[unknown, (3, 4, Loaded(None))]));
        assert!(history(&[unknown, (3, 4, Loaded(v(1)))]));
        assert!(history(&[unknown, (3, 4, Loaded(None)), (5, 6, Loaded(v(1)))]));
        assert!(!history(&[unknown, (3, 4, Loaded(v(1))), (5, 6, Loaded(None))]));
    }

    #[test]
    fn a_conflict_shows_what_is_there_not_before_the_comparison() {
        let written = (1, 2, Written(None, v(1)));
        assert!(!history(&[written, (3, 4, Conflict(v(1), v(1)))]), "it was as expected");
        assert!(!history(&[written, (3, 4, Conflict(None, v(2)))]), "nobody wrote this");
        let replaced = (3, 6, Written(v(1), v(2)));
        assert!(history(&[written, replaced, (4, 5, Conflict(v(9), v(1)))]));
        assert!(history(&[written, replaced, (4, 5, Conflict(None, v(2)))]));
        // Compared while it was there, and read when it was gone.
        assert!(history(&[written, (3, 6, Written(v(1), None)), (4, 5, Conflict(None, None))]));
    }
}
