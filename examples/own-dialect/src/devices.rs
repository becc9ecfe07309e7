//! Devices that pair by a code: a dialect outside of the crate.
//!
//! Whoever is logged in asks for a code and types it into the device; the device gives it in, and gets a session of its own.

use http::{Method, StatusCode};
use serde_json::json;
use tokenmint::dialect::{Answer, Call, Dialect, Rejection, Response, fields, method_not_allowed, response};
use tokenmint::*;

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

    fn check(&self) -> Result<()> {
        self.0.check_session_secret()
    }

    fn answer<'a>(&'a self, call: &'a Call) -> Answer<'a> {
        Box::pin(async move {
            match (call.request().method(), call.request().segments().as_slice()) {
                (&Method::POST, ["devices", "code"]) => self.code(call).await,
                (&Method::POST, ["devices", "pair"]) => self.pair(call).await,
                (&Method::GET, ["devices"]) => self.list(call).await,
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

    /// A device's session for a code.
    async fn pair(&self, call: &Call) -> Result<Response, Rejection> {
        let (user, code, name) = call.request().read(|fields| {
            let user = fields.required("user", fields::text_of(1, 100));
            let code = fields.required("code", fields::text);
            let name = fields.required("name", fields::text_of(1, 100));
            Some((user?, code?, name?))
        })?;
        let presented = PresentedSingleUse::new(PURPOSE, code).slot(user);
        let redeemed = call.run(|context| self.0.redeem_single_use(&presented, None, context)).await?;
        let name = JsonText::of(&name)?;
        let session = StartSession::new(redeemed.subject.unwrap_or_default())
            .details([("name".to_owned(), name)].into());
        let pair = call.run(|context| self.0.start_session(session, context)).await?;
        let body = json!({ "access_token": pair.access_token, "expires_in": pair.expires_in.seconds(),
                           "refresh_token": pair.refresh_token, "token_type": "Bearer" });
        Ok(response::json(StatusCode::OK, body))
    }

    /// The devices of the user.
    async fn list(&self, call: &Call) -> Result<Response, Rejection> {
        let user = self.caller(call).await?.subject.ok_or(ErrorCode::Forbidden)?;
        let list = call.run(|context| self.0.list_sessions(&*user, context)).await?;
        let devices: Vec<_> = list.sessions.iter().map(|session| &session.details).collect();
        Ok(response::json(StatusCode::OK, devices))
    }

    /// The bearer's token, if it stands; nobody is told why it does not.
    async fn caller(&self, call: &Call) -> Result<ActiveToken> {
        let bearer = call.request().bearer()?;
        let token = std::str::from_utf8(bearer.expose()).unwrap_or_default();
        let checked = call.run(|context| self.0.check(token, context)).await;
        checked.map_err(|error| match error.code().http_status() {
            500.. => error,
            _ => ErrorCode::Unauthenticated.into(),
        })
    }
}
