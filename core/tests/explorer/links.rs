//! Links: redeemed by several at once, around their end, and by some who cannot be told apart.

use tokenmint::dialect::merge::*;
use tokenmint::*;
use tokenmint_certify::explorer::{Answer, Unguarded, explore};

use crate::accounts::anonymous;
use crate::world::{NOW, context, is_unsure, issuer};
use crate::{Case, Request, World, assert_unbroken};

const CASES: &[Case] = &[
    ("2 redeemers, up to 2 faults", || explore(2, || redemptions(2, in_time, MemoryStore::new))),
    ("3 redeemers, up to 1 fault", || explore(1, || redemptions(3, in_time, MemoryStore::new))),
    ("3 redeemers x expiry, up to 1 fault", || {
        explore(1, || redemptions(3, around_the_end, MemoryStore::new))
    }),
    ("2 redeemers without a key, up to 1 fault", || explore(1, redemptions_without_a_key)),
];

#[test]
fn no_schedule_breaks_a_link() {
    assert_unbroken(CASES);
}

/// When the link of these tests ends.
const LINK_END: i64 = NOW + 1800;

/// A store with one link, and its token.
pub(crate) fn with_link<S: Store>(store: S) -> (S, String) {
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

pub(crate) fn redeem(token: &str, redeemer: Option<&str>, now: i64, seed: u8) -> Request {
    let request =
        RedeemRequest { link_token: token.into(), integration: None, redeemer: redeemer.map(Into::into) };
    Request::of(issuer().redeem_link(request, &context(now, seed)), |public| public.public_token)
}

/// `n` redeemers of one link at once. Whoever got no answer asks again.
fn redemptions<S: Store + 'static>(n: u8, times: fn(u8) -> i64, store: impl Fn() -> S) -> World<S> {
    let (store, token) = with_link(store());
    let redeem_as = move |i: u8, seed| redeem(&token, Some(&format!("redeemer {i}")), times(i), seed + i);
    let requests = (0..n).map(|i| redeem_as(i, 10)).collect();
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        let mut broken = Vec::new();
        let mut redeemers = 0;
        for (i, answer) in (0..).zip(answers) {
            let answer = match answer {
                Some(known) if !is_unsure(answer) => known.clone(),
                _ => redeem_as(i, 40).run(store),
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

/// Two redemptions of one link without a key.
fn redemptions_without_a_key() -> World<MemoryStore> {
    let (store, link) = with_link(MemoryStore::new());
    let broken = ("double redemption", "burnt link");
    anonymous(store, move |seed| redeem(&link, None, NOW + 1, seed), broken)
}

#[test]
fn a_link_in_a_store_without_its_guard_is_found_out() {
    let redemptions = explore(0, || redemptions(2, in_time, || Unguarded(MemoryStore::new())));
    assert!(redemptions.broken.contains_key("double redemption"), "{redemptions:?}");
}
