use super::*;
use crate::entropy::Entropy;
#[cfg(feature = "aws-lc")]
use crate::{Claims, Context, Issuer, Policy, Verifier};

fn at(seconds: i64) -> UnixTime {
    UnixTime::from_seconds(1_700_000_000 + seconds)
}

fn key(alg: Algorithm, n: u8) -> Secret {
    Key::generate_jwk(None, alg, &mut Entropy::new([n; 32])).unwrap()
}

/// Published 100 + 10 s, tokens of 1000 s, signs for 5000 s.
fn rules() -> RotationRules {
    RotationRules {
        jwks_max_age_seconds: 100,
        margin_seconds: 10,
        token_lifetime_seconds: 1000,
        active_seconds: 5000,
    }
}

fn ring() -> KeyRing {
    let mut ring = KeyRing::new(rules()).unwrap();
    ring.announce("k1", Algorithm::HS256, key(Algorithm::HS256, 1), at(0)).unwrap();
    ring
}

fn step(ring: &KeyRing) -> (RotationAction, i64) {
    let step = ring.plan(at(0));
    assert!(!step.reason.is_empty());
    (step.action, step.earliest.seconds() - 1_700_000_000)
}

fn signer(ring: &KeyRing) -> String {
    ring.key_set().unwrap().signing_key().unwrap().kid().unwrap().to_owned()
}

#[test]
fn a_rotation_by_its_plan() {
    let mut ring = ring();
    let activate = || RotationAction::Activate { kid: "k2".to_owned() };
    let remove = || RotationAction::Remove { kid: "k1".to_owned() };
    assert_eq!(step(&ring), (RotationAction::Announce, 4890));
    ring.announce("k2", Algorithm::HS256, key(Algorithm::HS256, 2), at(4895)).unwrap();
    assert_eq!(signer(&ring), "k1");
    assert_eq!(step(&ring), (activate(), 5005));
    let error = ring.activate("k2", at(5004)).unwrap_err();
    assert_eq!((error.code(), error.retry_after().unwrap().after_seconds), (ErrorCode::KeyUsage, 1));
    ring.activate("k2", at(5005)).unwrap();
    assert_eq!(signer(&ring), "k2");
    assert_eq!(step(&ring), (remove(), 6025));
    // A token that lives longer than the rules say holds its key.
    ring.signed("k1", at(7000)).unwrap();
    ring.signed("k1", at(6999)).unwrap();
    assert_eq!(step(&ring), (remove(), 7020));
    assert_eq!(ring.remove("k1", at(7019)).unwrap_err().code(), ErrorCode::KeyUsage);
    ring.remove("k1", at(7020)).unwrap();
    assert_eq!(ring.keys().map(|key| key.state).collect::<Vec<_>>(), [KeyState::Gone, KeyState::Active]);
    assert_eq!(ring.key_set().unwrap().keys().len(), 1);
    assert_eq!(step(&ring), (RotationAction::Announce, 5005 + 4890));
}

#[test]
fn a_change_that_shall_not_wait_still_keeps_the_rules() {
    let mut ring = ring();
    assert_eq!(ring.plan_early(at(7)).action, RotationAction::Announce);
    assert_eq!(ring.plan_early(at(7)).earliest, at(7));
    ring.announce("k2", Algorithm::HS256, key(Algorithm::HS256, 2), at(7)).unwrap();
    assert_eq!(ring.plan_early(at(7)).earliest, at(117));
    assert!(ring.activate("k2", at(116)).is_err());
    ring.activate("k2", at(117)).unwrap();
    assert!(ring.remove("k1", at(200)).is_err());
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut ring = ring();
    let code = |result: Result<()>| result.unwrap_err().code();
    let hmac = |n| key(Algorithm::HS256, n);
    assert_eq!(code(ring.announce("k1", Algorithm::HS256, hmac(2), at(0))), ErrorCode::KeyDuplicate);
    assert_eq!(code(ring.announce("", Algorithm::HS256, hmac(2), at(0))), ErrorCode::PolicyInvalid);
    assert_eq!(code(ring.announce("k2", Algorithm::ES256, hmac(2), at(0))), ErrorCode::KeyUsage);
    assert_eq!(code(ring.activate("k1", at(0))), ErrorCode::KeyMissing);
    assert_eq!(code(ring.remove("k1", at(0))), ErrorCode::KeyMissing);
    assert_eq!(code(ring.signed("k2", at(0))), ErrorCode::KeyMissing);
    ring.announce("k2", Algorithm::HS256, hmac(2), at(0)).unwrap();
    assert_eq!(code(ring.announce("k3", Algorithm::HS256, hmac(3), at(0))), ErrorCode::KeyDuplicate);
    for rules in [
        RotationRules { active_seconds: 109, ..rules() },
        RotationRules { margin_seconds: u64::MAX, ..rules() },
    ] {
        assert_eq!(KeyRing::new(rules).unwrap_err().code(), ErrorCode::PolicyInvalid);
    }
    assert!(KeyRing::new(RotationRules { active_seconds: 110, ..rules() }).is_ok());
    let empty = KeyRing::new(rules()).unwrap();
    assert_eq!(empty.key_set().unwrap_err().code(), ErrorCode::KeyMissing);
    assert_eq!(empty.plan(at(3)).earliest, at(3));
}

