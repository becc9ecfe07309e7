//! The requests that the explorer runs at the same time, and what must hold afterwards.

use tokenmint::{
    AsyncStore, Context, ErrorCode, IssueSingleUse, Issuer, KeySet, Lifetime, Policy, PresentedSingleUse,
    RedeemedSingleUse, StartSession, Task, TokenPair, UnixTime,
};

use super::random::Random;
use super::stage::Scene;
use super::trial::{Verdict, failed, now_ms};
use crate::explorer::{Answer, Request};

/// An issuer and the time.
pub(crate) struct World {
    pub(crate) issuer: Issuer,
    /// The same issuer after a rotation of its keys.
    rotated: Issuer,
    pub(crate) now: i64,
    seeds: Random,
}

/// What the single-use tokens of these tests are for.
const PURPOSE: &str = "reset";

/// How long they live, in seconds.
const LIFETIME: i64 = 1800;

impl World {
    /// An issuer that no run before has had.
    pub(crate) fn new(fresh: u64) -> Verdict<Self> {
        let now = i64::try_from(now_ms() / 1000).unwrap_or(0);
        let mut seeds = Random::new(fresh);
        let session_secret = seeds.bytes::<32>();
        let issuer = |kids: &[&str]| {
            let mut keys = KeySet::builder();
            for &kid in kids {
                keys = keys.hmac(kid, [7; 32].as_slice())?;
            }
            let policy = Policy::new(format!("https://certify-{fresh:016x}.example"))
                .audience("api")
                .session_secret(session_secret.as_slice());
            Issuer::new(keys.build()?, policy)
        };
        let made = issuer(&["k1"]).and_then(|before| Ok((before, issuer(&["k2", "k1"])?)));
        let (issuer, rotated) = made.map_err(|error| failed(format!("no issuer: {error}")))?;
        Ok(World { issuer, rotated, now, seeds })
    }

    /// A context at a time, with a seed of its own.
    pub(crate) fn at(&mut self, now: i64) -> Context {
        Context::new(UnixTime::from_seconds(now), self.seeds.bytes())
    }

    /// Runs a flow that must succeed.
    pub(crate) async fn settle<S: AsyncStore, T: 'static>(&self, store: &S, task: Task<T>) -> Verdict<T> {
        let result = task.run_async(store).await.result;
        result.map_err(|error| failed(format!("a flow failed that nothing disturbs: {error}")))
    }

    pub(crate) async fn session<S: AsyncStore>(&mut self, store: &S) -> Verdict<TokenPair> {
        let context = self.at(self.now);
        self.settle(store, self.issuer.start_session(StartSession::new("u1"), &context)).await
    }

    async fn single_use<S: AsyncStore>(&mut self, store: &S) -> Verdict<String> {
        let lifetime = Lifetime::from_seconds(LIFETIME.unsigned_abs());
        let lifetime = lifetime.map_err(|error| failed(error.to_string()))?;
        let (request, context) = (IssueSingleUse::new(PURPOSE, lifetime).subject("u1"), self.at(self.now));
        Ok(self.settle(store, self.issuer.issue_single_use(request, &context)).await?.token)
    }

    pub(crate) fn refresh(&mut self, token: &str, seconds: i64) -> Task<TokenPair> {
        let context = self.at(self.now + seconds);
        self.issuer.refresh(token, &context)
    }

    fn redeem(&mut self, token: &str, redeemer: usize, seconds: i64) -> Task<RedeemedSingleUse> {
        let context = self.at(self.now + seconds);
        let presented = PresentedSingleUse::new(PURPOSE, token);
        self.issuer.redeem_single_use(&presented, Some(&format!("redeemer {redeemer}")), &context)
    }

    async fn is_refreshed<S: AsyncStore>(&mut self, store: &S, token: &str) -> Answer {
        let task = self.refresh(token, 1);
        task.run_async(store).await.result.map(|pair| pair.refresh_token).map_err(|error| error.code())
    }
}

/// Refreshes of one token at once; every other one after a rotation of the issuer's keys, if so asked.
pub(crate) struct Refreshes {
    pub(crate) world: World,
    pub(crate) count: usize,
    pub(crate) keys_rotate: bool,
    pub(crate) token: String,
}

impl<S: AsyncStore> Scene<S> for Refreshes {
    async fn set(&mut self, store: &S) -> Verdict<Vec<Request>> {
        self.token = self.world.session(store).await?.refresh_token;
        let requests = (0..self.count).map(|n| {
            let context = self.world.at(self.world.now + 1);
            let rotated = self.keys_rotate && n % 2 == 1;
            let issuer = if rotated { &self.world.rotated } else { &self.world.issuer };
            Request::of(issuer.refresh(&self.token, &context), |pair| pair.refresh_token)
        });
        Ok(requests.collect())
    }

