//! Commands and replies as the dataclasses of `tokenmint.store`, and the store in memory.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple, PyType};
use tokenmint::{
    Command, Entry, Expect, Index, IndexValue, RecordKey, Reply, Store as _, StoreError, Version, Write,
};

use crate::errors::{Raised, Result, exception, unpicklable};

/// A store in the memory of this process, for tests and for single processes.
#[pyclass(frozen, module = "tokenmint")]
pub(crate) struct MemoryStore(pub(crate) tokenmint::MemoryStore);

#[pymethods]
impl MemoryStore {
    #[new]
    #[pyo3(signature = (*, capacity=1 << 30))]
    fn new(capacity: usize) -> Self {
        MemoryStore(tokenmint::MemoryStore::with_capacity(capacity))
    }

    /// Carries out one command; a store of your own may be made around it.
    fn execute<'py>(&self, py: Python<'py>, command: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
        let command = command_from_python(command)?;
        match self.0.execute(command) {
            Ok(reply) => reply_to_python(py, reply),
            Err(error) => Err(exception_of(py, error)),
        }
    }

    fn __reduce__(&self) -> Result<()> {
        unpicklable("MemoryStore")
    }
}

/// The dataclass of a command.
pub(crate) fn command_to_python(py: Python<'_>, command: Command) -> Result<Bound<'_, PyAny>> {
    let fields = PyDict::new(py);
    let set = |name: &str, value: Bound<'_, PyAny>| fields.set_item(name, value);
    let number = |value: u64| Ok::<_, PyErr>(value.into_pyobject(py)?.into_any());
    let bytes = |value: &[u8]| PyBytes::new(py, value).into_any();
    let text = |value: &str| Ok::<_, PyErr>(value.into_pyobject(py)?.into_any());
    let name = match command {
        Command::Load { keys } => {
            set("keys", PyTuple::new(py, keys.iter().map(|key| bytes(key.as_bytes())))?.into_any())?;
            "Load"
        }
        Command::Cas { key, expect, write } => {
            set("key", bytes(key.as_bytes()))?;
            let expect = match &expect {
                Expect::Absent => None,
                Expect::Version(version) => Some(version.as_bytes()),
            };
            fields.set_item("expect", expect.map(bytes))?;
            let write = match write {
                Write::Put(entry) => Some(entry_to_python(py, &entry)?),
                Write::Delete => None,
            };
            fields.set_item("write", write)?;
            "Cas"
        }
        Command::Throttle { key, interval_us, burst_us, cost, now_us } => {
            set("key", bytes(key.as_bytes()))?;
            set("interval_us", number(interval_us)?)?;
            set("burst_us", number(burst_us)?)?;
            set("cost", number(cost.into())?)?;
            set("now_us", number(now_us)?)?;
            "Throttle"
        }
        Command::Sweep { before_ms, limit } => {
            set("before_ms", number(before_ms)?)?;
            set("limit", number(limit.into())?)?;
            "Sweep"
        }
        Command::List { by, after, limit } => {
            let (by, value) = match &by {
                IndexValue::Subject(value) => ("subject", value),
                IndexValue::Client(value) => ("client", value),
            };
            set("by", text(by)?)?;
            set("value", bytes(value.as_bytes()))?;
            fields.set_item("after", after.as_ref().map(|key| bytes(key.as_bytes())))?;
            set("limit", number(limit.into())?)?;
            "List"
        }
        Command::Sign { kid, algorithm, message } => {
            set("kid", text(&kid)?)?;
            set("algorithm", text(algorithm.name())?)?;
            set("message", bytes(&message))?;
            "Sign"
        }
        Command::VerifySignature { kid, algorithm, message, signature } => {
            set("kid", text(&kid)?)?;
            set("algorithm", text(algorithm.name())?)?;
            set("message", bytes(&message))?;
            set("signature", bytes(&signature))?;
            "VerifySignature"
        }
        _ => return Err(PyTypeError::new_err("a command that this package does not know").into()),
    };
    Ok(class(py, name)?.call((), Some(&fields))?)
}

/// What a dataclass of a reply says, or an exception that the store raised.
pub(crate) fn reply_from_python(reply: &Bound<'_, PyAny>) -> Result<std::result::Result<Reply, StoreError>> {
    if reply.is_instance_of::<pyo3::exceptions::PyBaseException>() {
        // Of any other error nobody knows what it has done: the core reads back.
        return Ok(Err(match reply.getattr("code")?.extract::<String>()?.as_str() {
            "store_unavailable" => StoreError::Unavailable,
            "store_corrupt" => StoreError::Corrupt,
            "store_too_large" => StoreError::TooLarge,
            _ => StoreError::Unknown,
        }));
    }
    let name = reply.get_type().name()?;
    if !class(reply.py(), name.to_str()?).is_ok_and(|class| reply.is_instance(&class).unwrap_or(false)) {
        return Err(PyTypeError::new_err(format!(
            "a store answers with one of the replies of tokenmint.store, found {name}"
        ))
        .into());
    }
    Ok(Ok(match name.to_str()? {
        "Loaded" => Reply::Loaded {
            entries: items(&reply.getattr("entries")?, |item| optional(&item, entry_from_python))?,
            store_now_ms: reply.getattr("store_now_ms")?.extract()?,
        },
        "Done" => Reply::Done,
        "Conflict" => Reply::Conflict(optional(&reply.getattr("entry")?, entry_from_python)?),
        "Admitted" => Reply::Admitted { tat_us: reply.getattr("tat_us")?.extract()? },
        "Denied" => Reply::Denied { tat_us: reply.getattr("tat_us")?.extract()? },
        "Removed" => Reply::Removed(reply.getattr("count")?.extract()?),
        "Listed" => Reply::Listed {
            entries: items(&reply.getattr("entries")?, |item| {
                let (key, entry) = item.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
                Ok((record_key(&key)?, entry_from_python(&entry)?))
            })?,
            next: optional(&reply.getattr("next")?, record_key)?,
        },
        "Signed" => Reply::Signed(reply.getattr("signature")?.extract()?),
        "Verified" => Reply::Verified(reply.getattr("valid")?.extract()?),
        _ => return Err(PyTypeError::new_err(format!("{name} is no reply")).into()),
    }))
}

/// The command that a dataclass says.
pub(crate) fn command_from_python(command: &Bound<'_, PyAny>) -> Result<Command> {
    let py = command.py();
    let field = |name: &str| command.getattr(name);
    let name = command.get_type().name()?;
    Ok(match name.to_str()? {
        "Load" => Command::Load { keys: items(&field("keys")?, |key| record_key(&key))? },
        "Cas" => Command::Cas {
            key: record_key(&field("key")?)?,
            expect: optional(&field("expect")?, version)?.map_or(Expect::Absent, Expect::Version),
            write: optional(&field("write")?, entry_from_python)?.map_or(Write::Delete, Write::Put),
        },
        "Throttle" => Command::Throttle {
            key: record_key(&field("key")?)?,
            interval_us: field("interval_us")?.extract()?,
            burst_us: field("burst_us")?.extract()?,
            cost: field("cost")?.extract()?,
            now_us: field("now_us")?.extract()?,
        },
        "Sweep" => {
            Command::Sweep { before_ms: field("before_ms")?.extract()?, limit: field("limit")?.extract()? }
        }
        "List" => {
            let value = record_key(&field("value")?)?;
            let by = if field("by")?.eq(pyo3::intern!(py, "client"))? {
                IndexValue::Client(value)
            } else {
                IndexValue::Subject(value)
            };
            let after = optional(&field("after")?, record_key)?;
            Command::List { by, after, limit: field("limit")?.extract()? }
        }
        // A store has no keys.
        "Sign" | "VerifySignature" => {
            return Err(tokenmint::Error::new(StoreError::Unavailable.into()).into());
        }
        _ => return Err(PyTypeError::new_err(format!("{name} is no command of tokenmint.store")).into()),
    })
}

/// The dataclass of a reply.
pub(crate) fn reply_to_python(py: Python<'_>, reply: Reply) -> Result<Bound<'_, PyAny>> {
    let fields = PyDict::new(py);
    let entry = |entry: &Entry| entry_to_python(py, entry);
    let name = match reply {
        Reply::Loaded { entries, store_now_ms } => {
            let entries: Vec<_> =
                entries.iter().map(|found| found.as_ref().map(entry).transpose()).collect::<Result<_>>()?;
            fields.set_item("entries", PyTuple::new(py, entries)?)?;
            fields.set_item("store_now_ms", store_now_ms)?;
            "Loaded"
        }
        Reply::Done => "Done",
        Reply::Conflict(found) => {
            fields.set_item("entry", found.as_ref().map(entry).transpose()?)?;
            "Conflict"
        }
        Reply::Admitted { tat_us } => {
            fields.set_item("tat_us", tat_us)?;
            "Admitted"
        }
        Reply::Denied { tat_us } => {
            fields.set_item("tat_us", tat_us)?;
            "Denied"
        }
        Reply::Removed(count) => {
            fields.set_item("count", count)?;
            "Removed"
        }
        Reply::Listed { entries, next } => {
            let listed =
                |(key, found): &(RecordKey, Entry)| Ok((PyBytes::new(py, key.as_bytes()), entry(found)?));
            let entries: Vec<_> = entries.iter().map(listed).collect::<Result<_>>()?;
            fields.set_item("entries", PyTuple::new(py, entries)?)?;
            fields.set_item("next", next.as_ref().map(|key| PyBytes::new(py, key.as_bytes())))?;
            "Listed"
        }
        _ => return Err(PyTypeError::new_err("a reply that this package does not know").into()),
    };
    Ok(class(py, name)?.call((), Some(&fields))?)
}

fn entry_to_python<'py>(py: Python<'py>, entry: &Entry) -> Result<Bound<'py, PyAny>> {
    let fields = PyDict::new(py);
    let key = |key: &Option<RecordKey>| key.as_ref().map(|key| PyBytes::new(py, key.as_bytes()));
    fields.set_item("version", PyBytes::new(py, entry.version.as_bytes()))?;
    fields.set_item("value", PyBytes::new(py, &entry.value))?;
    fields.set_item("expires_at_ms", entry.expires_at_ms)?;
    fields.set_item("subject", key(&entry.index.subject))?;
    fields.set_item("client", key(&entry.index.client))?;
    Ok(class(py, "Entry")?.call((), Some(&fields))?)
}

