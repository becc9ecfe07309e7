//! `flows.json`: sequences of operations on one store; each with its time and seed, its exact result and its events.

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value, json};
use tokenmint::directory::{self, ApiKey, Client, Entity, User};
use tokenmint::*;

use super::{Generated, context, pretty};

const CASES: &str = include_str!("cases/flows.json");
const ABOUT: &str = "Operations on one empty store, one after the other: each with its time and seed, its exact result, \
    and what happened as events. The issuer signs with HS256; keys and secrets are test keys.";
/// Signs the tokens of these cases; also the session secret.
const KEY: [u8; 32] = *b"a test key that protects nothing";

pub(super) fn generate() -> Result<Vec<Generated>> {
    let cases: Value = serde_json::from_str(CASES)?;
    let mut written = Vec::new();
    for case in cases["cases"].as_array().context("cases")? {
        let id = case["id"].as_str().context("`id`")?;
        written.push(run(case).with_context(|| id.to_owned())?);
    }
    let issuer = json!({
        "issuer": "https://issuer.example",
        "audience": ["api"],
        "key": { "kty": "oct", "alg": "HS256", "kid": "k1", "k": "YSB0ZXN0IGtleSB0aGF0IHByb3RlY3RzIG5vdGhpbmc" },
        "session_secret": String::from_utf8_lossy(&KEY),
        "integrations": [{ "slug": "lever", "name": "Lever", "categories": ["ats", "hris"] }],
    });
    let file = json!({ "about": ABOUT, "issuer": issuer, "cases": written });
    Ok(vec![Generated { path: "bindings-tests/vectors/flows.json", content: pretty(&file) }])
}

/// Runs the steps of a case and writes down what each gave.
fn run(case: &Value) -> Result<Value> {
    let issuer = issuer(&case["policy"])?;
    let store = MemoryStore::new();
    let mut steps: Vec<Value> = Vec::new();
    let (mut now, mut seed) = (1_700_000_000, 0_u8);
    for step in case["steps"].as_array().context("steps")? {
        let (op, input) = step.as_object().and_then(|step| step.iter().next()).context("a step")?;
        if op == "wait" {
            now += input.as_i64().context("seconds")?;
            continue;
        }
        seed += 1;
        let mut given = json!({ "op": op, "now": now, "seed": format!("{seed:02x}").repeat(32) });
        given["input"] = resolve(input, &steps)?;
        let (result, events) = execute(&issuer, &store, op, &given["input"], &context(&given)?)?;
        match result {
            Ok(output) => given["output"] = output,
            Err(error) => given["error"] = error.code().name().into(),
        }
        given["events"] = serde_json::to_value(events)?;
        steps.push(given);
    }
    let mut written = json!({ "id": case["id"], "rule": case["rule"] });
    if !case["policy"].is_null() {
        written["policy"] = case["policy"].clone();
    }
    written["steps"] = steps.into();
    Ok(written)
}

/// Replaces `"$2.refresh_token"` by what step 2 (from 0) gave.
fn resolve(value: &Value, steps: &[Value]) -> Result<Value> {
    Ok(match value {
        Value::String(text) if text.starts_with('$') => {
            let (step, path) = text[1..].split_once('.').context("$step.member")?;
            let output = &steps.get(step.parse::<usize>()?).context("an earlier step")?["output"];
            let found = if path == "." { output } else { &output[path] };
            if found.is_null() {
                bail!("{text}: the step has no such output");
            }
            found.clone()
        }
        Value::Object(members) => {
            let members: Result<Map<String, Value>> =
                members.iter().map(|(name, value)| Ok((name.clone(), resolve(value, steps)?))).collect();
            Value::Object(members?)
        }
        Value::Array(items) => items.iter().map(|item| resolve(item, steps)).collect::<Result<_>>()?,
        other => other.clone(),
    })
}

fn issuer(policy: &Value) -> Result<Issuer> {
    let keys = KeySet::builder().hmac("k1", KEY.as_slice())?.build()?;
    let categories = vec!["ats".to_owned(), "hris".to_owned()];
    let mut built = Policy::new("https://issuer.example")
        .audience("api")
        .session_secret(KEY.as_slice())
        .integration(Integration { slug: "lever".into(), name: "Lever".into(), categories });
    for (name, value) in policy.as_object().into_iter().flatten() {
        let seconds = || value.as_u64().context("seconds");
        built = match name.as_str() {
            "access_format" if value == "opaque" => built.access_format(AccessFormat::Opaque),
            "refresh_grace_seconds" => built.refresh_grace_seconds(seconds()?),
            "client_rate" => built.client_rate(rate(value)?),
            "failure_rate" => built.failure_rate(rate(value)?),
            other => bail!("the policy {other} is not known"),
        };
    }
    Ok(Issuer::new(keys, built)?)
}

fn rate(value: &Value) -> Result<Rate> {
    let number =
        |name: &str| Ok::<_, anyhow::Error>(u32::try_from(value[name].as_u64().context("a number")?)?);
    Ok(Rate::new(number("events")?, value["per"].as_str().context("per")?.parse()?, number("burst")?)?)
}

type Executed = (Result<Value, Error>, Vec<Event>);

