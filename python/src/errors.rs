//! The core's errors as the exceptions of `tokenmint.errors`.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;
use tokenmint::Error;

/// What a function of this module may raise.
pub(crate) struct Raised(PyErr);

pub(crate) type Result<T, E = Raised> = std::result::Result<T, E>;

impl From<Error> for Raised {
    fn from(error: Error) -> Self {
        Raised(Python::attach(|py| exception(py, &error)))
    }
}

impl From<PyErr> for Raised {
    fn from(error: PyErr) -> Self {
        Raised(error)
    }
}

impl From<Raised> for PyErr {
    fn from(raised: Raised) -> Self {
        raised.0
    }
}

/// The exception of an error's code, as `tokenmint.errors` defines it.
pub(crate) fn exception(py: Python<'_>, error: &Error) -> PyErr {
    PyErr::from_value(match instance(py, error) {
        Ok(exception) => exception,
        Err(other) => other.into_value(py).into_bound(py).into_any(),
    })
}

fn instance<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    static BY_CODE: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let by_code = BY_CODE.get_or_try_init(py, || {
        let found = py.import("tokenmint.errors")?.getattr("BY_CODE")?;
        Ok::<_, PyErr>(found.cast_into::<PyDict>()?.unbind())
    })?;
    let class = by_code.bind(py).as_any().get_item(error.code().name())?;
    let named = PyDict::new(py);
    named.set_item("field", error.field())?;
    if let Some(retry) = error.retry_after() {
        named.set_item("retry_after", retry.after_seconds)?;
    }
    class.call((error.message(),), Some(&named))
}

/// What `__reduce__` of everything that holds secrets raises: a pickle would hold them, too.
pub(crate) fn unpicklable(class: &str) -> Result<()> {
    Err(PyTypeError::new_err(format!("a {class} cannot be copied or pickled")).into())
}
