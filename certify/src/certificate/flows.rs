//! The flows of the core on the store: what users would notice of a store that is not right.

use std::sync::Mutex;

use tokenmint::{
    AsyncStore, Command, Entry, ErrorCode, Event, EventKind, Expect, RecordKey, Reply, StoreError, Write,
};

use super::rig::Rig;
use super::scenes::{Redemptions, Refreshes, Revocation, World};
use super::stage::{Scene, explore};
use super::trial::{Trial, Verdict, cas, done, ensure, failed};
use crate::explorer::{Findings, Unguarded};

pub(crate) async fn refreshes<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    for (count, faults) in [(2, 0), (2, 1), (3, 0), (3, t.size(1, 3))] {
        let world = World::new(t.next_fresh())?;
        let mut scene = Refreshes { world, count, keys_rotate: false, token: String::new() };
        unbroken(t, &format!("{count} refreshes, {faults} faults"), &mut scene, faults).await?;
    }
    Ok(())
}

pub(crate) async fn redemptions<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    for (count, faults) in [(1, 1), (2, 0), (2, 1), (3, t.size(1, 3))] {
        let world = World::new(t.next_fresh())?;
        let mut scene = Redemptions { world, count, around_the_end: false, token: String::new() };
        unbroken(t, &format!("{count} redeemers, {faults} faults"), &mut scene, faults).await?;
    }
    Ok(())
}

pub(crate) async fn crossings<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let world = World::new(t.next_fresh())?;
    let mut scene = Revocation { world, refreshes: 2, session: None };
    unbroken(t, "2 refreshes x revoke", &mut scene, 1).await?;
    let world = World::new(t.next_fresh())?;
    let mut scene = Refreshes { world, count: 2, keys_rotate: true, token: String::new() };
    unbroken(t, "2 refreshes x rotation of the keys", &mut scene, 1).await?;
    let world = World::new(t.next_fresh())?;
    let mut scene = Redemptions { world, count: 3, around_the_end: true, token: String::new() };
    unbroken(t, "3 redeemers x expiry", &mut scene, 1).await?;
    let world = World::new(t.next_fresh())?;
    let mut scene = Revocation { world, refreshes: 0, session: None };
    unbroken(t, "revoke x introspection", &mut scene, 1).await
}

async fn unbroken<R: Rig>(
    t: &mut Trial<'_, R>,
    what: &str,
    scene: &mut impl Scene<R::Store>,
    faults: usize,
) -> Verdict {
    let limit = t.size(60, 2000);
    let Findings { schedules, broken } = explore(&*t.store, scene, faults, limit, &mut t.random).await?;
    ensure!(broken.is_empty(), "{what}: {schedules} schedules, and so often was broken: {broken:?}");
    Ok(())
}

pub(crate) async fn theft_is_detected<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let mut world = World::new(t.next_fresh())?;
    // Whoever of the two comes second is late by more than the grace, and both lose the session.
    let stolen = world.session(&*t.store).await?.refresh_token;
    let first = world.refresh(&stolen, 100);
    let next = world.settle(&*t.store, first).await?.refresh_token;
    let within = world.refresh(&stolen, 105).run_async(&*t.store).await.result;
    let again = within.map(|pair| pair.refresh_token).map_err(|error| error.code());
    ensure!(again == Ok(next.clone()), "within the grace the old token did not give the same successor");
    let late = world.refresh(&stolen, 111).run_async(&*t.store).await;
    refused(&late.result, &late.events, EventKind::RefreshReuseDetected, ErrorCode::InvalidGrant)?;
    let ended = world.refresh(&next, 112).run_async(&*t.store).await.result;
    let code = ended.err().map(|error| error.code());
    ensure!(code == Some(ErrorCode::InvalidGrant), "the stolen session goes on: {code:?}");
    Ok(())
}

pub(crate) async fn lost_writes_are_reported<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let mut world = World::new(t.next_fresh())?;
    let watched = Watched { store: &*t.store, written: Mutex::default() };
    let token = world.session(&watched).await?.refresh_token;
    let (_, before) = watched.last()?;
    let refresh = world.refresh(&token, 1);
    let next = world.settle(&watched, refresh).await?.refresh_token;
    let (key, after) = watched.last()?;
    // The store goes back in time, as after a restore from a backup.
    let change = cas(&*t.store, &key, Expect::Version(after.version), Write::Put(before)).await?;
    done("the write that goes back", change)?;
    let outcome = world.refresh(&next, 2).run_async(&*t.store).await;
    refused(&outcome.result, &outcome.events, EventKind::StoreRegressed, ErrorCode::StoreRegressed)
}

fn refused<T>(result: &tokenmint::Result<T>, events: &[Event], event: EventKind, code: ErrorCode) -> Verdict {
    let found = result.as_ref().err().map(tokenmint::Error::code);
    ensure!(found == Some(code), "{found:?} in place of {code:?}");
    ensure!(events.iter().any(|found| found.kind == event), "no event {event:?}");
    Ok(())
}

pub(crate) async fn without_guard_it_is_noticed<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let limit = t.size(60, 500);
    let unguarded = Unguarded(&*t.store);
    let world = World::new(t.next_fresh())?;
    let mut scene = Redemptions { world, count: 2, around_the_end: false, token: String::new() };
    let found = explore(&unguarded, &mut scene, 0, limit, &mut t.random).await?;
    ensure!(
        found.broken.contains_key("double redemption"),
        "the explorer does not notice that the store's guard is gone: {found:?}"
    );
    // Two blind refreshes write the same, since a successor is derived: it takes a revocation to see it.
    let world = World::new(t.next_fresh())?;
    let mut scene = Revocation { world, refreshes: 1, session: None };
    let found = explore(&unguarded, &mut scene, 0, limit, &mut t.random).await?;
    ensure!(
        found.broken.contains_key("alive after revocation"),
        "the explorer does not notice that a revocation is overwritten: {found:?}"
    );
    Ok(())
}

/// The store under test, and what was written through it last.
struct Watched<'a, S> {
    store: &'a S,
    written: Mutex<Option<(RecordKey, Entry)>>,
}

impl<S> Watched<'_, S> {
    fn last(&self) -> Verdict<(RecordKey, Entry)> {
        let last = self.written.lock().ok().and_then(|mut written| written.take());
        last.ok_or_else(|| failed("a flow succeeded without a write"))
    }
}

impl<S: AsyncStore> AsyncStore for Watched<'_, S> {
    async fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        if let Command::Cas { key, write: Write::Put(entry), .. } = &command
            && let Ok(mut written) = self.written.lock()
        {
            *written = Some((key.clone(), entry.clone()));
        }
        self.store.execute(command).await
    }
}
