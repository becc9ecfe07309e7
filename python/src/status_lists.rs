//! Status lists.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use tokenmint::config::StatusListsConfig;
use tokenmint::{Error, ErrorCode, StatusResolution};

use crate::errors::{Result, unpicklable};
use crate::host::Now;
use crate::json;
use crate::keys::KeySet;

/// The status lists that tokens name, without a transport.
#[pyclass(frozen, subclass, module = "tokenmint._tokenmint")]
pub(crate) struct StatusLists {
    pub(crate) lists: tokenmint::StatusLists,
    keys: tokenmint::KeySet,
}

#[pymethods]
impl StatusLists {
    #[new]
    #[pyo3(signature = (keys, options, /))]
    fn new(keys: &Bound<'_, KeySet>, options: &Bound<'_, PyDict>) -> Result<Self> {
        let given = PyDict::new(keys.py());
        for (name, value) in options {
            if !value.is_none() {
                given.set_item(name, value)?;
            }
        }
        let lists = StatusListsConfig::from_json(&json::input(&given)?)?.build()?;
        Ok(StatusLists { lists, keys: keys.get().0.clone() })
    }

    /// The largest body that is read, in bytes.
    #[getter]
    fn max_body(&self) -> usize {
        self.lists.max_body()
    }

    /// What is to be fetched first: a URL, and whether another caller was told to. None where the token stands.
    #[pyo3(signature = (claims, now, /))]
    fn _resolve(
        &self,
        claims: &Bound<'_, PyDict>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> Result<Option<(String, bool)>> {
        let status = PyDict::new(claims.py());
        if let Some(claim) = claims.get_item(pyo3::intern!(claims.py(), "status"))? {
            status.set_item(pyo3::intern!(claims.py(), "status"), claim)?;
        }
        match self.lists.resolve_json(&json::input(&status)?, Now::of(now)?.time()) {
            StatusResolution::Valid => Ok(None),
            StatusResolution::Fetch { url } => Ok(Some((url, false))),
            StatusResolution::Wait { url } => Ok(Some((url, true))),
            StatusResolution::Refuse(error) => Err(error.into()),
        }
    }

    /// Takes the body that a URL brought, or None and the reason why there is none.
    ///
    /// Raises why the list is not taken, for the log.
    #[pyo3(signature = (url, body, *, reason="there was no answer", now=None))]
    fn fetched(
        &self,
        py: Python<'_>,
        url: &str,
        body: Option<&[u8]>,
        reason: &str,
        now: Option<&Bound<'_, PyAny>>,
    ) -> Result<()> {
        let now = Now::of(now)?.time();
        let answer = body.ok_or_else(|| Error::new(ErrorCode::StatusUnavailable).because(reason.to_owned()));
        Ok(py.detach(|| self.lists.fetched(url, answer, &self.keys, now))?)
    }

    fn __reduce__(&self) -> Result<()> {
        unpicklable("StatusLists")
    }
}
