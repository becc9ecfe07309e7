//! What must hold over every schedule, and proof that the explorer finds it where it does not.

use super::accounts::{self, delete};
use super::explorer::{Answer, Findings, Request, Unguarded, World, explore};
use crate::flow::refresh_token::Presented;
use crate::record::session::{Session, session_key};
use crate::store::{Command, Expect, Write};
use crate::*;

pub(super) const NOW: i64 = 1_700_000_000;
/// When the link of these tests ends.
const LINK_END: i64 = NOW + 1800;

pub(super) fn context(now: i64, seed: u8) -> Context {
    Context::new(UnixTime::from_seconds(now), [seed; 32])
}

pub(super) fn issuer() -> Issuer {
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let categories = vec!["hris".to_owned()];
    let policy = Policy::new("https://issuer.example")
        .audience("api")
        .session_secret([9; 32].as_slice())
        .integration(Integration { slug: "lever".into(), name: "Lever".into(), categories });
    Issuer::new(keys, policy).unwrap()
}

/// A store with one open session, and its refresh token.
fn with_session<S: Store>(store: S) -> (S, String) {
    let secret = Secret::from("secret");
    let client =
        directory::Client::new("c1", "org", SecretHash::of(secret.expose())).permission(Permission::Sessions);
    directory::create_client(client, &context(NOW, 1)).run(&store).result.unwrap();
    let proof = ClientProof::new("c1", secret);
    let pair =
        issuer().exchange_api_key(proof, ClientConditions::default(), &context(NOW, 2)).run(&store).result;
    (store, pair.unwrap().refresh_token)
}

/// A store with one link, and its token.
pub(super) fn with_link<S: Store>(store: S) -> (S, String) {
    let bearer = Secret::from("bearer");
    let key = directory::BearerKey {
        organization: "org".into(),
        permissions: vec![Permission::Links],
        disabled: false,
    };
    directory::create_bearer_key(&bearer, key, &context(NOW, 1)).run(&store).result.unwrap();
    let details = LinkDetails {
        origin_id: "u1".into(),
        end_user_organization: "o".into(),
        end_user_email: "e".into(),
        categories: vec!["hris".into()],
        integration: Some("lever".into()),
        settings: Default::default(),
    };
    let lifetime = Lifetime::from_seconds(1800).unwrap();
    let link = issuer().create_link(bearer, details, lifetime, &context(NOW, 2)).run(&store).result.unwrap();
    (store, link.link_token)
}

fn refresh(token: &str, seed: u8) -> Task<TokenPair> {
    issuer().refresh(token, &context(NOW + 1, seed))
}

pub(super) fn redeem(token: &str, redeemer: Option<&str>, now: i64, seed: u8) -> Task<PublicToken> {
    let request =
        RedeemRequest { link_token: token.into(), integration: None, redeemer: redeemer.map(Into::into) };
    issuer().redeem_link(request, &context(now, seed))
}

pub(super) fn successes(answers: &[Option<&Answer>]) -> Vec<String> {
    let mut found: Vec<String> =
        answers.iter().filter_map(|answer| answer.as_ref()?.as_ref().ok().cloned()).collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn refused_with(answers: &[Option<&Answer>], code: ErrorCode) -> bool {
    answers.iter().flatten().any(|answer| answer.as_ref().is_err_and(|found| *found == code))
}

/// `n` refreshes of one token at once. Whoever got no answer asks again.
fn refreshes<S: Store + 'static>(n: u8, store: impl Fn() -> S) -> World<S> {
    refreshes_by(n, store, refresh)
}

fn refreshes_by<S: Store + 'static>(
    n: u8,
    store: impl Fn() -> S,
    flow: fn(&str, u8) -> Task<TokenPair>,
) -> World<S> {
    let (store, token) = with_session(store());
    let requests = (0..n).map(|i| Request::new(flow(&token, 10 + i), |pair| pair.refresh_token)).collect();
    let judge = move |store: &S, answers: &[Option<&Answer>]| {
        let mut broken = Vec::new();
        let mut successors = successes(answers);
        let retry = flow(&token, 50).run(store);
        match &retry.result {
            Ok(pair) => successors.push(pair.refresh_token.clone()),
            Err(_) => broken.push("lost session"),
        }
        successors.dedup();
        if successors.len() > 1 {
            broken.push("fork");
        }
        if refused_with(answers, ErrorCode::InvalidGrant) {
            broken.push("false log-out");
        }
        // The chain goes on from whatever successor was given.
        if !successors.iter().all(|successor| flow(successor, 60).run(store).result.is_ok()) {
            broken.push("lost session");
        }
        broken
    };
    World { store, requests, judge: Box::new(judge) }
}

