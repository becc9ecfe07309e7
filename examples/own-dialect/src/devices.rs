//! Devices that pair by a code: a dialect outside of the crate.
//!
//! Whoever is logged in asks for a code and types it into the device; the device gives it in, and gets a token of its own.

use http::{Method, StatusCode};
use serde_json::json;
use tokenmint::dialect::{Answer, Call, Dialect, Rejection, Response, fields, method_not_allowed, response};
use tokenmint::{
    ActiveToken, Claims, ErrorCode, IssueSingleUse, Issuer, Lifetime, PresentedSingleUse, Result,
};

/// What the codes are for: one of another purpose is none.
const PURPOSE: &str = "pair a device";

#[derive(Debug)]
pub(crate) struct Devices(pub(crate) Issuer);

impl Dialect for Devices {
    fn issuer(&self) -> &Issuer {
        &self.0
    }

    fn paths(&self) -> &[&str] {
        &["/devices"]
    }

    /// Codes need the session secret: without it the endpoint is not built.
    fn check(&self) -> Result<()> {
        self.0.check_session_secret()
    }

    fn answer<'a>(&'a self, call: &'a Call) -> Answer<'a> {
        Box::pin(async move {
            match (call.request().method(), call.request().segments().as_slice()) {
                (&Method::POST, ["devices", "code"]) => self.code(call).await,
                (&Method::POST, ["devices", "pair"]) => self.pair(call).await,
                (&Method::GET, ["devices", "me"]) => self.me(call).await,
                (_, ["devices", "code" | "pair"]) => Err(method_not_allowed("POST")),
                _ => Err(ErrorCode::RouteNotFound.into()),
            }
        })
    }
}

impl Devices {
    /// A code for the user of the access token; one at a time, and five wrong ones end it.
    async fn code(&self, call: &Call) -> Result<Response, Rejection> {
        let user = self.caller(call).await?.subject.ok_or(ErrorCode::Forbidden)?;
        let code =
            IssueSingleUse::new(PURPOSE, Lifetime::from_seconds(600)?).subject(&*user).slot(&*user).digits(8);
        let code = call.run(|context| self.0.issue_single_use(code, context)).await?;
        let body = json!({ "user": user, "code": code.token, "expires_at": code.expires_at.seconds() });
        Ok(response::json(StatusCode::CREATED, body))
    }

    /// A device's token for a code.
    async fn pair(&self, call: &Call) -> Result<Response, Rejection> {
        let (user, code, name) = call.request().read(|fields| {
            let user = fields.required("user", fields::text_of(1, 100));
            let code = fields.required("code", fields::text);
            let name = fields.required("name", fields::text_of(1, 100));
            Some((user?, code?, name?))
        })?;
        let presented = PresentedSingleUse::new(PURPOSE, code).slot(user);
        let redeemed = call.run(|context| self.0.redeem_single_use(&presented, None, context)).await?;
        let claims = Claims::new().subject(redeemed.subject.unwrap_or_default()).set("device", &name);
        let token = call.run(|context| self.0.mint_task(&claims, Lifetime::DAY, context)).await?;
        let body =
            json!({ "access_token": token, "expires_in": Lifetime::DAY.seconds(), "token_type": "Bearer" });
        Ok(response::json(StatusCode::OK, body))
    }

    /// Who a device acts for.
    async fn me(&self, call: &Call) -> Result<Response, Rejection> {
        let active = self.caller(call).await?;
        let claims: serde_json::Value = serde_json::from_str(&active.claims).unwrap_or_default();
        Ok(response::json(StatusCode::OK, json!({ "user": active.subject, "device": claims["device"] })))
    }

    /// The bearer's token, if it stands; nobody is told why it does not.
    async fn caller(&self, call: &Call) -> Result<ActiveToken, Rejection> {
        let bearer = call.request().bearer()?;
        let token = std::str::from_utf8(bearer.expose()).unwrap_or_default();
        let checked = call.run(|context| self.0.check(token, context)).await;
        checked.map_err(|error| match error.code().http_status() {
            500.. => error.into(),
            _ => ErrorCode::Unauthenticated.into(),
        })
    }
}
