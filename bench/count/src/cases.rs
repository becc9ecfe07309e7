//! What is counted.

use anyhow::{Result, bail};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokenmint::{
    Algorithm, Claims, Issuer, Key, KeySet, Policy, StatusLists, StatusResolution, Template, Verifier,
};

use crate::service::{CLIENT, ENTITY, OPTIONS, Service, expect_ok};
use crate::work::{self, AUDIENCE, Borrowed, Entity, ISSUER, SECRET};

pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) work: Box<dyn FnMut()>,
}

impl Case {
    /// The first calls make what later ones find. What is counted here is put aside.
    #[inline(never)]
    pub(crate) fn warm_up(&mut self) {
        (self.work)();
        (self.work)();
    }
}

/// All cases; a call that fails ends the program.
pub(crate) fn all() -> Result<Vec<Case>> {
    let mut cases = Cases::default();
    let keyed = Hmac::<Sha256>::new_from_slice(&SECRET)?;
    cases.add("HMAC-SHA256 over 449 bytes", move || Ok(keyed.clone().chain_update([0; 449]).finalize()));
    mint(&mut cases)?;
    verify(&mut cases)?;
    keys(&mut cases)?;
    status(&mut cases)?;
    endpoint(&mut cases)?;
    Ok(cases.0)
}

#[derive(Default)]
struct Cases(Vec<Case>);

impl Cases {
    fn add<T>(&mut self, name: impl Into<String>, mut work: impl FnMut() -> Result<T> + 'static) {
        let work = Box::new(move || drop(std::hint::black_box(work().expect("the call works"))));
        self.0.push(Case { name: name.into(), work });
    }
}

fn key(kid: Option<&str>) -> Result<Key> {
    Ok(Key::hmac(kid, Algorithm::HS256, SECRET.as_slice())?)
}

fn mint(cases: &mut Cases) -> Result<()> {
    let (issuer, context, lifetime) = (work::issuer(key(None)?)?, work::context(), work::lifetime());
    let (minting, given, now, members) = (issuer.clone(), work::claims(), context.clone(), work::custom());
    cases.add("mint, any serde type", move || Ok(minting.mint_with(&given, &members, lifetime, &now)?));
    let json = serde_json::to_string(&work::custom())?;
    let (minting, given, now) = (issuer.clone(), work::claims(), context.clone());
    cases.add("mint, JSON text", move || Ok(minting.mint_json(&given, &json, lifetime, &now)?));
    let template = Template::new(&work::custom())?;
    let given = work::claims();
    cases.add("mint, a template", move || Ok(issuer.mint_template(&given, &template, lifetime, &context)?));
    Ok(())
}