/// Two refreshes while the session is revoked.
fn refreshes_and_revoke<S: Store + 'static>(store: impl Fn() -> S) -> World<S> {
    let (store, token) = with_session(store());
    let session = Presented::parse(&issuer(), &token).unwrap().session;
    let revoke = move |seed| issuer().revoke_session(&session, &context(NOW + 1, seed));
    let mut requests: Vec<_> =
        (0..2).map(|i| Request::new(refresh(&token, 10 + i), |pair| pair.refresh_token)).collect();
    requests.push(Request::new(revoke(20), |()| "revoked".into()));
    let judge = move |store: &S, answers: &[Option<&Answer>]| {
        let mut broken = Vec::new();
        // A revocation that was not confirmed is asked for again, as an operator would.
        if !matches!(answers[2], Some(Ok(_))) && revoke(21).run(store).result.is_err() {
            broken.push("revocation refused");
        }
        let mut tokens = successes(&answers[..2]);
        tokens.push(token.clone());
        if tokens.iter().any(|token| refresh(token, 50).run(store).result.is_ok()) {
            broken.push("alive after revocation");
        }
        broken
    };
    World { store, requests, judge: Box::new(judge) }
}

/// `n` redeemers of one link at once. Whoever got no answer asks again.
fn redemptions<S: Store + 'static>(n: u8, times: fn(u8) -> i64, store: impl Fn() -> S) -> World<S> {
    let (store, token) = with_link(store());
    let name = |i: u8| format!("redeemer {i}");
    let requests = (0..n)
        .map(|i| Request::new(redeem(&token, Some(&name(i)), times(i), 10 + i), |public| public.public_token))
        .collect();
    let judge = move |store: &S, answers: &[Option<&Answer>]| {
        let mut broken = Vec::new();
        let mut redeemers = 0;
        for i in 0..n {
            let answer = answers[usize::from(i)].cloned();
            let unsure = match &answer {
                None => true,
                Some(answer) => *answer == Err(ErrorCode::StoreUnknown),
            };
            let answer = match answer {
                Some(answer) if !unsure => answer,
                _ => {
                    let again = redeem(&token, Some(&name(i)), times(i), 40 + i).run(store).result;
                    again.map(|public| public.public_token).map_err(|error| error.code())
                }
            };
            redeemers += usize::from(answer.is_ok());
            if answer.is_ok() && times(i) >= LINK_END {
                broken.push("redeemed after its end");
            }
        }
        let in_time = (0..n).any(|i| times(i) < LINK_END);
        if redeemers > 1 {
            broken.push("double redemption");
        }
        if redeemers == 0 && in_time {
            broken.push("burnt link");
        }
        broken
    };
    World { store, requests, judge: Box::new(judge) }
}

fn in_time(_: u8) -> i64 {
    NOW + 60
}

/// The first redeemer in the last second, the second at exactly the end, the third later.
fn around_the_end(i: u8) -> i64 {
    LINK_END - 1 + i64::from(i)
}

#[test]
fn no_schedule_breaks_a_flow() {
    let results = [
        ("2 refreshes, up to 2 faults", explore(2, || refreshes(2, MemoryStore::new))),
        ("3 refreshes, up to 1 fault", explore(1, || refreshes(3, MemoryStore::new))),
        ("2 refreshes x revoke, up to 1 fault", explore(1, || refreshes_and_revoke(MemoryStore::new))),
        ("2 redeemers, up to 2 faults", explore(2, || redemptions(2, in_time, MemoryStore::new))),
        ("3 redeemers, up to 1 fault", explore(1, || redemptions(3, in_time, MemoryStore::new))),
        (
            "3 redeemers x expiry, up to 1 fault",
            explore(1, || redemptions(3, around_the_end, MemoryStore::new)),
        ),
        ("2 redeemers without a key, up to 1 fault", explore(1, || accounts::redemptions(MemoryStore::new))),
        ("2 exchanges without a key, up to 1 fault", explore(1, || accounts::exchanges(MemoryStore::new))),
        ("exchange x regenerate x revoke, up to 1 fault", explore(1, || accounts::revoked(MemoryStore::new))),
        (
            "exchange x regenerate x delete, up to 1 fault",
            explore(1, || accounts::deleted(delete, MemoryStore::new)),
        ),
    ];
    for (name, findings) in &results {
        println!("explorer: {name}: {} schedules, broken: {:?}", findings.schedules, findings.broken);
    }
    let readme = include_str!("../../../../README.md");
    for (name, Findings { schedules, broken }) in &results {
        assert!(broken.is_empty(), "{name}: {broken:?}");
        let row = format!("| {name} | {schedules} |");
        assert!(readme.contains(&row), "the README does not say {row:?}");
    }
}

#[test]
fn no_schedule_breaks_a_flow_that_asks_for_signatures() {
    let keys = || KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let refresh = |token: &str, seed| {
        let held = Key::held_by_host("k1", Algorithm::HS256, None).unwrap();
        let keys = KeySet::builder().key(held).unwrap().build().unwrap();
        let issuer = Issuer::new(keys, issuer().policy().clone()).unwrap();
        issuer.refresh(token, &context(NOW + 1, seed))
    };
    let findings = explore(2, || refreshes_by(2, || WithSigner::new(MemoryStore::new(), keys()), refresh));
    println!("explorer: 2 signed refreshes, up to 2 faults: {} schedules", findings.schedules);
    assert!(findings.schedules > 1000 && findings.broken.is_empty(), "{findings:?}");
}

