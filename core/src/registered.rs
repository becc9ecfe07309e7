//! The names of the claims that RFC 7519 registers: what reads JSON looks for them, and what builds claims keeps them apart.

/// The registered claims (RFC 7519 section 4.1): only typed methods set them, never custom claims.
pub const REGISTERED: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];
