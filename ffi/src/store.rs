//! Stores, opened by URL.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use tokenmint::{Command, Durability, ErrorCode, MemoryStore, Reply, Result, SLACK_MS, Store};

use crate::arguments::{micros, place, text};
use crate::bytes::tokenmint_bytes;
use crate::error::tokenmint_error;
use crate::guard::{guard, guard_value};
use crate::handle::{Handle, borrow, free, handles};

/// How many entries one sweep forgets at most.
const SWEPT: u32 = 10_000;

/// Where the flows keep their records.
pub struct tokenmint_store(Kind);

enum Kind {
    Memory(MemoryStore),
    #[cfg(feature = "stores")]
    Database(::tokenmint_store::BlockingDatabase),
}

handles!(tokenmint_store b"tm store");

impl tokenmint_store {
    /// The store behind a handle.
    ///
    /// # Safety
    /// As [`borrow`].
    pub(crate) unsafe fn borrow<'a>(store: *const Self) -> Result<&'a dyn Store> {
        // SAFETY: the caller's promise.
        Ok(match &unsafe { borrow(store, "store")? }.0 {
            Kind::Memory(memory) => memory,
            #[cfg(feature = "stores")]
            Kind::Database(database) => {
                database.check_process()?;
                database
            }
        })
    }
}

/// Opens a store by its URL: connects, and makes or migrates its schema.
///
/// `memory:` is an empty one that lasts until it is freed; `sqlite:/var/lib/tokens.db` is a file for one machine;
/// `postgres://user@host/name` and `redis://host` are shared by many; `env:NAME` is the URL in an environment variable,
/// which keeps a password out of the program. `docs/storage.md` lists the parameters.
///
/// All but `memory:` have threads of their own. Each command waits at most as long as the URL's `timeout_ms`, 3 seconds
/// where it does not say otherwise. A program that forks opens its store afterwards: in the child of one that was open
/// before, every function that takes it fails with `store_unavailable`, and says why.
///
/// Fails with `policy_invalid` at `url` or one of its parameters for what can never work, `store_unavailable` where it
/// cannot be reached now. No error repeats the URL.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_store_open(
    url: *const c_char,
    url_length: usize,
    store: Option<&mut MaybeUninit<*mut tokenmint_store>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(store, "store")?;
        // SAFETY: the caller keeps the header's contract.
        let url = unsafe { text(url, url_length, "url")? };
        // What answers at once needs no thread.
        let opened = match url {
            "memory:" => Kind::Memory(MemoryStore::new()),
            _ => database(url)?,
        };
        out.write(tokenmint_store(opened).into_handle());
        Ok(())
    })
}

#[cfg(feature = "stores")]
fn database(url: &str) -> Result<Kind> {
    Ok(Kind::Database(::tokenmint_store::BlockingDatabase::open(url)?))
}

#[cfg(not(feature = "stores"))]
fn database(_: &str) -> Result<Kind> {
    let lacking = "this library was built without stores: it opens `memory:` only";
    Err(tokenmint::Error::new(ErrorCode::PolicyInvalid).at("url").because(lacking))
}

/// How long an acknowledged write lasts, as the store was found to be set up: `process`, `disk` or `replicated`; `unknown`
/// for what is no store. A text that is never freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tokenmint_store_durability(store: *const tokenmint_store) -> *const c_char {
    guard_value(c"unknown".as_ptr(), || {
        // SAFETY: the caller keeps the header's contract.
        let durability = unsafe { tokenmint_store::borrow(store) }.map(Store::durability);
        match durability {
            Ok(Durability::Process) => c"process",
            Ok(Durability::Disk) => c"disk",
            Ok(Durability::Replicated) => c"replicated",
            Err(_) => c"unknown",
        }
        .as_ptr()
    })
}

/// Carries out one command: for callers that step a task because they hold keys, and keep its records in this store.
///
/// `command`: what `tokenmint_task_step` gave, unless it is `sign` or `verify_signature`. `reply`: what it takes next, which
/// tells of a store's error, too: 0 means that there is a reply, not that the store could do it.
///
/// Fails with `invalid_request` for a text that is no command for a store.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_store_execute(
    store: *const tokenmint_store,
    command: *const c_char,
    command_length: usize,
    reply: Option<&mut MaybeUninit<tokenmint_bytes>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(reply, "reply")?;
        // SAFETY: the caller keeps the header's contract.
        let (store, command) =
            unsafe { (tokenmint_store::borrow(store)?, text(command, command_length, "command")?) };
        let reply = store.execute(Command::from_json(command)?);
        out.write(Reply::to_json(&reply).into());
        Ok(())
    })
}

/// Forgets entries that expired an hour ago or earlier, at most 10000. Call it now and then, beside the requests, and again
/// at once where it removed as many.
///
/// `removed`: how many it forgot; NULL where that is not wanted.
///
/// Fails with `store_unavailable` and the other codes of stores; `time_invalid`.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_store_sweep(
    store: *const tokenmint_store,
    now_us: i64,
    removed: Option<&mut MaybeUninit<u64>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        // SAFETY: the caller keeps the header's contract.
        let store = unsafe { tokenmint_store::borrow(store)? };
        let before_ms = (micros(now_us)? / 1000).saturating_sub(SLACK_MS);
        match store.execute(Command::Sweep { before_ms, limit: SWEPT }) {
            Ok(Reply::Removed(count)) => {
                if let Some(removed) = removed {
                    removed.write(count);
                }
                Ok(())
            }
            Ok(_) => Err(ErrorCode::StoreCorrupt.into()),
            Err(error) => Err(ErrorCode::from(error).into()),
        }
    })
}

/// Frees a store; one in memory forgets everything. It waits for nothing: a command that another thread was told is done
/// is done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tokenmint_store_free(store: *mut tokenmint_store) {
    // SAFETY: the caller keeps the header's contract.
    guard_value((), || unsafe { free(store) });
}