fn entry_from_python(entry: &Bound<'_, PyAny>) -> Result<Entry> {
    Ok(Entry {
        version: version(&entry.getattr("version")?)?,
        value: entry.getattr("value")?.extract()?,
        expires_at_ms: entry.getattr("expires_at_ms")?.extract()?,
        index: Index {
            subject: optional(&entry.getattr("subject")?, record_key)?,
            client: optional(&entry.getattr("client")?, record_key)?,
        },
    })
}

fn record_key(key: &Bound<'_, PyAny>) -> Result<RecordKey> {
    let key = key.cast::<PyBytes>().map_err(PyErr::from)?;
    let bytes = RecordKey::new(key.as_bytes());
    Ok(bytes.ok_or_else(|| PyValueError::new_err("a key has 1 to 128 bytes"))?)
}

fn version(version: &Bound<'_, PyAny>) -> Result<Version> {
    let version = version.cast::<PyBytes>().map_err(PyErr::from)?;
    let bytes = Version::new(version.as_bytes());
    Ok(bytes.ok_or_else(|| PyValueError::new_err("a version has 8 to 16 bytes"))?)
}

fn optional<'py, T>(
    value: &Bound<'py, PyAny>,
    read: impl Fn(&Bound<'py, PyAny>) -> Result<T>,
) -> Result<Option<T>> {
    if value.is_none() { Ok(None) } else { read(value).map(Some) }
}

fn items<'py, T>(items: &Bound<'py, PyAny>, read: impl Fn(Bound<'py, PyAny>) -> Result<T>) -> Result<Vec<T>> {
    items.try_iter()?.map(|item| read(item?)).collect()
}

/// The exception of a store's error.
pub(crate) fn exception_of(py: Python<'_>, error: StoreError) -> Raised {
    exception(py, &tokenmint::Error::new(error.into())).into()
}

fn class<'py>(py: Python<'py>, name: &str) -> Result<Bound<'py, PyType>> {
    Ok(py.import("tokenmint.store")?.getattr(name)?.cast_into::<PyType>().map_err(PyErr::from)?)
}
