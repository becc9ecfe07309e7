//! Account tokens: their exchange, replacement and end at the same time.

use tokenmint::dialect::merge::*;
use tokenmint::*;
use tokenmint_certify::explorer::{Answer, Turn, explore};

use crate::links::{redeem, with_link};
use crate::world::{NOW, context, is_unsure, issuer, successes};
use crate::{Case, Request, World, assert_unbroken};

const CASES: &[Case] = &[
    ("2 exchanges without a key, up to 1 fault", || explore(1, exchanges)),
    ("exchange x regenerate x revoke, up to 1 fault", || {
        explore(1, || ended(|_, _, seed| revoke(seed), "alive after revocation"))
    }),
    ("exchange x regenerate x delete, up to 1 fault", || {
        explore(1, || ended(|token, _, seed| delete(token, seed), "alive after its deletion"))
    }),
];

#[test]
fn no_schedule_breaks_an_account() {
    assert_unbroken(CASES);
}

/// A store with one public token.
fn with_public() -> (MemoryStore, String) {
    let (store, link) = with_link(MemoryStore::new());
    let public = redeem(&link, None, NOW, 3).run(&store).unwrap();
    (store, public)
}

fn exchange(public: &str, redeemer: Option<&str>, seed: u8) -> Request {
    let request = ExchangeRequest {
        bearer: "bearer".into(),
        category: "hris".into(),
        public_token: public.into(),
        redeemer: redeemer.map(Into::into),
    };
    let task = issuer().exchange_public_token(request, &context(NOW + 1, seed));
    Request::of(task, |account| account.account_token)
}

fn regenerate(token: &str, seed: u8) -> Request {
    let task = issuer().regenerate_account_token("bearer".into(), "hris", token, &context(NOW + 2, seed));
    Request::of(task, |account| account.account_token)
}

fn delete(token: &str, seed: u8) -> Request {
    let task = issuer().delete_account("bearer".into(), "hris", token, &context(NOW + 3, seed));
    Request::of(task, |()| "ended".into())
}

fn revoke(seed: u8) -> Request {
    Request::of(issuer().revoke_all(&context(NOW + 3, seed)), |()| "ended".into())
}

fn is_good<S: Store>(store: &S, token: &str) -> bool {
    issuer().account(token, &context(NOW + 4, 70)).run(store).result.is_ok()
}

/// The records about the end user: the link, its public token, the account.
fn records<S: Store>(store: &S) -> Vec<RecordKey> {
    let by = IndexValue::Subject(RecordKey::of("subject", &["u1"]));
    match store.execute(Command::List { by, after: None, limit: 10 }) {
        Ok(Reply::Listed { entries, .. }) => entries.into_iter().map(|(key, _)| key).collect(),
        other => panic!("{other:?}"),
    }
}

/// Two who cannot be told apart ask for the same at once. Whoever got no answer asks again.
pub(crate) fn anonymous<S: Store + 'static>(
    store: S,
    ask: impl Fn(u8) -> Request + 'static,
    (doubled, burnt): (&'static str, &'static str),
) -> World<S> {
    let before = records(&store);
    let requests = (0..2).map(|i| ask(10 + i)).collect();
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        let mut given = 0;
        for (i, answer) in (0..).zip(answers) {
            if !is_unsure(answer) {
                given += usize::from(matches!(answer, Some(Ok(_))));
                continue;
            }
            let nobody_had_it = records(store) == before && given == 0;
            let again = ask(40 + i).run(store);
            if again.is_err() && nobody_had_it {
                return vec![burnt];
            }
            given += usize::from(again.is_ok());
        }
        if given > 1 { vec![doubled] } else { Vec::new() }
    };
    World { store, requests, judge: Box::new(judge) }
}

/// Two exchanges of one public token without a key.
fn exchanges() -> World<MemoryStore> {
    let (store, public) = with_public();
    let broken = ("double exchange", "burnt public token");
    anonymous(store, move |seed| exchange(&public, None, seed), broken)
}

/// An account token is replaced, and its exchange repeated, while it is ended: by a flow that is given the token, the account's
/// record and a seed.
fn ended(
    end: impl Fn(&str, &RecordKey, u8) -> Request + 'static,
    broken: &'static str,
) -> World<MemoryStore> {
    let (store, public) = with_public();
    let before = records(&store);
    let token = exchange(&public, Some("r1"), 4).run(&store).unwrap();
    let account = records(&store).into_iter().find(|key| !before.contains(key)).unwrap();
    let requests = vec![end(&token, &account, 10), exchange(&public, Some("r1"), 11), regenerate(&token, 12)];
    let judge = move |store: &MemoryStore, answers: &[Option<Answer>]| {
        // Whoever got no answer asks again.
        let answer = match &answers[0] {
            Some(answer) if !is_unsure(&answers[0]) => answer.clone(),
            _ => end(&token, &account, 50).run(store),
        };
        let mut tokens = successes(&answers[1..]);
        tokens.push(token.clone());
        // What a late request gets counts, too.
        let late = [exchange(&public, Some("r1"), 60), regenerate(&token, 61)];
        tokens.extend(late.into_iter().filter_map(|request| request.run(store).ok()));
        let alive = tokens.iter().any(|token| is_good(store, token));
        match (answer, alive) {
            (Ok(_), true) => vec![broken],
            // It was replaced first, so it ends nothing any more.
            (Err(_), false) => vec!["lost account"],
            _ => Vec::new(),
        }
    };
    World { store, requests, judge: Box::new(judge) }
}

/// The deletion of many systems: the record goes, and with it the memory that there was one.
fn naive_delete(account: &RecordKey) -> Request {
    let key = account.clone();
    Request::new(|store: Turn| async move {
        let Ok(Reply::Loaded { entries, .. }) =
            store.execute(Command::Load { keys: vec![key.clone()] }).await
        else {
            return Err(ErrorCode::StoreUnknown);
        };
        let found = entries.into_iter().next().flatten().ok_or(ErrorCode::Unauthenticated)?;
        let expect = Expect::Version(found.version);
        match store.execute(Command::Cas { key, expect, write: Write::Delete }).await {
            Ok(Reply::Done) => Ok("ended".into()),
            _ => Err(ErrorCode::StoreUnknown),
        }
    })
}

#[test]
fn a_deletion_that_leaves_nothing_behind_is_found_out() {
    let naive = explore(0, || ended(|_, account, _| naive_delete(account), "alive after its deletion"));
    assert!(naive.broken.contains_key("alive after its deletion"), "{naive:?}");
}
