//! A timedelta as a lifetime.

use pyo3::prelude::*;
use pyo3::types::PyDelta;
use tokenmint::{Error, ErrorCode, Lifetime};

use crate::errors::Result;

/// Its whole seconds, rounded down as those of a text are.
pub(crate) fn whole_seconds(delta: &Bound<'_, PyDelta>) -> Result<Lifetime> {
    let part = |name: &str| delta.getattr(name)?.extract::<i64>();
    let seconds = part("days")? * 86_400 + part("seconds")?;
    match u64::try_from(seconds) {
        Ok(0) if part("microseconds")? > 0 => Err(Error::new(ErrorCode::LifetimeUnderOneSecond).into()),
        seconds => Ok(Lifetime::from_seconds(seconds.unwrap_or(0))?),
    }
}