#[test]
fn a_store_without_its_guard_is_found_out() {
    let unguarded = || Unguarded(MemoryStore::new());
    // Two blind refreshes write the same, since a successor is derived: it takes a revocation between to see the fault.
    let redemptions = explore(0, || redemptions(2, in_time, unguarded));
    assert!(redemptions.broken.contains_key("double redemption"), "{redemptions:?}");
    let revoke = explore(0, || refreshes_and_revoke(unguarded));
    assert!(revoke.broken.contains_key("alive after revocation"), "{revoke:?}");
}

/// The refresh flow of many systems: find, check, consume, and only then write the successor's record.
fn naive_refresh(token: &str, seed: u8) -> Task<TokenPair> {
    let token = token.to_owned();
    issuer().task(&context(NOW + 1, seed), |mut flow| async move {
        let presented = Presented::parse(&flow.issuer, &token)?;
        let mut update = flow.records.open(session_key(&presented.session)).await?;
        let session: Session = update.found()?.ok_or(ErrorCode::InvalidGrant)?;
        if session.generation != presented.generation || session.revoked {
            return Err(ErrorCode::InvalidGrant.into());
        }
        let next = session.rotated(flow.moment(), Lifetime::MINUTE);
        // Without the guard, whatever is there is overwritten.
        if !flow.records.write(&mut update, next.draft()?).await? {
            return Err(ErrorCode::InvalidGrant.into());
        }
        flow.token_pair(&directory::Client::new("c1", "org", SecretHash::of(b"")), &next, &presented.session)
            .await
    })
}

#[test]
fn a_flow_without_its_second_thought_is_found_out() {
    // Without deciding anew after a conflict, and without a grace, a double click logs the user out.
    let naive = explore(1, || refreshes_by(2, MemoryStore::new, naive_refresh));
    assert!(naive.broken.contains_key("false log-out"), "{naive:?}");
    assert!(naive.broken.contains_key("lost session"), "{naive:?}");
}

/// The deletion of many systems: the record goes, and with it the memory that there was one.
fn naive_delete(token: &str, seed: u8) -> Task<()> {
    let id = token::derived::account_id(token).unwrap();
    issuer().task(&context(NOW + 3, seed), |mut flow| async move {
        let key = RecordKey::of("account", &[&id.to_string()]);
        let mut update = flow.records.open(key).await?;
        flow.records.remove(&mut update).await.map(drop)
    })
}

#[test]
fn a_deletion_that_leaves_nothing_behind_is_found_out() {
    let naive = explore(0, || accounts::deleted(naive_delete, MemoryStore::new));
    assert!(naive.broken.contains_key("alive after its deletion"), "{naive:?}");
}

#[test]
fn a_thief_is_caught_within_the_grace_and_one_refresh() {
    let (store, stolen) = with_session(MemoryStore::new());
    let at = |token: &str, now: i64| issuer().refresh(token, &context(now, 30)).run(&store);
    let victim = at(&stolen, NOW + 100).result.unwrap();
    // Later than the grace the thief presents the old one: both lose the session, and the event says why.
    let thief = at(&stolen, NOW + 111);
    assert_eq!(thief.result.unwrap_err().code(), ErrorCode::InvalidGrant);
    assert!(thief.events.iter().any(|event| event.kind == EventKind::RefreshReuseDetected));
    assert_eq!(at(&victim.refresh_token, NOW + 112).result.unwrap_err().code(), ErrorCode::InvalidGrant);
}

#[test]
fn the_grace_is_exact() {
    let (store, token) = with_session(MemoryStore::new());
    let at = |after_us: u64| {
        let now = u64::try_from(NOW + 100).unwrap() * 1_000_000 + 700_000 + after_us;
        issuer().refresh(&token, &Context::at_micros(now, [30; 32])).run(&store)
    };
    let first = at(0).result.unwrap();
    assert_eq!(at(10_000_000).result.unwrap().refresh_token, first.refresh_token);
    assert!(at(10_000_001).result.is_err());
}

#[test]
fn a_store_that_lost_a_write_is_reported_and_not_believed() {
    let (store, token) = with_session(MemoryStore::new());
    let key = session_key(&Presented::parse(&issuer(), &token).unwrap().session);
    let load = Command::Load { keys: vec![key.clone()] };
    let Ok(Reply::Loaded { entries: before, .. }) = store.execute(load.clone()) else { panic!() };
    let next = refresh(&token, 10).run(&store).result.unwrap();
    // The store goes back in time: a restore from a backup.
    let Ok(Reply::Loaded { entries: after, .. }) = store.execute(load) else { panic!() };
    let expect = Expect::Version(after[0].as_ref().unwrap().version);
    store.execute(Command::Cas { key, expect, write: Write::Put(before[0].clone().unwrap()) }).unwrap();
    let outcome = refresh(&next.refresh_token, 11).run(&store);
    assert_eq!(outcome.result.unwrap_err().code(), ErrorCode::StoreRegressed);
    assert!(outcome.events.iter().any(|event| event.kind == EventKind::StoreRegressed));
}
