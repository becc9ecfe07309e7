//! Real servers for the tests, each started by a test on a port and a folder of its own.

#![allow(dead_code, reason = "each test uses a part of it")]

#[cfg(any(feature = "postgres", feature = "redis"))]
pub(crate) mod authority;
#[cfg(feature = "postgres")]
pub(crate) mod pgbouncer;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
pub(crate) mod proxy;
#[cfg(feature = "redis")]
pub(crate) mod redis;
