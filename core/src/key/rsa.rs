//! The strength of RSA keys, judged on the public numbers.

use super::malformed;
use super::material::{RsaPrimes, RsaPrivate};
use crate::error::{Error, ErrorCode, Result};

/// RFC 7518 section 3.3: "A key of size 2048 bits or larger MUST be used".
pub(super) const MIN_BITS: usize = 2048;
/// Above, one signature check costs so much that a key becomes a way to stop a server.
pub(super) const MAX_BITS: usize = 8192;

/// Judges a modulus and a public exponent, both big-endian.
///
/// The exponent is odd, at least 3 and below 2^33. 3 is admitted: with the exact paddings of JWS it is not a
/// weakness, and some issuers use it.
///
/// # Errors
/// `key_malformed`, `key_weak`, `key_unsupported` over the upper limits.
pub(super) fn judge(n: &[u8], e: &[u8]) -> Result<()> {
    // RFC 7518 section 6.3.1.1: an additional zero-valued octet MUST NOT be included.
    for (name, number) in [("n", n), ("e", e)] {
        match number.first() {
            None => return Err(malformed(name, "the number is empty")),
            Some(0) => return Err(malformed(name, "the number begins with a zero byte")),
            _ => {}
        }
    }
    let bits = bits(n);
    if bits < MIN_BITS {
        return Err(Error::new(ErrorCode::KeyWeak)
            .at("n")
            .because(format!("the RSA modulus has {bits} bits; at least {MIN_BITS} are needed")));
    }
    if bits > MAX_BITS {
        return Err(Error::new(ErrorCode::KeyUnsupported)
            .at("n")
            .because(format!("the RSA modulus has {bits} bits; at most {MAX_BITS} are supported")));
    }
    if is_even(n) {
        return Err(malformed("n", "the RSA modulus is even, so it is not a product of two large primes"));
    }
    let exponent =
        if e.len() > 8 { u64::MAX } else { e.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)) };
    if exponent >= 1 << 33 {
        return Err(Error::new(ErrorCode::KeyUnsupported)
            .at("e")
            .because("the RSA public exponent has more than 33 bits; 65537 is usual"));
    }
    if exponent < 3 || exponent % 2 == 0 {
        return Err(Error::new(ErrorCode::KeyWeak).at("e").because(format!(
            "the RSA public exponent is {exponent}; an odd number of at least 3 is needed, 65537 is usual"
        )));
    }
    if has_roca_fingerprint(n) {
        return Err(Error::new(ErrorCode::KeyWeak).at("n").because(
            "the RSA modulus was made by a faulty generator (ROCA, CVE-2017-15361) and can be factored",
        ));
    }
    Ok(())
}

/// Finds the primes of a key that leaves them out; a host that computes finds them itself.
///
/// # Errors
/// `key_malformed` at `d` where it is none for the modulus and the exponent, which were judged.
pub(super) fn complete(n: &[u8], e: &[u8], private: &mut RsaPrivate) -> Result<()> {
    #[cfg(feature = "primes")]
    if private.primes.is_none() {
        let found = super::primes::find(n, e, &private.d);
        let foreign = || malformed("d", "the private number d does not belong to n and e");
        private.primes = Some(found.ok_or_else(foreign)?);
    }
    #[cfg(not(feature = "primes"))]
    let _ = (n, e, private);
    Ok(())
}

/// Bounds the private numbers by the modulus, so that checking them costs a bounded time.
pub(super) fn judge_private(n: &[u8], private: &RsaPrivate) -> Result<()> {
    let judge = |name, number: &[u8]| {
        if number.len() > n.len() || number.iter().all(|byte| *byte == 0) {
            return Err(malformed(name, "the private number is zero, or larger than the modulus"));
        }
        Ok(())
    };
    judge("d", &private.d)?;
    let Some(RsaPrimes { p, q, dp, dq, qi }) = &private.primes else { return Ok(()) };
    for (name, number) in [("p", p), ("q", q), ("dp", dp), ("dq", dq), ("qi", qi)] {
        judge(name, number)?;
    }
    if is_even(p) || is_even(q) || p == q {
        return Err(malformed("p", "p and q are not two odd primes"));
    }
    Ok(())
}