#[test]
fn a_ring_is_kept_whole_and_its_debug_shows_no_key() {
    let mut ring = ring();
    ring.signed("k1", at(50)).unwrap();
    let json = ring.to_json().unwrap();
    let text = std::str::from_utf8(json.expose()).unwrap();
    let again = KeyRing::from_json(text).unwrap();
    assert_eq!(again.to_json().unwrap().expose(), json.expose());
    assert_eq!(again.keys().collect::<Vec<_>>(), ring.keys().collect::<Vec<_>>());
    let secret = text.split_once(r#"\"k\":\""#).unwrap().1.split('\\').next().unwrap();
    assert_eq!(secret.len(), 43);
    assert!(!format!("{ring:?}").contains(secret));
    for (from, to) in [("active", "passive"), (r#""state": "active""#, r#""state": "gone""#), ("rules", "r")]
    {
        let error = KeyRing::from_json(&text.replacen(from, to, 1)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::PolicyInvalid, "{from}");
        assert!(!error.to_string().contains(secret));
    }
    assert_eq!(KeyRing::from_json(&text.replace("HS256", "HS512")).unwrap_err().code(), ErrorCode::KeyWeak);
}

#[test]
fn a_key_that_leaked_ends_at_once_and_the_next_one_signs() {
    let mut ring = ring();
    ring.announce("k2", Algorithm::HS256, key(Algorithm::HS256, 2), at(1)).unwrap();
    ring.revoke("k1", at(2)).unwrap();
    assert_eq!(signer(&ring), "k2");
    assert_eq!(ring.key_set().unwrap().keys().len(), 1);
    // Nothing is announced: nothing signs until there is another, which signs at once.
    ring.revoke("k2", at(3)).unwrap();
    assert_eq!(ring.key_set().unwrap_err().code(), ErrorCode::KeyMissing);
    assert_eq!((ring.plan(at(3)).action, ring.plan(at(3)).earliest), (RotationAction::Announce, at(3)));
    ring.announce("k3", Algorithm::HS256, key(Algorithm::HS256, 3), at(4)).unwrap();
    assert_eq!(signer(&ring), "k3");
    for gone in ["k1", "k2", "k4"] {
        assert_eq!(ring.revoke(gone, at(5)).unwrap_err().code(), ErrorCode::KeyMissing);
    }
}

proptest::proptest! {
    /// Whatever is done with a ring and its text afterwards.
    #[test]
    fn a_revoked_key_does_not_come_back(steps in proptest::collection::vec((0..6_u8, 0..4_u8), 1..40)) {
        let mut ring = KeyRing::new(rules()).unwrap();
        let mut revoked = std::collections::BTreeSet::new();
        for (now, (what, which)) in steps.into_iter().enumerate() {
            let (now, kid) = (at(now as i64 * 400), format!("k{which}"));
            // What is refused changes nothing.
            let _ = match what {
                0 | 1 => ring.announce(&kid, Algorithm::HS256, key(Algorithm::HS256, which), now),
                2 => ring.activate(&kid, now),
                3 => ring.remove(&kid, now),
                4 => ring.revoke(&kid, now).map(|()| revoked.extend([kid.clone()])),
                _ => {
                    let text = ring.to_json().unwrap();
                    KeyRing::from_json(std::str::from_utf8(text.expose()).unwrap()).map(|read| ring = read)
                }
            };
            let set = ring.key_set();
            let mut kids = set.iter().flat_map(KeySet::keys).filter_map(Key::kid);
            proptest::prop_assert!(kids.all(|kid| !revoked.contains(kid)));
            for kid in &revoked {
                let again = ring.clone().announce(kid, Algorithm::HS256, key(Algorithm::HS256, 9), now);
                proptest::prop_assert_eq!(again.unwrap_err().code(), ErrorCode::KeyDuplicate);
            }
            proptest::prop_assert!(ring.of(KeyState::Active).count() <= 1);
        }
    }
}

/// A year of rotation with real tokens: how many a verifier refuses that should take them.
///
/// `published` is what the rules say of key sets; verifiers keep them for `kept` seconds.
#[cfg(feature = "aws-lc")]
struct Year {
    rules: RotationRules,
    kept: i64,
    skew: i64,
    longest: u64,
    tracked: bool,
}

#[cfg(feature = "aws-lc")]
impl Year {
    fn refused(&self, seed: [u8; 32]) -> (usize, usize, usize) {
        const END: i64 = 366 * 86_400;
        let mut random = Entropy::new(seed);
        let mut below = |limit: i64| (u64::from_le_bytes(random.bytes()) % limit as u64) as i64;
        let mut ring = KeyRing::new(self.rules).unwrap();
        let mut made = 0_u8;
        let mut verifiers: Vec<(i64, i64, Option<KeySet>)> =
            (0..4).map(|_| (below(2 * self.skew + 1) - self.skew, 0, None)).collect();
        let mut tokens: Vec<(String, i64)> = Vec::new();
        let mut served = None;
        let (mut now, mut checked, mut refused) = (0, 0, 0);
        while now < END {
            // The operator comes by when the time has come, or somewhat later.
            let plan = ring.plan(at(now));
            if plan.earliest <= at(now) {
                match plan.action {
                    RotationAction::Announce => {
                        made += 1;
                        let kid = format!("k{made}");
                        ring.announce(&kid, Algorithm::EdDSA, key(Algorithm::EdDSA, made), at(now)).unwrap();
                    }
                    RotationAction::Activate { kid } => ring.activate(&kid, at(now)).unwrap(),
                    RotationAction::Remove { kid } => ring.remove(&kid, at(now)).unwrap(),
                }
                served = None;
            }
            let (issuer, published) = served.get_or_insert_with(|| {
                let issuer = Issuer::new(ring.key_set().unwrap(), Policy::new("https://a.example")).unwrap();
                (issuer, KeySet::from_jwks(&ring.public_jwks().unwrap()).unwrap())
            });
            if below(4) == 0 {
                let lifetime = Lifetime::from_seconds(1 + below(self.longest as i64) as u64).unwrap();
                let context = Context::new(at(now), [made; 32]);
                let token = issuer.mint(&Claims::new().audience("app"), lifetime, &context).unwrap();
                let exp = now + lifetime.seconds() as i64;
                if self.tracked {
                    let active = ring.of(KeyState::Active).next().unwrap().kid.clone();
                    ring.signed(&active, at(exp)).unwrap();
                }
                tokens.push((token, exp));
            }
            tokens.retain(|(_, exp)| now < exp + self.skew);
            for (skew, fetched, cached) in &mut verifiers {
                if tokens.is_empty() || below(3) == 0 {
                    continue;
                }
                let newest = below(2) == 0;
                let (token, exp) =
                    &tokens[if newest { tokens.len() - 1 } else { below(tokens.len() as i64) as usize }];
                if now + *skew >= *exp {
                    continue;
                }
                if cached.is_none() || now - *fetched >= self.kept {
                    (*fetched, *cached) = (now, Some(published.clone()));
                }
                let verifier =
                    Verifier::new(cached.clone().unwrap()).issuer("https://a.example").audience("app");
                checked += 1;
                refused += usize::from(verifier.verify(token, at(now + *skew)).is_err());
            }
            // Mostly quick steps around a change, else long ones.
            let quiet = plan.earliest.seconds() - at(now).seconds();
            now += 1 + if quiet > 2 * self.kept { below(quiet / 3) } else { below(60) };
        }
        (checked, refused, usize::from(made))
    }
}

// The rules know nothing of back ends, and the pure one takes minutes for these years.
#[cfg(feature = "aws-lc")]
mod years {
    use super::*;

    const DAY: u64 = 86_400;

    fn year() -> Year {
        let rules = RotationRules {
            jwks_max_age_seconds: 300,
            margin_seconds: 60,
            token_lifetime_seconds: 3600,
            active_seconds: 30 * DAY,
        };
        Year { rules, kept: 300, skew: 60, longest: 3600, tracked: true }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(8))]

        /// Tokens of up to an hour, or of up to 40 days where each is noted.
        #[test]
        fn no_token_is_refused(seed in proptest::prelude::any::<[u8; 32]>(), long in proptest::prelude::any::<bool>()) {
            let longest = if long { 40 * DAY } else { 3600 };
            let (checked, refused, keys) = Year { longest, ..year() }.refused(seed);
            proptest::prop_assert_eq!(refused, 0);
            proptest::prop_assert!(checked > 300 && keys >= 12, "{} {}", checked, keys);
        }
    }

    /// The same year finds the faults that it is there to find.
    #[test]
    fn without_the_waits_tokens_are_refused() {
        let rules = year().rules;
        let unpublished = RotationRules { jwks_max_age_seconds: 0, margin_seconds: 0, ..rules };
        let found = |year: Year| (0..8).map(|n| year.refused([n; 32]).1).sum::<usize>();
        assert!(found(Year { rules: unpublished, ..year() }) > 0, "signed before it was published");
        assert!(
            found(Year { longest: 40 * DAY, tracked: false, ..year() }) > 0,
            "dropped while tokens lived"
        );
    }
}
