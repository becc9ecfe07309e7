use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;

async fn send(service: &Router, method: &str, path: &str, bearer: &str, body: Value) -> (u16, Value) {
    let request =
        Request::builder().method(method).uri(path).header("authorization", format!("Bearer {bearer}"));
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let response = service.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 10_000).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

fn device(code: &Value) -> Value {
    json!({ "user": "u1", "code": code, "name": "kitchen" })
}

#[tokio::test]
async fn a_device_pairs_once_by_a_code() {
    let issuer = issuer().unwrap();
    let user = issuer.mint(&Claims::new().subject("u1"), Lifetime::HOUR, &context()).unwrap();
    let service = service(issuer).unwrap();

    let (status, code) = send(&service, "POST", "/devices/code", &user, Value::Null).await;
    assert_eq!((status, code["code"].as_str().unwrap().len()), (201, 8));
    let (status, paired) = send(&service, "POST", "/devices/pair", "", device(&code["code"])).await;
    assert_eq!((status, &paired["token_type"]), (200, &json!("Bearer")));
    let token = paired["access_token"].as_str().unwrap();
    let devices = send(&service, "GET", "/devices", token, Value::Null).await;
    assert_eq!(devices, (200, json!([{ "name": "kitchen" }])));

    let (status, again) = send(&service, "POST", "/devices/pair", "", device(&code["code"])).await;
    assert_eq!((status, &again["error"]), (400, &json!("invalid_grant")), "{again}");
    // The public keys are the endpoint's.
    let (status, keys) = send(&service, "GET", "/.well-known/jwks.json", "", Value::Null).await;
    assert_eq!((status, &keys["keys"][0]["kid"]), (200, &json!("k1")));
}

#[tokio::test]
async fn five_wrong_codes_are_enough() {
    let issuer = issuer().unwrap();
    let user = issuer.mint(&Claims::new().subject("u1"), Lifetime::HOUR, &context()).unwrap();
    let service = service(issuer).unwrap();
    let (_, code) = send(&service, "POST", "/devices/code", &user, Value::Null).await;
    let code = &code["code"];
    let wrong = json!(if code == "00000000" { "00000001" } else { "00000000" });
    for _ in 0..5 {
        let (status, body) = send(&service, "POST", "/devices/pair", "", device(&wrong)).await;
        assert!((400..500).contains(&status), "{body}");
    }
    let (status, body) = send(&service, "POST", "/devices/pair", "", device(code)).await;
    assert!((400..500).contains(&status), "the right code came too late: {body}");
}

#[tokio::test]
async fn nobody_else_gets_a_code() {
    let service = service(issuer().unwrap()).unwrap();
    let (status, body) = send(&service, "POST", "/devices/code", "nobody", Value::Null).await;
    assert_eq!((status, &body["error"]), (401, &json!("invalid_token")));
    let (status, body) = send(&service, "POST", "/devices/pair", "", json!({ "user": "u1" })).await;
    assert_eq!((status, &body["error_description"]), (400, &json!("code: this field is required")));
}
