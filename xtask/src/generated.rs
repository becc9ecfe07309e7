//! What the code says that a file of the repository holds.

/// A file of the repository and what the code says it holds.
pub(crate) struct Generated {
    pub(crate) path: &'static str,
    pub(crate) content: String,
}
