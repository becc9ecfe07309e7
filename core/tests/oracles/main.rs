//! Other libraries judge the same: run by `cargo xtask test`, which installs them and says where they are.

mod lifetimes;
mod tokens;
