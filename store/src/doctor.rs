//! What an operator should know about a store before trusting it.

/// How bad a [`Finding`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// As it should be.
    Fine,
    /// It works, and something may be lost or slow.
    Warning,
    /// It will lose what it acknowledged, or not work.
    Fault,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What was looked at: a stable name, such as `eviction`.
    pub check: &'static str,
    /// What was found.
    pub found: String,
    /// How to mend it; empty where nothing needs mending.
    pub remedy: String,
}

impl Finding {
    pub(crate) fn fine(check: &'static str, found: impl Into<String>) -> Self {
        Finding { severity: Severity::Fine, check, found: found.into(), remedy: String::new() }
    }

    pub(crate) fn warning(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Finding { severity: Severity::Warning, check, found: found.into(), remedy: remedy.into() }
    }

    pub(crate) fn fault(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Finding { severity: Severity::Fault, check, found: found.into(), remedy: remedy.into() }
    }
}