fn execute(
    issuer: &Issuer,
    store: &MemoryStore,
    op: &str,
    input: &Value,
    context: &Context,
) -> Result<Executed> {
    let text = |name: &str| input[name].as_str().unwrap_or_default().to_owned();
    let optional = |name: &str| input[name].as_str().map(str::to_owned);
    let proof = || ClientProof::new(text("client_id"), text("client_secret"));
    let nothing = |task: Task<()>| Ok(shown(task.run(store), |()| json!({})));
    match op {
        "create_client" => {
            let mut client =
                Client::new(text("id"), text("organization"), SecretHash::of(text("secret").as_bytes()));
            client.permissions = serde_json::from_value(input["permissions"].clone())?;
            client.subject = optional("subject");
            nothing(directory::create_client(client, context))
        }
        "disable_client" => nothing(directory::disable_client(&text("id"), context)),
        "create_api_key" => {
            let permissions = serde_json::from_value(input["permissions"].clone())?;
            let key = ApiKey { organization: text("organization"), permissions, disabled: false };
            nothing(directory::create_api_key(&text("bearer").into(), key, context))
        }
        "create_entity" => nothing(directory::create_entity(named(input)?, context)),
        "create_group" => nothing(directory::create_group(named(input)?, context)),
        "create_user" => {
            nothing(directory::create_user(serde_json::from_value::<User>(input.clone())?, context))
        }
        "client_credentials" => Ok(shown(issuer.client_credentials(proof(), context).run(store), access)),
        "entity_user" => Ok(shown(issuer.entity_user(proof(), &text("user"), context).run(store), access)),
        "exchange_api_key" => {
            let conditions = ClientConditions { name: optional("name") };
            Ok(shown(issuer.exchange_api_key(proof(), conditions, context).run(store), pair))
        }
        "refresh" => Ok(shown(issuer.refresh(&text("refresh_token"), context).run(store), pair)),
        "check" => Ok(shown(issuer.check(&text("token"), context).run(store), active)),
        "revoke_token" => nothing(issuer.revoke_token(&text("token"), &text("client"), context)),
        "revoke_session" => nothing(issuer.revoke_session(&text("session"), context)),
        "revoke_subject" => nothing(issuer.revoke_subject(&text("subject"), context)),
        "revoke_client" => nothing(issuer.revoke_client(&text("client"), context)),
        "revoke_all" => nothing(issuer.revoke_all(context)),
        "entity_token" => {
            let request = EntityTokenRequest {
                bearer: text("bearer").into(),
                target: target(input)?,
                expires_in: optional("expires_in").map(|text| text.parse()).transpose()?,
                options: serde_json::from_value(input.get("options").cloned().unwrap_or_else(|| json!({})))?,
            };
            Ok(shown(issuer.entity_token(request, context).run(store), |token| json!({ "token": token })))
        }
        "invalidate_tokens" => {
            let sessions = serde_json::from_value(input["sessions"].clone())?;
            nothing(issuer.invalidate_tokens(text("bearer").into(), sessions, context))
        }
        "create_link" => {
            let details: LinkDetails = serde_json::from_value(input["details"].clone())?;
            let lifetime = text("expires_in").parse()?;
            let link = issuer.create_link(text("bearer").into(), details, lifetime, context).run(store);
            let show =
                |link: LinkToken| json!({ "link_token": link.link_token, "expires_at": link.expires_at });
            Ok(shown(link, show))
        }
        "peek_link" => {
            let view = issuer.peek_link(&text("link_token"), context).run(store);
            Ok(shown(view, |view| json!({ "details": view.details, "expires_at": view.expires_at })))
        }
        "redeem_link" => {
            let (link_token, integration) = (text("link_token"), optional("integration"));
            let request = RedeemRequest { link_token, integration, redeemer: optional("redeemer") };
            let show = |public: PublicToken| json!({ "public_token": public.public_token, "expires_in": public.expires_in.seconds() });
            Ok(shown(issuer.redeem_link(request, context).run(store), show))
        }
        "exchange_public_token" => {
            let request = ExchangeRequest {
                bearer: text("bearer").into(),
                category: text("category"),
                public_token: text("public_token"),
                redeemer: optional("redeemer"),
            };
            Ok(shown(issuer.exchange_public_token(request, context).run(store), account))
        }
        "regenerate_account_token" => {
            let (bearer, token) = (text("bearer").into(), text("account_token"));
            Ok(shown(
                issuer.regenerate_account_token(bearer, &text("category"), &token, context).run(store),
                account,
            ))
        }
        other => bail!("the operation {other} is not known"),
    }
}

fn shown<T>(outcome: Outcome<T>, show: impl Fn(T) -> Value) -> Executed {
    (outcome.result.map(show), outcome.events)
}

fn access(token: AccessToken) -> Value {
    json!({ "access_token": token.access_token, "expires_in": token.expires_in.seconds() })
}

fn pair(pair: TokenPair) -> Value {
    json!({
        "access_token": pair.access_token,
        "expires_in": pair.expires_in.seconds(),
        "refresh_token": pair.refresh_token,
        "refresh_expires_in": pair.refresh_expires_in.seconds(),
        "session": pair.session,
    })
}

fn active(token: ActiveToken) -> Value {
    json!({
        "client": token.client,
        "subject": token.subject,
        "scope": token.scope,
        "id": token.id,
        "issued_at": token.issued_at,
        "expires_at": token.expires_at,
    })
}

fn account(account: AccountToken) -> Value {
    json!({ "account_token": account.account_token, "id": account.id.to_string(), "integration": account.integration.slug })
}

fn named(input: &Value) -> Result<Entity> {
    Ok(serde_json::from_value(input.clone())?)
}

fn target(input: &Value) -> Result<EntityTarget> {
    let text = |name: &str| input["target"][name].as_str().map(str::to_owned);
    Ok(match (text("entity"), text("group"), text("user")) {
        (Some(entity), None, None) => EntityTarget::Entity(entity),
        (Some(entity), None, Some(user)) => EntityTarget::EntityUser(entity, user),
        (None, Some(group), None) => EntityTarget::Group(group),
        (None, Some(group), Some(user)) => EntityTarget::GroupUser(group, user),
        _ => bail!("a target is an entity or a group, and maybe a user"),
    })
}