    // Whoever got no answer asks again.
    async fn judge(&mut self, store: &S, answers: &[Option<Answer>]) -> Vec<&'static str> {
        let mut broken = Vec::new();
        let mut successors = successes(answers);
        match self.world.is_refreshed(store, &self.token.clone()).await {
            Ok(successor) => successors.push(successor),
            Err(_) => broken.push("lost session"),
        }
        successors.sort_unstable();
        successors.dedup();
        if successors.len() > 1 {
            broken.push("fork");
        }
        if answers.iter().flatten().any(|answer| *answer == Err(ErrorCode::InvalidGrant)) {
            broken.push("false log-out");
        }
        // The chain goes on from whatever successor was given.
        for successor in successors {
            if self.world.is_refreshed(store, &successor).await.is_err() {
                broken.push("lost session");
            }
        }
        broken
    }
}

/// A session that is revoked while it is refreshed and its access token is looked at.
pub(crate) struct Revocation {
    pub(crate) world: World,
    pub(crate) refreshes: usize,
    pub(crate) session: Option<TokenPair>,
}

impl<S: AsyncStore> Scene<S> for Revocation {
    async fn set(&mut self, store: &S) -> Verdict<Vec<Request>> {
        let pair = self.world.session(store).await?;
        let (one, other) = (self.world.at(self.world.now + 1), self.world.at(self.world.now + 1));
        let revoke = self.world.issuer.revoke_session(&pair.session, &one);
        let mut requests = vec![Request::of(revoke, |()| "revoked".into())];
        for _ in 0..self.refreshes {
            requests.push(Request::of(self.world.refresh(&pair.refresh_token, 1), |pair| pair.refresh_token));
        }
        if self.refreshes == 0 {
            let check = self.world.issuer.check(&pair.access_token, &other);
            requests.push(Request::of(check, |_| "active".into()));
        }
        self.session = Some(pair);
        Ok(requests)
    }

    async fn judge(&mut self, store: &S, answers: &[Option<Answer>]) -> Vec<&'static str> {
        let mut broken = Vec::new();
        let Some(pair) = self.session.take() else { return broken };
        // A revocation that was not confirmed is asked for again, as an operator would.
        if !matches!(answers.first(), Some(Some(Ok(_)))) {
            let context = self.world.at(self.world.now + 1);
            let again = self.world.issuer.revoke_session(&pair.session, &context);
            if again.run_async(store).await.result.is_err() {
                broken.push("revocation refused");
            }
        }
        let mut tokens = vec![pair.refresh_token.clone()];
        if self.refreshes > 0 {
            tokens.extend(successes(answers.get(1..).unwrap_or_default()));
        }
        for token in tokens {
            if self.world.is_refreshed(store, &token).await.is_ok() {
                broken.push("alive after revocation");
            }
        }
        let context = self.world.at(self.world.now + 1);
        if self.world.issuer.check(&pair.access_token, &context).run_async(store).await.result.is_ok() {
            broken.push("active after revocation");
        }
        broken
    }
}

/// Redeemers of one token at once.
pub(crate) struct Redemptions {
    pub(crate) world: World,
    pub(crate) count: usize,
    /// The first comes in the last second of the token, the next at its end, and so on.
    pub(crate) around_the_end: bool,
    pub(crate) token: String,
}

impl Redemptions {
    fn seconds(&self, redeemer: usize) -> i64 {
        let late = i64::try_from(redeemer).unwrap_or(0);
        if self.around_the_end { LIFETIME - 1 + late } else { 60 }
    }
}

impl<S: AsyncStore> Scene<S> for Redemptions {
    async fn set(&mut self, store: &S) -> Verdict<Vec<Request>> {
        self.token = self.world.single_use(store).await?;
        let mut requests = Vec::new();
        for n in 0..self.count {
            let seconds = self.seconds(n);
            let task = self.world.redeem(&self.token, n, seconds);
            requests.push(Request::of(task, |redeemed| redeemed.subject.unwrap_or_default()));
        }
        Ok(requests)
    }

    // Whoever got no answer asks again.
    async fn judge(&mut self, store: &S, answers: &[Option<Answer>]) -> Vec<&'static str> {
        let mut broken = Vec::new();
        let (mut redeemers, mut in_time) = (0, false);
        for (n, answer) in answers.iter().enumerate() {
            let seconds = self.seconds(n);
            in_time |= seconds < LIFETIME;
            let redeemed = match answer {
                Some(answer) if *answer != Err(ErrorCode::StoreUnknown) => answer.is_ok(),
                _ => {
                    let again = self.world.redeem(&self.token, n, seconds);
                    again.run_async(store).await.result.is_ok()
                }
            };
            redeemers += usize::from(redeemed);
            if redeemed && seconds >= LIFETIME {
                broken.push("redeemed after its end");
            }
        }
        if redeemers > 1 {
            broken.push("double redemption");
        }
        if redeemers == 0 && in_time {
            broken.push("burnt token");
        }
        broken
    }
}

fn successes(answers: &[Option<Answer>]) -> Vec<String> {
    answers.iter().flatten().filter_map(|answer| answer.as_ref().ok().cloned()).collect()
}
