//! Takes real flows through the schedules of concurrent requests on the store under test, with faults.

use tokenmint::AsyncStore;

use super::random::Random;
use super::trial::{Verdict, failed};
use crate::explorer::{Answer, End, Findings, Request, Schedules};

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
    max_faults: usize,
    limit: usize,
    random: &mut Random,
) -> Verdict<Findings> {
    let mut findings = Findings::default();
    let mut schedules = Schedules::new(max_faults);
    let mut below = |end: usize| usize::try_from(random.below(end as u64)).unwrap_or(0);
    while findings.schedules < limit {
        let in_order = findings.schedules < limit.div_ceil(2);
        let requests = scene.set(store).await?;
        let mut schedule =
            if in_order { schedules.begin(requests) } else { schedules.begin_any(requests, &mut below) };
        while let Some(command) = schedule.next() {
            schedule.reply(store.execute(command).await);
        }
        match schedule.end() {
            End::Answered(answers) => findings.note(scene.judge(store, &answers).await),
            End::Covered => {}
            End::Diverged => {
                return Err(failed("the same commands in the same order were answered otherwise"));
            }
        }
        if in_order && !schedules.advance() {
            break;
        }
    }
    Ok(findings)
}
