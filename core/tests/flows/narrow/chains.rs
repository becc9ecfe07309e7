//! Chains of narrower tokens at random, and their ends: none is wider or longer than its parent, and with a token, its session,
//! its client or its subject ends whatever came of it, and nothing else.
//!
//! `PROPTEST_CASES=1000000 cargo test --release -p tokenmint --test flows narrow::chains` makes a million.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::{Value, json};
use tokenmint::*;

use super::{NOW, context, issuer, members};

/// The clients, and their scope; the last is public.
const CLIENTS: [(&str, Option<&str>); 4] =
    [("c1", Some("read write")), ("c2", Some("read")), ("c3", Some("write other")), ("app", None)];

/// Something that happens.
#[derive(Clone, Debug)]
enum Happens {
    Narrow(Asked),
    Wait(i64),
    RevokeToken(Index),
    EndSession(Index),
    RevokeSubject(&'static str),
    RevokeSessions,
    RevokeClient(&'static str),
    DisableClient(&'static str),
    RevokeAll,
}

/// What a narrower token is asked for.
#[derive(Clone, Debug)]
struct Asked {
    /// The last one where absent.
    parent: Option<Index>,
    client: Option<&'static str>,
    actor: Option<&'static str>,
    actor_token: Option<Index>,
    scope: Option<Vec<&'static str>>,
    audience: Option<Vec<&'static str>>,
    claim: Option<(&'static str, Value)>,
    lifetime: Option<u64>,
}

fn client() -> impl Strategy<Value = &'static str> {
    select(CLIENTS.map(|(id, _)| id).to_vec())
}

fn asked() -> impl Strategy<Value = Asked> {
    use proptest::option::{of, weighted};
    let claim = prop_oneof![
        subsequence(vec!["a", "b", "c", "d"], 0..=3).prop_map(|pages| ("pages", json!(pages))),
        any::<bool>().prop_map(|admin| ("admin", json!(admin))),
        (0..3_i32).prop_map(|most| ("limits", json!({ "most": most }))),
        Just(("limits", json!({}))),
        prop_oneof![Just("pro"), Just("free")].prop_map(|plan| ("plan", json!(plan))),
        Just(("more", json!(true))),
    ];
    (
        weighted(0.3, any::<Index>()),
        of(client()),
        weighted(0.2, select(vec!["job-1", "job-2"])),
        weighted(0.2, any::<Index>()),
        weighted(0.2, subsequence(vec!["read", "write", "admin"], 0..=3)),
        weighted(0.2, subsequence(vec!["api", "app", "widget", "other"], 0..=2)),
        weighted(0.3, claim),
        weighted(0.3, 1..7200_u64),
    )
        .prop_map(|(parent, client, actor, actor_token, scope, audience, claim, lifetime)| Asked {
            parent,
            client,
            actor,
            actor_token,
            scope,
            audience,
            claim,
            lifetime,
        })
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        8 => asked().prop_map(Happens::Narrow),
        2 => (0..600_i64).prop_map(Happens::Wait),
        2 => any::<Index>().prop_map(Happens::RevokeToken),
        1 => any::<Index>().prop_map(Happens::EndSession),
        1 => select(vec!["u1", "c2"]).prop_map(Happens::RevokeSubject),
        1 => Just(Happens::RevokeSessions),
        1 => client().prop_map(Happens::RevokeClient),
        1 => client().prop_map(Happens::DisableClient),
        1 => Just(Happens::RevokeAll),
    ]
}

/// A token, and what must be so of it.
struct Made {
    token: String,
    active: ActiveToken,
    session: Option<String>,
    /// Itself, and those that it came of, by their places.
    line: BTreeSet<usize>,
    /// The clients of all of them.
    clients: BTreeSet<String>,
    ended: bool,
}

struct World {
    issuer: Issuer,
    store: MemoryStore,
    now: i64,
    seed: Cell<u8>,
    made: Vec<Made>,
    disabled: BTreeSet<&'static str>,
}

impl World {
    fn new(format: AccessFormat) -> Self {
        let (issuer, store) = (issuer(format), MemoryStore::new());
        let mut world = World {
            issuer,
            store,
            now: NOW,
            seed: Cell::new(0),
            made: Vec::new(),
            disabled: BTreeSet::new(),
        };
        for (id, scope) in CLIENTS {
            let client = match id {
                "app" => directory::Client::without_secret(id, "org").public(),
                id => directory::Client::new(id, "org", SecretHash::of(b"s"))
                    .permission(Permission::ClientCredentials),
            };
            let client = scope.iter().fold(client, |client, scope| client.scope(*scope));
            directory::create_client(client, &world.context()).run(&world.store).result.unwrap();
            // So that it is seen when a watermark is counted twice, or not at all.
            world.run(world.issuer.revoke_client(id, &world.context()));
        }
        let proof = ClientProof::new("c2", Secret::from("s"));
        let own = world.issuer.client_credentials(proof, &world.context()).run(&world.store).result.unwrap();
        world.add(own.access_token, None, None);
        // Of this one the store knows nothing.
        let minted = Claims::new().subject("u1").audience("api").set("scope", "read");
        let minted = world.issuer.mint(&minted, Lifetime::HOUR, &world.context()).unwrap();
        world.add(minted, None, None);
        let claims =
            json!({ "plan": "pro", "pages": ["a", "b", "c"], "admin": true, "limits": { "most": 2 } });
        for client in [None, Some("app"), Some("c1")] {
            let request = StartSession::new("u1").scope("read write").claims(members(claims.clone()));
            let request = client.iter().fold(request, |request, client| request.client(*client));
            let pair =
                world.issuer.start_session(request, &world.context()).run(&world.store).result.unwrap();
            world.add(pair.access_token, Some(pair.session), None);
        }
        world
    }

    fn context(&self) -> Context {
        self.seed.set(self.seed.get() + 1);
        context(self.now, self.seed.get())
    }

    fn check(&self, token: &str) -> Result<ActiveToken> {
        self.issuer.check(token, &context(self.now, 255)).run(&self.store).result
    }

    fn add(&mut self, token: String, session: Option<String>, parent: Option<usize>) {
        let active = self.check(&token).unwrap();
        let parent = parent.map(|parent| &self.made[parent]);
        let mut line = parent.map_or_else(BTreeSet::new, |parent| parent.line.clone());
        let mut clients = parent.map_or_else(BTreeSet::new, |parent| parent.clients.clone());
        line.insert(self.made.len());
        clients.extend(active.client.clone());
        self.made.push(Made { token, active, session, line, clients, ended: false });
    }

    fn end(&mut self, is_hit: impl Fn(&Made) -> bool) {
        self.made.iter_mut().for_each(|made| made.ended |= is_hit(made));
    }

    /// Whether a token must stand.
    fn stands(&self, at: usize) -> bool {
        let made = &self.made[at];
        let disabled = made.clients.iter().any(|client| self.disabled.contains(client.as_str()));
        !made.ended && !disabled && made.active.expires_at > Some(UnixTime::from_seconds(self.now))
    }

    fn happen(&mut self, happens: Happens) {
        let (context, count) = (self.context(), self.made.len());
        match happens {
            Happens::Narrow(asked) => self.narrow(asked),
            Happens::Wait(seconds) => self.now += seconds,
            Happens::RevokeToken(at) => {
                let at = at.index(count);
                let Made { token, active, .. } = &self.made[at];
                // Only its client can give it up, and whoever has none has nobody for that.
                let Some(client) = active.client.clone() else { return };
                self.run(self.issuer.revoke_token(token, &client, &context));
                self.end(|made| made.line.contains(&at));
            }
            Happens::EndSession(at) => {
                let Some(session) = self.made[at.index(count)].session.clone() else { return };
                self.run(self.issuer.revoke_session(&session, &context));
                self.end(|made| made.session.as_ref() == Some(&session));
            }
            Happens::RevokeSubject(subject) => {
                self.run(self.issuer.revoke_subject(subject, &context));
                self.end(|made| made.active.subject.as_deref() == Some(subject));
            }
            Happens::RevokeSessions => {
                self.run(self.issuer.revoke_sessions("u1", None, &context));
                self.end(|made| made.session.is_some());
            }
            Happens::RevokeClient(client) => {
                self.run(self.issuer.revoke_client(client, &context));
                self.end(|made| made.clients.contains(client));
            }
            Happens::DisableClient(client) => {
                self.run(directory::disable_client(client, &context));
                self.disabled.insert(client);
            }
            Happens::RevokeAll => {
                self.run(self.issuer.revoke_all(&context));
                self.end(|_| true);
            }
        }
    }

    fn run(&self, task: Task<()>) {
        task.run(&self.store).result.unwrap();
    }

    fn narrow(&mut self, asked: Asked) {
        let at = asked.parent.map_or(self.made.len() - 1, |at| at.index(self.made.len()));
        let actor_token = asked.actor_token.map(|at| at.index(self.made.len()));
        let mut request = Narrow::new(&self.made[at].token);
        request = asked.client.iter().fold(request, |request, client| request.client(*client));
        request = asked.actor.iter().fold(request, |request, actor| request.actor(*actor));
        request = actor_token.iter().fold(request, |request, at| request.actor_token(&self.made[*at].token));
        request = asked.scope.iter().fold(request, |request, scope| request.scope(scope.join(" ")));
        request = asked.audience.iter().flatten().fold(request, |request, one| request.audience(*one));
        let claims = asked.claim.iter().map(|(name, value)| (*name, JsonText::of(value).unwrap()));
        request = request.claims(claims.map(|(name, value)| (name.to_owned(), value)).collect());
        request = asked
            .lifetime
            .iter()
            .fold(request, |request, seconds| request.lifetime(Lifetime::from_seconds(*seconds).unwrap()));
        let Ok(child) = self.issuer.narrow(request, &self.context()).run(&self.store).result else { return };
        assert!(self.stands(at) && actor_token.is_none_or(|at| self.stands(at)));
        assert!(asked.client.is_none_or(|client| !self.disabled.contains(client)));
        self.add(child.access_token, self.made[at].session.clone(), Some(at));
        let (child, parent) = (&self.made.last().unwrap().active, &self.made[at].active);
        check_narrower(child, parent);
        assert_eq!(child.client.as_deref(), asked.client.or(parent.client.as_deref()));
        let others = asked.client.filter(|client| parent.client.as_deref() != Some(client));
        if let Some(client) = others {
            assert_ne!(client, "app", "a public client has another's token");
            let (_, scope) = CLIENTS.iter().find(|(id, _)| *id == client).unwrap();
            assert!(words(child.scope.as_deref()).is_subset(&words(*scope)));
        }
        let acts = actor_token.map(|at| self.made[at].active.subject.clone().unwrap());
        check_actor(child, parent, asked.actor.map(str::to_owned).or(acts).as_deref());
    }
}

fn words(scope: Option<&str>) -> BTreeSet<&str> {
    scope.unwrap_or_default().split(' ').filter(|word| !word.is_empty()).collect()
}

fn claims(token: &ActiveToken) -> BTreeMap<String, Value> {
    serde_json::from_str(&token.claims).unwrap()
}

/// Whether a claim of a token is within its parent's, said once more and in another way.
fn within(name: &str, child: &Value, parent: &Value) -> bool {
    match (name, child, parent) {
        ("pages", Value::Array(child), Value::Array(parent)) => child.iter().all(|one| parent.contains(one)),
        ("limits", Value::Object(child), Value::Object(parent)) => {
            child.iter().all(|(name, value)| parent.get(name) == Some(value))
        }
        ("admin", Value::Bool(child), Value::Bool(parent)) => !child || *parent,
        _ => child == parent,
    }
}

fn check_narrower(child: &ActiveToken, parent: &ActiveToken) {
    assert!(words(child.scope.as_deref()).is_subset(&words(parent.scope.as_deref())));
    assert!(child.audience.iter().all(|one| parent.audience.contains(one)) && !child.audience.is_empty());
    assert!(child.expires_at <= parent.expires_at);
    assert_eq!(child.subject, parent.subject);
    let (child, parent) = (claims(child), claims(parent));
    // What is looked at beside: whom it is for, when, of what, and who has it.
    let beside =
        ["aud", "exp", "iat", "jti", "scope", "client_id", "act", "narrowed_from", "from_clients", "epoch"];
    for (name, value) in &child {
        let beside = beside.contains(&&**name);
        assert!(
            beside || parent.get(name).is_some_and(|known| within(name, value, known)),
            "{name}: {value}"
        );
    }
    for name in parent.keys().filter(|name| *name != "from_clients") {
        assert!(child.contains_key(name), "{name} is gone");
    }
    assert_eq!(child["exp"].as_i64(), parent["exp"].as_i64().min(child["exp"].as_i64()));
}

fn check_actor(child: &ActiveToken, parent: &ActiveToken, actor: Option<&str>) {
    let (child, parent) = (claims(child), claims(parent));
    let Some(actor) = actor else {
        assert_eq!(child.get("act"), parent.get("act"));
        return;
    };
    assert_eq!(child["act"]["sub"], actor);
    assert_eq!(child["act"].get("act"), parent.get("act"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_token_is_wider_or_longer_than_its_parent_and_none_outlives_what_it_came_of(
        chain in proptest::collection::vec(asked(), 0..=8),
        story in proptest::collection::vec(happens(), 1..=10),
        opaque in any::<bool>(),
    ) {
        let mut world = World::new(if opaque { AccessFormat::Opaque } else { AccessFormat::Jwt });
        for happens in chain.into_iter().map(Happens::Narrow).chain(story) {
            let looks = !matches!(happens, Happens::Narrow(_));
            world.happen(happens);
            for at in if looks { 0..world.made.len() } else { 0..0 } {
                let stands = world.check(&world.made[at].token);
                prop_assert_eq!(stands.is_ok(), world.stands(at), "{} {:?}", at, stands.err());
            }
        }
    }
}
