//! The flows under every schedule of concurrent requests.

mod accounts;
mod explorer;
mod properties;