fn bits(number: &[u8]) -> usize {
    let leading = number.first().map_or(0, |byte| byte.leading_zeros());
    (number.len() * 8).saturating_sub(usize::try_from(leading).unwrap_or(0))
}

fn is_even(number: &[u8]) -> bool {
    number.last().is_none_or(|byte| byte % 2 == 0)
}

/// Whether the modulus is a power of 65537 modulo every small prime: true for the keys of the faulty generator,
/// and for about one other key in 2^100.
fn has_roca_fingerprint(n: &[u8]) -> bool {
    const PRIMES: [u32; 38] = [
        3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101,
        103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
    ];
    PRIMES.iter().all(|prime| {
        let remainder = n.iter().fold(0, |sum, byte| (sum << 8 | u32::from(*byte)) % prime);
        let mut power = 1;
        loop {
            if power == remainder {
                return true;
            }
            power = power * (65537 % prime) % prime;
            if power == 1 {
                return false;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A modulus of `bits` bits: ones throughout.
    fn ones(bits: usize) -> Vec<u8> {
        let mut n = vec![0xff; bits.div_ceil(8)];
        if !bits.is_multiple_of(8) {
            n[0] = (1 << (bits % 8)) - 1;
        }
        n
    }

    fn code(n: &[u8], e: &[u8]) -> Option<ErrorCode> {
        judge(n, e).err().map(|error| error.code())
    }

    #[test]
    fn the_limits_are_exact() {
        let e = [1, 0, 1];
        assert_eq!(code(&ones(2047), &e), Some(ErrorCode::KeyWeak));
        assert_eq!(code(&ones(2048), &e), None);
        assert_eq!(code(&ones(2049), &e), None);
        assert_eq!(code(&ones(8192), &e), None);
        assert_eq!(code(&ones(8193), &e), Some(ErrorCode::KeyUnsupported));
        let mut even = ones(2048);
        even[255] = 0xfe;
        assert_eq!(code(&even, &e), Some(ErrorCode::KeyMalformed));
        assert_eq!(code(&[&[0], ones(2048).as_slice()].concat(), &e), Some(ErrorCode::KeyMalformed));
        assert_eq!(code(&[], &e), Some(ErrorCode::KeyMalformed));
    }

    #[test]
    fn exponents() {
        let n = ones(2048);
        for weak in [&[1][..], &[2], &[4], &[1, 0, 0]] {
            assert_eq!(code(&n, weak), Some(ErrorCode::KeyWeak), "{weak:?}");
        }
        for malformed in [&[][..], &[0], &[0, 3]] {
            assert_eq!(code(&n, malformed), Some(ErrorCode::KeyMalformed), "{malformed:?}");
        }
        for good in [&[3][..], &[17], &[1, 0, 1], &[1, 0xff, 0xff, 0xff, 0xff]] {
            assert_eq!(code(&n, good), None, "{good:?}");
        }
        for large in [&[2, 0, 0, 0, 1][..], &[1; 9], &[0xff; 256]] {
            assert_eq!(code(&n, large), Some(ErrorCode::KeyUnsupported), "{large:?}");
        }
    }

    /// 65537^128 has 2049 bits and is, by its making, a power of 65537 modulo everything.
    #[test]
    fn the_roca_fingerprint_is_found() {
        let mut n = vec![1_u8];
        for _ in 0..128 {
            // n * 65537 = n * 2^16 + n
            let shifted = [n.as_slice(), &[0, 0]].concat();
            let mut carry = 0;
            let mut sum: Vec<u8> = Vec::new();
            for (at, byte) in shifted.iter().rev().enumerate() {
                let other = n.iter().rev().nth(at).copied().unwrap_or(0);
                let total = u16::from(*byte) + u16::from(other) + carry;
                sum.push(total as u8);
                carry = total >> 8;
            }
            if carry > 0 {
                sum.push(carry as u8);
            }
            sum.reverse();
            n = sum;
        }
        assert_eq!(bits(&n), 2049);
        assert!(has_roca_fingerprint(&n));
        assert_eq!(code(&n, &[1, 0, 1]), Some(ErrorCode::KeyWeak));
        n[100] ^= 1;
        assert!(!has_roca_fingerprint(&n));
    }
}
