//! What the host has said about signatures that only it can check, and what is still to be asked.

use std::cell::{Cell, RefCell};

use crate::error::{Error, ErrorCode, Result};
use crate::key::Key;
use crate::store::Command;

/// What the host has said about the signatures of one token, in the order in which they were asked about.
pub(crate) struct HostVerdicts {
    verdicts: Vec<bool>,
    told: Cell<usize>,
    question: RefCell<Option<Command>>,
}

impl HostVerdicts {
    pub(super) fn new(verdicts: Vec<bool>) -> Self {
        HostVerdicts { verdicts, told: Cell::new(0), question: RefCell::new(None) }
    }

    pub(super) fn into_parts(self) -> (Vec<bool>, Option<Command>) {
        (self.verdicts, self.question.into_inner())
    }

    /// Whether `signature` is that of `key`, which only the host can check; there is no `host` outside of a task.
    ///
    /// # Errors
    /// `policy_invalid` without a host. With one, an error that nobody sees: the question stands.
    #[cold]
    pub(crate) fn verdict(
        host: Option<&HostVerdicts>,
        key: &Key,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool> {
        let Some(host) = host else {
            return Err(Error::new(ErrorCode::PolicyInvalid)
                .at("keys")
                .because("the key is held by the host, without its public half here: use verify_task"));
        };
        if !key.may_be_signature(signature) {
            return Ok(false);
        }
        let place = host.told.get();
        host.told.set(place + 1);
        if let Some(verdict) = host.verdicts.get(place) {
            return Ok(*verdict);
        }
        host.question.replace(Some(Command::VerifySignature {
            kid: key.host_name().unwrap_or_default().to_owned(),
            algorithm: key.algorithm(),
            message: message.to_vec(),
            signature: signature.to_vec(),
        }));
        Err(ErrorCode::Internal.into())
    }
}
