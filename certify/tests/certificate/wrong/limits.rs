//! The limits of a store that is wrong.

use tokenmint::{RecordKey, Reply};
use tokio::time::Instant;

use super::{Fault, Wrong, since_1970};

impl Wrong {
    pub(super) fn throttle(
        &self,
        key: &RecordKey,
        interval_us: u64,
        burst_us: u64,
        cost: u32,
        given_us: u64,
    ) -> Reply {
        let own_us = u64::try_from(since_1970().as_micros()).unwrap();
        let now_us = match self.fault {
            Fault::LimitsInAnotherZone => own_us + 3_600_000_000,
            Fault::LimitsClockStands => self.start_ms * 1000 + 1,
            Fault::LimitsClockCountsSeconds => own_us / 1_000_000 * 1_000_000,
            Fault::IdleTimeIsSavedByOwnClock => own_us,
            _ => given_us,
        };
        let cost = match self.fault {
            Fault::NoCostIsOne => cost.max(1),
            Fault::CostsAreOne => 1,
            _ => cost,
        };
        let place = match self.fault {
            Fault::LimitsKeysAreCut => key.as_bytes()[..key.as_bytes().len().min(32)].to_vec(),
            Fault::LimitsKeysFoldCase => key.as_bytes().to_ascii_lowercase(),
            _ => key.as_bytes().to_vec(),
        };
        let mut shelf = self.shelf.lock().unwrap();
        if self.is(Fault::ALimitCostsTheIndex) {
            shelf.index.retain(|(listed, _)| listed != key);
        }
        let cell = shelf.cells.get(&place).copied().filter(|(_, written_us, written)| {
            let late = self.is(Fault::LimitsAreForgotten) && now_us - written_us > 60_000_000;
            !late && self.forgets.is_none_or(|time| written.elapsed() < time)
        });
        let tat_us = cell.map_or(0, |(tat_us, ..)| tat_us);
        let saved = matches!(self.fault, Fault::IdleTimeIsSaved | Fault::IdleTimeIsSavedByOwnClock);
        let from = if saved && cell.is_some() { tat_us } else { tat_us.max(now_us) };
        let next = from.saturating_add(interval_us.saturating_mul(cost.into()));
        if next.saturating_sub(now_us) > burst_us || (cost == 0 && self.is(Fault::NoCostIsDenied)) {
            return Reply::Denied { tat_us };
        }
        if shelf.cells.insert(place.clone(), (next, now_us, Instant::now())).is_none() {
            shelf.arrived.push(place);
        }
        if self.is(Fault::LimitsAreEvicted) && shelf.cells.len() > 10_000 {
            let oldest = shelf.arrived.remove(0);
            shelf.cells.remove(&oldest);
        }
        Reply::Admitted { tat_us: next }
    }
}