fn verify(cases: &mut Cases) -> Result<()> {
    let issuer = work::issuer(key(None)?)?;
    let (verifier, now) = (issuer.verifier().audience(AUDIENCE), work::now());
    let token = issuer.mint_with(&work::claims(), &work::custom(), work::lifetime(), &work::context())?;
    let (checking, text) = (verifier.clone(), token.clone());
    cases.add("verify, owned: a type with Strings", move || {
        Ok(checking.verify(&text, now)?.claims::<Entity>()?)
    });
    let (checking, text) = (verifier.clone(), token.clone());
    cases.add("verify, borrowed: a type with &str", move || {
        let verified = checking.verify(&text, now)?;
        Ok(verified.claims::<Borrowed<'_>>().map(drop)?)
    });
    cases.add("verify, the claims' JSON text", move || Ok(verifier.verify(&token, now)?));
    Ok(())
}

/// The token names the last key of the set.
fn keys(cases: &mut Cases) -> Result<()> {
    for count in [1, 10, 1_000] {
        let keys: Vec<Key> =
            (0..count).map(|number| key(Some(&format!("key-{number:05}")))).collect::<Result<_>>()?;
        let issuer = work::issuer(keys[count - 1].clone())?;
        let token = issuer.mint_with(&work::claims(), &work::custom(), work::lifetime(), &work::context())?;
        let set = keys.into_iter().try_fold(KeySet::builder(), |set, key| set.key(key))?.build()?;
        let verifier = Verifier::new(set).issuer(ISSUER).audience(AUDIENCE);
        cases.add(format!("verify, one of {count} keys"), move || Ok(verifier.verify(&token, work::now())?));
    }
    Ok(())
}

/// The state of a token that was verified, by a list that is here: the second of two issuers'.
fn status(cases: &mut Cases) -> Result<()> {
    let (issuer, now) = (work::issuer(key(None)?)?, work::now());
    let lists = StatusLists::new();
    for name in ["a", "b"] {
        let url = format!("https://{name}.example.com/status/1-0");
        // The draft's own list of 2^20 tokens.
        let lst = "eNrt3AENwCAMAEGogklACtKQPg9LugC9k_ACvreiogEAAKkeCQAAAAAAAAAAAAAAAAAAAIBylgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAXG9IAAAAAAAAAPwsJAAAAAAAAAAAAAAAvhsSAAAAAAAAAAAA7KpLAAAAAAAAAAAAAAAAAAAAAJsLCQAAAAAAAAAAADjelAAAAAAAAAAAKjDMAQAAAACAZC8L2AEb";
        let list = Claims::new()
            .subject(url.as_str())
            .set_json("status_list", format!(r#"{{"bits":1,"lst":"{lst}"}}"#));
        let policy = Policy::new(ISSUER).audience(AUDIENCE).token_type("statuslist+jwt");
        let keys = KeySet::builder().key(key(None)?)?.build()?;
        let body = Issuer::new(keys.clone(), policy)?.mint(&list, work::lifetime(), &work::context())?;
        lists.fetched(&url, Ok(body.as_bytes()), &keys, now)?;
    }
    let place = r#"{"status_list":{"idx":524288,"uri":"https://b.example.com/status/1-0"}}"#;
    let claims = work::claims().set_json("status", place);
    let token = issuer.mint_with(&claims, &work::custom(), work::lifetime(), &work::context())?;
    let verified = issuer.verifier().audience(AUDIENCE).verify(&token, now)?;
    cases.add("status, by a list that is here", move || match lists.resolve(&verified, now) {
        StatusResolution::Valid => Ok(()),
        other => bail!("{other:?}"),
    });
    Ok(())
}

fn endpoint(cases: &mut Cases) -> Result<()> {
    let building = service(|_| ())?;
    cases.add("building a request and a context alone", move || {
        building.request_at(ENTITY, "Bearer key", OPTIONS, 0)
    });
    let mut asked = service(|_| ())?;
    cases.add("entity token, options and a session", move || {
        expect_ok(asked.post(ENTITY, "Bearer demo-mercoa-key", OPTIONS)?)
    });
    let mut asked = service(|config| config["monite"]["access_tokens"] = "jwt".into())?;
    cases.add("client credentials, JWT", move || expect_ok(asked.post("/v1/auth/token", "", CLIENT)?));
    let mut refresh = service(|_| ())?.refreshes()?;
    cases.add("refresh", move || expect_ok(refresh()?));
    Ok(())
}

/// The service of the other tables, with what needs no key but those of HMAC.
fn service(change: impl FnOnce(&mut serde_json::Value)) -> Result<Service> {
    Service::with(|config| {
        let keep = |list: &mut serde_json::Value, keep: fn(&serde_json::Value) -> bool| {
            list.as_array_mut().expect("a list").retain(keep);
        };
        keep(&mut config["keys"], |key| key["alg"] == "HS256");
        keep(&mut config["clients"], |client| client.get("jwks").is_none());
        config.as_object_mut().expect("an object").remove("oauth");
        config["ledger"]["key"] = "mercoa".into();
        change(config);
    })
}
