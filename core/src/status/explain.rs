//! Why a token is taken or refused, its status included.

use super::{StatusLists, claim};
use crate::time::UnixTime;
use crate::token::explain::{Check, CheckOutcome, Explanation, excerpt};

impl StatusLists {
    /// An explanation of [`Verifier::explain`](crate::Verifier::explain) with one more line, `status`: the verdict of
    /// [`StatusLists::check`], by the lists that are here.
    ///
    /// ```
    /// use tokenmint::*;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let issuer = Issuer::new(keys, Policy::new("https://as.example").audience("app"))?;
    /// let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
    /// let status = r#"{"status_list":{"idx":9,"uri":"https://as.example/status/1"}}"#;
    /// let token = issuer.mint(&Claims::new().set_json("status", status), Lifetime::HOUR, &context)?;
    ///
    /// let explanation = issuer.verifier().explain(&token, context.now());
    /// assert!(explanation.is_accepted());
    /// let explanation = StatusLists::new().explain(explanation, context.now()); // nothing was fetched yet
    /// assert_eq!(explanation.error().map(Error::code), Some(ErrorCode::StatusUnavailable));
    /// assert_eq!(explanation.checks().last().map(|check| check.name), Some("status"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn explain(&self, explanation: Explanation, now: UnixTime) -> Explanation {
        let limit =
            if self.required { "VALID in a status list" } else { "VALID where a status list is named" };
        let mut check = Check {
            name: "status",
            outcome: CheckOutcome::NotReached,
            seen: None,
            limit: Some(limit.to_owned()),
            error: None,
            hint: None,
        };
        if let Some(status) = explanation.status() {
            let named = status.and_then(|status| claim::reference(status).ok().flatten());
            check.error = self.checked(status, now).err();
            check.outcome = match (&check.error, &named) {
                (Some(_), _) => CheckOutcome::Failed,
                (None, Some(_)) => CheckOutcome::Passed,
                (None, None) => CheckOutcome::NotAsked,
            };
            check.seen = status.map(excerpt);
            check.hint = named.and_then(|named| self.age(&named.uri, now));
        }
        explanation.with(check)
    }

    /// How old the list of a URL is.
    fn age(&self, url: &str, now: UnixTime) -> Option<String> {
        let issued_at = self.lists.read(|lists| lists.get(url).map(|list| list.issued_at))?;
        Some(format!("the list was issued {} s ago", now.seconds().saturating_sub(issued_at.seconds())))
    }
}
