//! The side that asks: a [`Signer`] that knows no key, only a process that does.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use base64_simd::STANDARD;
use tokenmint::{Algorithm, Signer, StoreError};

use crate::signer::{Answer, Request};

/// The signer's process and the pipes to it. One question at a time.
pub(crate) struct Process {
    pipes: Mutex<Option<Pipes>>,
    child: Child,
}

struct Pipes {
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Process {
    /// Starts this program as the signer.
    pub(crate) fn start() -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("signer")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the signer does not start")?;
        let to = child.stdin.take().context("no pipe to the signer")?;
        let from = BufReader::new(child.stdout.take().context("no pipe from the signer")?);
        Ok(Process { pipes: Mutex::new(Some(Pipes { to, from })), child })
    }

    /// The public half of the signer's key.
    pub(crate) fn public_jwk(&self) -> Result<String> {
        match self.ask(&Request::PublicKey)? {
            Answer::PublicJwk(jwk) => Ok(jwk),
            _ => bail!("the signer gives no public key"),
        }
    }

    fn ask(&self, request: &Request) -> Result<Answer> {
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        let pipes = pipes.as_mut().context("the signer was stopped")?;
        writeln!(pipes.to, "{}", serde_json::to_string(request)?)?;
        pipes.to.flush()?;
        let mut line = String::new();
        pipes.from.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }
}

impl Signer for Process {
    fn sign(&self, kid: &str, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, StoreError> {
        let message_base64 = STANDARD.encode_to_string(message);
        let request = Request::Sign { kid: kid.to_owned(), algorithm, message_base64 };
        match self.ask(&request) {
            Ok(Answer::SignatureBase64(text)) => {
                STANDARD.decode_to_vec(text).map_err(|_| StoreError::Unavailable)
            }
            // The core makes a 503 of it. In earnest, the reason belongs in a log.
            _ => Err(StoreError::Unavailable),
        }
    }
}

impl Drop for Process {
    /// Closes the pipes, at which the signer ends, and waits for that.
    fn drop(&mut self) {
        self.pipes.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let _ = self.child.wait();
    }
}
