//! `transcripts.json`: HTTP requests to the endpoints, each with its time and seed, and the exact responses.

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value, json};
use tokenmint::MemoryStore;
use tokenmint::config::{Config, InlineOnly, Service};

use super::{Generated, context, pretty};

const CASES: &str = include_str!("cases/transcripts.json");
/// The service that answers, in the configuration's own form.
const CONFIG: &str = include_str!("cases/endpoint.json");
const ABOUT: &str = "HTTP requests to one service, each with its time and seed, and the exact response. Each case begins \
    with an empty store in which the configuration's directory was created at `now` - 1. `{{0.access_token}}` in a \
    request stands for that member of the JSON response to exchange 0, `{{0}}` for a response that is a JSON string. An exchange \
    with an `operation` is no request: the host runs it by the endpoint's first issuer, on the same store.";

pub(super) fn generate() -> Result<Vec<Generated>> {
    let config: Value = serde_json::from_str(CONFIG)?;
    let service = Config::from_json(&config.to_string())?.build(&mut InlineOnly)?;
    let cases: Value = serde_json::from_str(CASES)?;
    let mut written = Vec::new();
    for case in cases["cases"].as_array().context("cases")? {
        let id = case["id"].as_str().context("`id`")?;
        written.push(run(&service, case).with_context(|| id.to_owned())?);
    }
    let file = json!({ "about": ABOUT, "config": config, "cases": written });
    Ok(vec![Generated { path: "bindings-tests/vectors/transcripts.json", content: pretty(&file) }])
}

fn run(service: &Service, case: &Value) -> Result<Value> {
    let store = MemoryStore::new();
    let (mut now, mut seed) = (1_700_000_000, 0_u8);
    let before = context(&json!({ "now": now - 1, "seed": "ee".repeat(32) }))?;
    service.prepare_store(&before).run(&store).result?;
    let mut exchanges: Vec<Value> = Vec::new();
    for exchange in case["exchanges"].as_array().context("exchanges")? {
        if let Some(seconds) = exchange["wait"].as_i64() {
            now += seconds;
            continue;
        }
        seed += 1;
        let mut written = json!({ "now": now, "seed": format!("{seed:02x}").repeat(32) });
        if let Some(name) = exchange["operation"].as_str() {
            let (input, context) = (exchange["input"].to_string(), context(&written)?);
            let output = service.endpoint.operation(None, name, &input, &context).run(&store).result?;
            written["operation"] = exchange["operation"].clone();
            written["input"] = exchange["input"].clone();
            written["response"] = json!({ "body": output });
            exchanges.push(written);
            continue;
        }
        let request = request(&exchange["request"], &exchanges)?;
        let response = service.endpoint.handle(request, &context(&written)?).run(&store).result?;
        written["request"] = exchange["request"].clone();
        written["response"] = described(&response)?;
        exchanges.push(written);
    }
    Ok(json!({ "id": case["id"], "rule": case["rule"], "exchanges": exchanges }))
}

fn request(given: &Value, earlier: &[Value]) -> Result<http::Request<Vec<u8>>> {
    let text = |value: &Value| fill(value.as_str().unwrap_or_default(), earlier);
    let mut builder = http::Request::builder()
        .method(given["method"].as_str().context("method")?)
        .uri(text(&given["target"])?);
    for (name, value) in given["headers"].as_object().into_iter().flatten() {
        builder = builder.header(name, text(value)?);
    }
    Ok(builder.body(text(&given["body"])?.into_bytes())?)
}

/// Puts parts of earlier responses in the places that name them.
fn fill(text: &str, earlier: &[Value]) -> Result<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, tail) = after.split_once("}}").context("`{{` without `}}`")?;
        let (index, member) =
            name.split_once('.').map_or((name, None), |(index, member)| (index, Some(member)));
        let exchange = earlier.get(index.parse::<usize>()?).context("an earlier exchange")?;
        let body: Value = serde_json::from_str(exchange["response"]["body"].as_str().unwrap_or_default())?;
        let found = member.map_or(&body, |member| &body[member]);
        let Some(found) = found.as_str() else { bail!("{name}: the response has no such text: {body}") };
        filled += before;
        filled += found;
        rest = tail;
    }
    Ok(filled + rest)
}

fn described(response: &http::Response<Vec<u8>>) -> Result<Value> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, value) in response.headers() {
        headers.push((name.to_string(), value.to_str()?.to_owned()));
    }
    headers.sort();
    let headers: Map<String, Value> = headers.into_iter().map(|(name, value)| (name, value.into())).collect();
    let body = String::from_utf8(response.body().clone())?;
    Ok(json!({ "status": response.status().as_u16(), "headers": headers, "body": body }))
}
