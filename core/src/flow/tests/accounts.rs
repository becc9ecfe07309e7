//! Links without a key, and account tokens: their exchange, replacement and end at the same time.

use super::explorer::{Answer, Request, World};
use super::properties::{NOW, context, issuer, redeem, successes, with_link};
use crate::store::{Command, IndexValue};
use crate::*;

/// A store with one public token.
fn with_public<S: Store>(store: S) -> (S, String) {
    let (store, link) = with_link(store);
    let public = redeem(&link, None, NOW, 3).run(&store).result.unwrap();
    (store, public.public_token)
}

fn exchange(public: &str, redeemer: Option<&str>, seed: u8) -> Task<AccountToken> {
    let request = ExchangeRequest {
        bearer: "bearer".into(),
        category: "hris".into(),
        public_token: public.into(),
        redeemer: redeemer.map(Into::into),
    };
    issuer().exchange_public_token(request, &context(NOW + 1, seed))
}

fn regenerate(token: &str, seed: u8) -> Task<AccountToken> {
    issuer().regenerate_account_token("bearer".into(), "hris", token, &context(NOW + 2, seed))
}

pub(super) fn delete(token: &str, seed: u8) -> Task<()> {
    issuer().delete_account("bearer".into(), "hris", token, &context(NOW + 3, seed))
}

fn is_good<S: Store>(store: &S, token: &str) -> bool {
    issuer().account(token, &context(NOW + 4, 70)).run(store).result.is_ok()
}

/// How many records there are about the end user: the link, its public token, the account.
fn records<S: Store>(store: &S) -> usize {
    let by = IndexValue::Subject(RecordKey::of("subject", &["u1"]));
    match store.execute(Command::List { by, after: None, limit: 10 }) {
        Ok(Reply::Listed { entries, .. }) => entries.len(),
        other => panic!("{other:?}"),
    }
}

/// Two who cannot be told apart ask for the same at once. Whoever got no answer asks again.
fn anonymous<S: Store + 'static, T: 'static>(
    store: S,
    ask: impl Fn(u8) -> Task<T> + 'static,
    show: fn(T) -> String,
    (doubled, burnt): (&'static str, &'static str),
) -> World<S> {
    let before = records(&store);
    let requests = (0..2).map(|i| Request::new(ask(10 + i), show)).collect();
    let judge = move |store: &S, answers: &[Option<&Answer>]| {
        let mut given = 0;
        for (i, answer) in (0..).zip(answers) {
            given += match answer {
                Some(Ok(_)) => 1,
                Some(Err(code)) if *code != ErrorCode::StoreUnknown => 0,
                _ => {
                    let nobody_had_it = records(store) == before && given == 0;
                    let again = ask(40 + i).run(store).result;
                    if again.is_err() && nobody_had_it {
                        return vec![burnt];
                    }
                    usize::from(again.is_ok())
                }
            };
        }
        if given > 1 { vec![doubled] } else { Vec::new() }
    };
    World { store, requests, judge: Box::new(judge) }
}

/// Two redemptions of one link without a key.
pub(super) fn redemptions<S: Store + 'static>(store: impl Fn() -> S) -> World<S> {
    let (store, link) = with_link(store());
    let broken = ("double redemption", "burnt link");
    anonymous(store, move |seed| redeem(&link, None, NOW + 1, seed), |public| public.public_token, broken)
}

/// Two exchanges of one public token without a key.
pub(super) fn exchanges<S: Store + 'static>(store: impl Fn() -> S) -> World<S> {
    let (store, public) = with_public(store());
    let broken = ("double exchange", "burnt public token");
    anonymous(store, move |seed| exchange(&public, None, seed), |account| account.account_token, broken)
}

/// An account token is replaced, and its exchange repeated, while everything is revoked.
pub(super) fn revoked<S: Store + 'static>(store: impl Fn() -> S) -> World<S> {
    let end = |_: &str, seed| issuer().revoke_all(&context(NOW + 3, seed));
    ended(end, "alive after revocation", store())
}

/// An account token is replaced, and its exchange repeated, while its account is deleted.
pub(super) fn deleted<S: Store + 'static>(
    delete: fn(&str, u8) -> Task<()>,
    store: impl Fn() -> S,
) -> World<S> {
    ended(delete, "alive after its deletion", store())
}

fn ended<S: Store + 'static>(
    end: impl Fn(&str, u8) -> Task<()> + 'static,
    broken: &'static str,
    store: S,
) -> World<S> {
    let (store, public) = with_public(store);
    let token = exchange(&public, Some("r1"), 4).run(&store).result.unwrap().account_token;
    let show = |account: AccountToken| account.account_token;
    let requests = vec![
        Request::new(end(&token, 10), |()| "ended".into()),
        Request::new(exchange(&public, Some("r1"), 11), show),
        Request::new(regenerate(&token, 12), show),
    ];
    let judge = move |store: &S, answers: &[Option<&Answer>]| {
        // Whoever got no answer asks again.
        let again =
            || end(&token, 50).run(store).result.map(|()| String::new()).map_err(|error| error.code());
        let answer = match answers[0] {
            Some(answer) if *answer != Err(ErrorCode::StoreUnknown) => answer.clone(),
            _ => again(),
        };
        let mut tokens = successes(&answers[1..]);
        tokens.push(token.clone());
        // What a late request gets counts, too.
        let late = [exchange(&public, Some("r1"), 60), regenerate(&token, 61)];
        tokens.extend(late.into_iter().filter_map(|task| Some(task.run(store).result.ok()?.account_token)));
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
