//! A request on its way through a dialect, and what answering it needs.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use super::request::Request;
use crate::error::Result;
use crate::flow::Flow;
use crate::issuer::Issuer;
use crate::task::{Io, Task};
use crate::time::{Context, UnixTime};

/// One request, the time at which it came, and the way to the store.
pub struct Call {
    request: Request,
    context: Context,
    io: Io,
    /// How many tasks were run.
    run: AtomicU64,
}

impl Call {
    pub(super) fn new(request: Request, context: Context, io: Io) -> Self {
        Call { request, context, io, run: AtomicU64::new(0) }
    }

    /// What was asked.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The time.
    pub fn now(&self) -> UnixTime {
        self.context.now()
    }

    /// Runs a task, such as a flow of an issuer: whoever drives the endpoint carries its commands out, and the records of
    /// the configuration are there for it. Each task has randomness of its own, so there may be several in one request.
    ///
    /// ```
    /// use tokenmint::*;
    /// use tokenmint::dialect::{Call, Rejection, Response, response};
    /// async fn whose(issuer: &Issuer, call: &Call) -> Result<Response, Rejection> {
    ///     let bearer = call.request().bearer()?;
    ///     let token = std::str::from_utf8(bearer.expose()).unwrap_or_default();
    ///     let active = call.run(|context| issuer.check(token, context)).await?;
    ///     Ok(response::json(http::StatusCode::OK, active.subject))
    /// }
    /// ```
    ///
    /// # Errors
    /// Those of the task.
    pub async fn run<T: 'static>(&self, task: impl FnOnce(&Context) -> Task<T>) -> Result<T> {
        let number = self.run.fetch_add(1, Ordering::Relaxed);
        let task = task(&self.context.part(number));
        task.within(&self.io).await
    }

    /// An issuer's flows, with the request's own randomness.
    pub(crate) fn flow(&self, issuer: &Issuer) -> Flow {
        Flow::new(issuer.clone(), &self.context, self.io.clone())
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("request", &self.request)
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}
