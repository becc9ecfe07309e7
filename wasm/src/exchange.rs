//! Two buffers through which the calls that are made for every token exchange bytes with JavaScript, so that a text
//! crosses once, without an allocation, and its length alone is a parameter.
//!
//! JavaScript writes to [`input`] and calls; the number that comes back says what stands at [`output`].

use std::cell::RefCell;

use wasm_bindgen::prelude::wasm_bindgen;
use zeroize::Zeroize;

use crate::error::{Result, internal, text};

/// The host's key is needed before there is a result.
const ASKED: i32 = i32::MIN;

#[derive(Default)]
struct Exchange {
    input: Vec<u8>,
    output: Vec<u8>,
    /// How many bytes of the output name a key, and how many behind them are to be signed, or were.
    asked: u32,
    message: u32,
}

thread_local! {
    static EXCHANGE: RefCell<Exchange> = RefCell::default();
}

/// What a call leaves.
pub(crate) enum Answer<'a> {
    /// A result.
    Bytes(&'a [u8]),
    /// The host is asked for a signature of a message by a key, or about the one that a text at hand has of it.
    Ask { algorithm: &'a str, key: &'a str, message: &'a [u8] },
}

/// The address of a buffer for so many bytes; what was in it may be gone.
#[wasm_bindgen]
pub fn input(length: u32) -> *mut u8 {
    EXCHANGE.with_borrow_mut(|exchange| {
        let length = length as usize;
        if exchange.input.len() < length {
            exchange.input.zeroize();
            exchange.input = vec![0; length.next_power_of_two().max(4096)];
        }
        exchange.input.as_mut_ptr()
    })
}

/// The address of what the last call left.
#[wasm_bindgen]
pub fn output() -> *const u8 {
    EXCHANGE.with_borrow(|exchange| exchange.output.as_ptr())
}

/// How many bytes name the host's key.
#[wasm_bindgen]
pub fn asked() -> u32 {
    EXCHANGE.with_borrow(|exchange| exchange.asked)
}

/// How many bytes behind them are to be signed, or were.
#[wasm_bindgen]
pub fn asked_message() -> u32 {
    EXCHANGE.with_borrow(|exchange| exchange.message)
}

/// Overwrites both buffers.
#[wasm_bindgen]
pub fn wipe() {
    EXCHANGE.with_borrow_mut(|exchange| {
        exchange.input.as_mut_slice().zeroize();
        exchange.output.zeroize();
    });
}

/// Takes so many bytes of the input from a place on.
pub(crate) fn read<T>(from: u32, length: u32, then: impl FnOnce(&[u8]) -> T) -> Result<T> {
    EXCHANGE.with_borrow(|exchange| {
        let (from, length) = (from as usize, length as usize);
        let end = from.checked_add(length).ok_or_else(|| internal("the input has no such place"))?;
        let bytes = exchange.input.get(from..end).ok_or_else(|| internal("the input has no such place"))?;
        Ok(then(bytes))
    })
}

/// Takes a text of the input; what is no UTF-8, the encoder of the host never writes.
pub(crate) fn read_text<T>(from: u32, length: u32, then: impl FnOnce(&str) -> T) -> Result<T> {
    read(from, length, |bytes| match std::str::from_utf8(bytes) {
        Ok(text) => Ok(then(text)),
        Err(_) => Err(internal("the input is not UTF-8").into()),
    })?
}

/// Leaves an answer, or an error, and says in a number which: its length, its length below zero, or that it is a
/// question.
pub(crate) fn leave(answer: Result<Answer<'_>>) -> i32 {
    match answer {
        Ok(Answer::Bytes(bytes)) => write(&[bytes]),
        Ok(Answer::Ask { algorithm, key, message }) => {
            write(&[algorithm.as_bytes(), b" ", key.as_bytes(), message]);
            EXCHANGE.with_borrow_mut(|exchange| {
                exchange.asked = u32::try_from(algorithm.len() + 1 + key.len()).unwrap_or_default();
                exchange.message = u32::try_from(message.len()).unwrap_or_default();
            });
            ASKED
        }
        Err(failure) => -write(&[text(&failure.0).as_bytes()]),
    }
}

fn write(parts: &[&[u8]]) -> i32 {
    EXCHANGE.with_borrow_mut(|exchange| {
        exchange.output.clear();
        parts.iter().for_each(|part| exchange.output.extend_from_slice(part));
        // The core's results have at most a few hundred thousand bytes.
        i32::try_from(exchange.output.len()).unwrap_or(i32::MAX)
    })
}
