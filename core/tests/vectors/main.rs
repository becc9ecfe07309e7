//! The vectors that every language runs, and a corpus beside the repository.

mod adapter;
mod lifetimes;
mod shared;
mod verify;
