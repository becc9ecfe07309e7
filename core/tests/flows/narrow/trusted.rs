//! Tokens of a trusted issuer in the place of the subject's, or the actor's.

use serde_json::{Value, json};
use tokenmint::*;

use super::{NOW, context};
use crate::signer::{Signer, jwks};

const ISSUER: &str = "https://api.example.com";
const CI: &str = "https://ci.example";

struct World {
    issuer: Issuer,
    store: MemoryStore,
    ci: Signer,
    workloads: Signer,
}

fn world() -> World {
    let (ci, workloads) = (Signer::new("ES256", "ci-1"), Signer::new("ES256", "workloads-1"));
    let public = |signer: &Signer| KeySet::from_jwks(&jwks(&[signer])).unwrap();
    let jobs = AssertionRule::new("ci:{repository_id}").claim("sub", "repo:org/name:*").scope("read deploy");
    let spiffe = AssertionRule::new("workload:{sub}").claim("sub", "spiffe://example.org/*").scope("read");
    let policy = Policy::new(ISSUER)
        .session_secret([9; 32].as_slice())
        .trusted_issuer(
            TrustedIssuer::new(public(&ci)).issuer(CI).rule(jobs.audience("api").audience("files")),
        )
        .trusted_issuer(TrustedIssuer::new(public(&workloads)).reusable().rule(spiffe));
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let (issuer, store) = (Issuer::new(keys, policy).unwrap(), MemoryStore::new());
    for (client, seed) in [
        (directory::Client::new("c1", "org", SecretHash::of(b"s")).scope("read write"), 1),
        (directory::Client::without_secret("app", "org").public(), 2),
    ] {
        directory::create_client(client, &context(NOW, seed)).run(&store).result.unwrap();
    }
    World { issuer, store, ci, workloads }
}

impl World {
    /// The token of a job, good for five minutes.
    fn job(&self, jti: &str, more: Value) -> String {
        let mut claims = json!({
            "iss": CI, "sub": "repo:org/name:ref:refs/heads/main", "aud": ISSUER, "repository_id": "1234",
            "iat": NOW, "exp": NOW + 300, "jti": jti,
        });
        claims.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        self.ci.token(&claims.to_string())
    }

    fn workload(&self) -> String {
        let sub = "spiffe://example.org/billing";
        let claims = json!({ "sub": sub, "aud": [ISSUER], "iat": NOW, "exp": NOW + 300 });
        self.workloads.token(&claims.to_string())
    }

    fn user(&self, may_act: Option<Value>, seed: u8) -> String {
        let claims = may_act.map(|may_act| ("may_act".to_owned(), JsonText::of(&may_act).unwrap()));
        let request =
            StartSession::new("u1").client("c1").scope("read write").claims(claims.into_iter().collect());
        self.issuer.start_session(request, &context(NOW, seed)).run(&self.store).result.unwrap().access_token
    }

    fn narrow(&self, request: Narrow, seed: u8) -> Result<NarrowedToken> {
        self.issuer.narrow(request, &context(NOW, seed)).run(&self.store).result
    }

    fn claims(&self, token: &NarrowedToken) -> Value {
        let active =
            self.issuer.check(&token.access_token, &context(NOW, 100)).run(&self.store).result.unwrap();
        serde_json::from_str(&active.claims).unwrap()
    }
}

#[track_caller]
fn refused(result: Result<NarrowedToken>, code: ErrorCode, field: &str) {
    let error = result.unwrap_err();
    assert_eq!((error.code(), error.field()), (code, Some(field)), "{error}");
}

