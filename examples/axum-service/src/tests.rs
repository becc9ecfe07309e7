use axum::body::{Body, to_bytes};
use axum::http::Request;
use tower::ServiceExt;

use super::*;

async fn answer(service: &Router, method: &str, target: &str, bearer: &str, body: &str) -> (u16, Value) {
    authorized(service, method, target, &format!("Bearer {bearer}"), body).await
}

async fn authorized(service: &Router, method: &str, target: &str, by: &str, body: &str) -> (u16, Value) {
    let request = Request::builder().method(method).uri(target).header("content-type", "application/json");
    let request = request.header("authorization", by).body(Body::from(body.to_owned()));
    let response = service.clone().oneshot(request.unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 10_000).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test]
async fn the_widget_sees_what_its_token_allows() {
    let service = service().unwrap();
    for (pages, status) in [(r#"["invoices"]"#, 200), (r#"["payments"]"#, 403)] {
        let wanted = format!(r#"{{"entity":"ent_1","pages":{pages}}}"#);
        let (minted, body) = answer(&service, "POST", "/widget-token", "demo-key", &wanted).await;
        assert_eq!(minted, 200);
        let token = body["token"].as_str().unwrap();
        let (seen, body) = answer(&service, "GET", "/invoices", token, "").await;
        assert_eq!(seen, status);
        assert!(status != 200 || body == json!({ "entity": "ent_1", "invoices": [] }), "{body}");
        assert_eq!(answer(&service, "GET", "/invoices", &token[1..], "").await.0, 401);
        // RFC 9110 sections 11.1 and 11.4: the scheme in any case, and any number of blanks behind it.
        for (scheme, status) in [("bearer  ", status), ("BEARER ", status), ("Basic ", 401), ("Bearer", 401)]
        {
            let by = format!("{scheme}{token}");
            assert_eq!(authorized(&service, "GET", "/invoices", &by, "").await.0, status, "{scheme}");
        }
    }
}

#[tokio::test]
async fn nobody_else_gets_a_token() {
    let service = service().unwrap();
    let wanted = r#"{"entity":"ent_1","pages":[]}"#;
    assert_eq!(answer(&service, "POST", "/widget-token", "another-key", wanted).await.0, 401);
    assert_eq!(answer(&service, "GET", "/invoices", "demo-key", "").await.0, 401);
}
