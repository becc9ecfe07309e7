//! The primes of an RSA key that tells no more than `n`, `e` and `d`, as RFC 7518 section 6.3.2 lets it.
//!
//! By the rule of SP 800-56B revision 2 appendix C.2, which needs no chance. Not in constant time: it happens once, when a key
//! is read, and not when it signs.

use crypto_bigint::{BoxedUint, Gcd, NonZero};
use zeroize::Zeroizing;

use super::material::RsaPrimes;

type Number = Zeroizing<BoxedUint>;

/// The primes of the key; `None` where `d` is not one for `n` and `e`, which were judged.
pub(super) fn find(n: &[u8], e: &[u8], d: &[u8]) -> Option<RsaPrimes> {
    if d.len() > n.len() {
        return None;
    }
    // Room for products of two numbers as long as n, and a little more.
    let room = u32::try_from(2 * 8 * n.len() + 128).ok()?;
    let read = |bytes: &[u8]| BoxedUint::from_be_slice(bytes, room).ok().map(Number::new);
    let (n, e, private) = (read(n)?, read(e)?, read(d)?);
    let one = BoxedUint::one_with_precision(room);
    // A multiple of lcm(p - 1, q - 1).
    let multiple = Number::new(private.wrapping_mul(&*e).wrapping_sub(&one));
    // n - 1 is a multiple of gcd(p - 1, q - 1); so this is one of (p - 1)(q - 1), which is a little below n.
    let common = Number::new(n.wrapping_sub(&one).gcd_vartime(&multiple));
    let multiple = Number::new(multiple.wrapping_mul(&*common));
    let times = quotient(&multiple, &n)?.wrapping_add(&one);
    let totient = quotient(&multiple, &times)?;
    if totient.wrapping_mul(&times) != *multiple || *totient >= *n {
        return None;
    }
    // p + q, and then p - q.
    let sum = Number::new(n.wrapping_add(&one).wrapping_sub(&*totient));
    let (square, four_n) = (Number::new(sum.wrapping_mul(&*sum)), n.wrapping_add(&*n));
    let four_n = four_n.wrapping_add(&four_n);
    if *square < four_n {
        return None;
    }
    let difference = Number::new(square.wrapping_sub(&four_n).checked_sqrt_vartime()?);
    let p = Number::new(sum.wrapping_add(&*difference).shr_vartime(1)?);
    let q = Number::new(sum.wrapping_sub(&*difference).shr_vartime(1)?);
    if p.wrapping_mul(&*q) != *n || *q <= one {
        return None;
    }
    let rest = |prime: &Number| {
        let below = NonZero::new(prime.wrapping_sub(&one)).into_option()?;
        Some(bytes(&Number::new(private.rem_vartime(&below))))
    };
    let inverse =
        Number::new(q.invert_mod(&NonZero::new(BoxedUint::clone(&p)).into_option()?).into_option()?);
    Some(RsaPrimes { dp: rest(&p)?, dq: rest(&q)?, qi: bytes(&inverse), p: bytes(&p), q: bytes(&q) })
}

fn quotient(number: &BoxedUint, divisor: &BoxedUint) -> Option<Number> {
    let divisor = NonZero::new(divisor.clone()).into_option()?;
    Some(Number::new(number.div_rem_vartime(&divisor).0))
}

fn bytes(number: &BoxedUint) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(number.to_be_bytes_trimmed_vartime().into_vec())
}
