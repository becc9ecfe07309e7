//! The protocol of JSON lines: a request a line in, an answer a line out, in any order.
//!
//! ```json
//! {"id":7,"command":{"command":"load","keys":["a2V5"]}}
//! {"id":7,"reply":{"reply":"loaded","entries":[null]}}
//! ```

use std::io;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokenmint::{AsyncStore, Command, Reply, StoreError};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

/// The longest line, in bytes: a list of some hundred large entries.
const MAX_LINE: usize = 64 << 20;

/// How many requests are carried out at the same time; the next ones wait in the pipe.
const MAX_AT_ONCE: usize = 1024;

/// Carries out the requests that come in as JSON lines, at the same time, and answers each as it is done; until the
/// input ends. This is the other end of an [`ExecStore`](super::ExecStore).
///
/// A line that is no request is answered by `{"id":null,"error":"..."}`, with its id where that can be read.
///
/// # Errors
/// Those of the input and the output, and `invalid_data` for a line without end.
///
/// ```
/// # #[tokio::main] async fn main() -> std::io::Result<()> {
/// use tokenmint::MemoryStore;
/// use tokenmint_certify::{Blocking, serve_lines};
/// let store = Blocking::new(MemoryStore::new());
/// let request = r#"{"id":7,"command":{"command":"load","keys":["a2V5"]}}"#;
/// let mut answers = Vec::new();
/// serve_lines(&store, request.as_bytes(), &mut answers).await?;
/// assert_eq!(answers, b"{\"id\":7,\"reply\":{\"reply\":\"loaded\",\"entries\":[null]}}\n");
/// # Ok(()) }
/// ```
pub async fn serve_lines(
    store: &impl AsyncStore,
    input: impl AsyncRead + Unpin,
    mut output: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    let mut lines = Lines::new(input);
    let mut answers = FuturesUnordered::new();
    let mut ended = false;
    while !ended || !answers.is_empty() {
        tokio::select! {
            line = lines.next(), if !ended && answers.len() < MAX_AT_ONCE => match line? {
                Some(line) => answers.push(answer(store, line)),
                None => ended = true,
            },
            Some(answer) = answers.next(), if !answers.is_empty() => {
                output.write_all(answer.as_bytes()).await?;
                output.flush().await?;
            }
        }
    }
    Ok(())
}

async fn answer(store: &impl AsyncStore, line: Vec<u8>) -> String {
    match read_request(&line) {
        Ok((id, command)) => answer_line(id, &store.execute(command).await),
        Err((id, error)) => to_line(&AnswerText { id, reply: None, error: Some(&error) }),
    }
}

/// The line that asks for a command.
pub(crate) fn request_line(id: u64, command: &Command) -> Option<String> {
    let command = RawValue::from_string(command.to_json()).ok()?;
    Some(to_line(&RequestText { id, command: &command }))
}

/// What an answer says: whose it is, and what it is.
pub(crate) fn read_answer(line: &[u8]) -> Option<(u64, Result<Reply, StoreError>)> {
    let answer: GivenAnswer<'_> = serde_json::from_slice(line).ok()?;
    match (answer.reply, answer.error) {
        (Some(reply), None) => Some((answer.id?, Reply::from_json(reply.get()).ok()?)),
        // The request was not understood, so it was not done.
        (None, Some(_)) => Some((answer.id?, Err(StoreError::Unavailable))),
        _ => None,
    }
}

fn answer_line(id: u64, reply: &Result<Reply, StoreError>) -> String {
    match RawValue::from_string(Reply::to_json(reply)) {
        Ok(reply) => to_line(&AnswerText { id: Some(id), reply: Some(&reply), error: None }),
        Err(_) => {
            to_line(&AnswerText { id: Some(id), reply: None, error: Some("the reply cannot be written") })
        }
    }
}

fn read_request(line: &[u8]) -> Result<(u64, Command), (Option<u64>, String)> {
    let request: GivenRequest<'_> =
        serde_json::from_slice(line).map_err(|_| (None, NO_REQUEST.to_owned()))?;
    let command = Command::from_json(request.command.get());
    Ok((request.id, command.map_err(|error| (Some(request.id), error.to_string()))?))
}

const NO_REQUEST: &str = "a request is an object with a number `id` and a `command`, and nothing else";

fn to_line<T: Serialize>(text: &T) -> String {
    // Texts and numbers: they can always be written.
    let mut line = serde_json::to_string(text).unwrap_or_default();
    line.push('\n');
    line
}

#[derive(Serialize)]
struct RequestText<'a> {
    id: u64,
    command: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenRequest<'a> {
    id: u64,
    #[serde(borrow)]
    command: &'a RawValue,
}

#[derive(Serialize)]
struct AnswerText<'a> {
    id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

#[derive(Deserialize)]
struct GivenAnswer<'a> {
    id: Option<u64>,
    #[serde(borrow)]
    reply: Option<&'a RawValue>,
    error: Option<String>,
}

/// Lines of bounded length; a call that is dropped loses nothing.
pub(crate) struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(crate) fn new(input: R) -> Self {
        Lines { input: BufReader::new(input), line: Vec::new() }
    }

    /// The next line that is not blank; `None` at the end.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let available = self.input.fill_buf().await?;
            let ended = available.is_empty();
            let end = available.iter().position(|byte| *byte == b'\n');
            let part = available.get(..end.unwrap_or(available.len())).unwrap_or_default();
            if self.line.len() + part.len() > MAX_LINE {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is too long"));
            }
            self.line.extend_from_slice(part);
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            if end.is_some() || ended {
                let line = std::mem::take(&mut self.line);
                if !line.trim_ascii().is_empty() {
                    return Ok(Some(line));
                }
                if ended {
                    return Ok(None);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rig::Blocking;
    use super::*;
    use tokenmint::MemoryStore;

    #[tokio::test]
    async fn what_is_no_request_is_answered_and_the_next_is_carried_out() {
        let requests = "nonsense\n\n{\"id\":1,\"command\":{\"command\":\"drop\"}}\n{\"command\":{}}\n\
                        {\"id\":2,\"command\":{\"command\":\"sweep\",\"before_ms\":1,\"limit\":1}}\n";
        let mut answers = Vec::new();
        serve_lines(&Blocking::new(MemoryStore::new()), requests.as_bytes(), &mut answers).await.unwrap();
        let text = String::from_utf8(answers).unwrap();
        let mut lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        lines.sort_by_key(|line| line["id"].as_u64().unwrap_or(0));
        assert_eq!(lines.len(), 4);
        assert!(lines[0]["id"].is_null() && lines[0]["error"].is_string());
        assert!(lines[1]["id"].is_null() && lines[1]["error"].is_string());
        assert!(lines[2]["id"] == 1 && lines[2]["error"].is_string());
        assert_eq!(lines[3], serde_json::json!({"id": 2, "reply": {"reply": "removed", "count": 0}}));
    }

    #[test]
    fn only_answers_are_answers() {
        assert_eq!(read_answer(br#"{"id":1,"reply":{"reply":"done"}}"#), Some((1, Ok(Reply::Done))));
        assert_eq!(
            read_answer(br#"{"id":1,"reply":{"error":"unknown"}}"#),
            Some((1, Err(StoreError::Unknown)))
        );
        assert_eq!(read_answer(br#"{"id":1,"error":"what?"}"#), Some((1, Err(StoreError::Unavailable))));
        for line in
            ["", "{}", r#"{"id":null,"error":"x"}"#, r#"{"id":1}"#, r#"{"id":1,"reply":{"reply":"x"}}"#]
        {
            assert_eq!(read_answer(line.as_bytes()), None, "{line}");
        }
    }
}