#[test]
fn a_trusted_issuers_token_gives_what_its_rule_gives_once_and_no_longer_than_it() {
    let world = world();
    let job = world.job("a", Value::Null);
    let token = world.narrow(Narrow::new(&job).client("c1").lifetime(Lifetime::HOUR), 10).unwrap();
    // Of what the rule gives, what the client may have.
    assert_eq!((token.expires_in.seconds(), token.scope.as_deref()), (300, Some("read")));
    let claims = world.claims(&token);
    assert_eq!((&claims["sub"], &claims["client_id"]), (&json!("ci:1234"), &json!("c1")));
    assert_eq!((&claims["aud"], &claims["act"]), (&json!(["api", "files"]), &Value::Null));
    refused(world.narrow(Narrow::new(&job).client("c1"), 11), ErrorCode::InvalidGrant, "token");

    let job = world.job("b", Value::Null);
    let asked = || Narrow::new(&job).client("c1");
    refused(world.narrow(asked().scope("deploy"), 12), ErrorCode::InvalidScope, "scope");
    refused(world.narrow(asked().audience("other"), 13), ErrorCode::InvalidTarget, "audience");
    let claims = [("plan".to_owned(), JsonText::of("pro").unwrap())].into();
    refused(world.narrow(asked().claims(claims), 14), ErrorCode::FieldInvalid, "claims");
    refused(world.narrow(Narrow::new(&job).client("app"), 15), ErrorCode::Forbidden, "token");
    refused(world.narrow(Narrow::new(&job).client("c2"), 16), ErrorCode::NotFound, "client_id");
    let acted = world.job("c", json!({ "act": { "sub": "somebody" } }));
    refused(world.narrow(Narrow::new(&acted).client("c1"), 17), ErrorCode::FieldInvalid, "token");
    // None of these has used it up.
    assert!(world.narrow(asked().audience("files"), 18).is_ok());
    // Again and again, where the issuer's tokens are files.
    for seed in [19, 20] {
        let token = world.narrow(Narrow::new(world.workload()).client("c1"), seed).unwrap();
        assert_eq!(world.claims(&token)["sub"], "workload:spiffe://example.org/billing");
    }
}

#[test]
fn a_trusted_issuers_token_names_who_acts_once() {
    let world = world();
    let (user, job) = (world.user(None, 3), world.job("a", Value::Null));
    let asked = |actor: &str| Narrow::new(&user).client("c1").actor_token(actor);
    refused(world.narrow(asked(&job).scope("admin"), 10), ErrorCode::InvalidScope, "scope");
    let token = world.narrow(asked(&job), 11).unwrap();
    let claims = world.claims(&token);
    let act = json!({ "sub": "repo:org/name:ref:refs/heads/main", "iss": CI });
    assert_eq!((&claims["sub"], &claims["act"]), (&json!("u1"), &act));
    refused(world.narrow(asked(&job), 12), ErrorCode::InvalidGrant, "actor_token");
    // An issuer without a name: the rule's name for it.
    let chained = Narrow::new(&token.access_token).client("c1").actor_token(world.workload());
    let claims = world.claims(&world.narrow(chained, 13).unwrap());
    assert_eq!(claims["act"], json!({ "sub": "workload:spiffe://example.org/billing", "act": act }));
    // Both of them a trusted issuer's.
    let both = Narrow::new(world.workload()).client("c1").actor_token(world.job("b", Value::Null));
    let claims = world.claims(&world.narrow(both, 14).unwrap());
    assert_eq!((&claims["sub"], &claims["act"]), (&json!("workload:spiffe://example.org/billing"), &act));

    let other = world.job("c", json!({ "sub": "repo:org/other:ref:refs/heads/main" }));
    refused(world.narrow(asked(&other), 15), ErrorCode::InvalidGrant, "actor_token");
    let forged =
        Signer::new("ES256", "ci-1").token(r#"{"iss":"https://ci.example","sub":"repo:org/name:x"}"#);
    refused(world.narrow(asked(&forged), 16), ErrorCode::InvalidGrant, "actor_token");
    let acted = world.job("d", json!({ "act": { "sub": "somebody" } }));
    refused(world.narrow(asked(&acted), 17), ErrorCode::FieldInvalid, "actor_token");
}

#[test]
fn may_act_knows_a_trusted_issuers_subject_by_its_issuer() {
    let world = world();
    let sub = "repo:org/name:ref:refs/heads/main";
    for (seed, (may_act, is_meant)) in (10..).zip([
        (json!({ "iss": CI, "sub": sub }), true),
        (json!({ "iss": CI, "repository_id": "1234" }), true),
        (json!({ "iss": ISSUER, "sub": sub }), false),
        (json!({ "iss": CI, "sub": "repo:org/name:ref:refs/heads/other" }), false),
        (json!({ "sub": "ci:1234" }), false),
    ]) {
        let (user, job) =
            (world.user(Some(may_act.clone()), seed + 50), world.job(&format!("job-{seed}"), Value::Null));
        let result = world.narrow(Narrow::new(&user).client("c1").actor_token(&job), seed);
        assert_eq!(result.is_ok(), is_meant, "{may_act}");
        if !is_meant {
            refused(result, ErrorCode::Forbidden, "actor_token");
        }
    }
}
