//! The flows under every schedule of concurrent requests.

mod explorer;
mod properties;
