//! What signals ask for: the end, and another look at the configuration.

use crate::failure::{Failure, Result};

/// The signals that ask to stop.
#[cfg(unix)]
pub(super) struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Stop {
    pub(super) fn listen() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).map_err(|error| Failure::runtime("signals", error));
        Ok(Stop { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    pub(super) async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
pub(super) struct Stop;

#[cfg(not(unix))]
impl Stop {
    pub(super) fn listen() -> Result<Self> {
        Ok(Stop)
    }

    pub(super) async fn asked(&mut self) {
        // Where Ctrl-C cannot be heard there is no way to be asked.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

/// The signal that asks for another look at the configuration.
#[cfg(unix)]
pub(super) struct Hangup(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Hangup {
    pub(super) fn listen() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::hangup()).map(Hangup).map_err(|error| Failure::runtime("signals", error))
    }

    pub(super) async fn asked(&mut self) {
        // Never none: the process has it for good.
        let _ = self.0.recv().await;
    }
}

#[cfg(not(unix))]
pub(super) struct Hangup;

#[cfg(not(unix))]
impl Hangup {
    pub(super) fn listen() -> Result<Self> {
        Ok(Hangup)
    }

    pub(super) async fn asked(&mut self) {
        std::future::pending().await
    }
}
