//! A store without its guard, to see that the explorer notices.

use tokenmint::{AsyncStore, Command, Expect, Reply, Store, StoreError, Write};

/// A store whose conditional write does not look at its condition: whatever is there is overwritten.
///
/// ```
/// use tokenmint::{Command, Entry, Expect, Index, MemoryStore, RecordKey, Reply, Store, Version, Write};
/// use tokenmint_certify::explorer::Unguarded;
/// let store = Unguarded(MemoryStore::new());
/// for by in 1..3 {
///     let version = Version::new(&[by; 8]).unwrap();
///     let write = Write::Put(Entry { version, value: vec![by], expires_at_ms: 0, index: Index::default() });
///     let key = RecordKey::of("name", &["n"]);
///     assert_eq!(store.execute(Command::Cas { key, expect: Expect::Absent, write }), Ok(Reply::Done));
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Unguarded<S>(pub S);

impl<S: Store> Store for Unguarded<S> {
    fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        let Command::Cas { key, write: write @ Write::Put(_), .. } = command else {
            return self.0.execute(command);
        };
        let expect = as_it_is(self.0.execute(Command::Load { keys: vec![key.clone()] })?)?;
        self.0.execute(Command::Cas { key, expect, write })
    }
}

impl<S: AsyncStore> AsyncStore for Unguarded<S> {
    async fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        let Command::Cas { key, write: write @ Write::Put(_), .. } = command else {
            return self.0.execute(command).await;
        };
        let expect = as_it_is(self.0.execute(Command::Load { keys: vec![key.clone()] }).await?)?;
        self.0.execute(Command::Cas { key, expect, write }).await
    }
}

fn as_it_is(loaded: Reply) -> Result<Expect, StoreError> {
    match loaded {
        Reply::Loaded { entries, .. } => Ok(match entries.into_iter().next().flatten() {
            Some(found) => Expect::Version(found.version),
            None => Expect::Absent,
        }),
        _ => Err(StoreError::Corrupt),
    }
}
