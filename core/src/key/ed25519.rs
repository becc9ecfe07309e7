//! The strength of Ed25519 public keys: canonical, on the curve, and not of small order.
//!
//! Libraries differ in what they look at (AWS-LC takes any 32 bytes), so the check stands here, once for both back
//! ends. It works on public numbers only and need not run in constant time.

use super::malformed;
use crate::error::{Error, ErrorCode, Result};

/// Judges an encoded public key (RFC 8032 section 5.1.2).
///
/// # Errors
/// `key_malformed` where it is not the canonical encoding of a point of the curve, `key_weak` where the point has
/// an order of 8 or less: under such a key, a signature can be made for any message without a private key.
pub(super) fn judge(encoded: &[u8; 32]) -> Result<()> {
    let y = Element::from_bytes(encoded);
    let sign = encoded.last().is_some_and(|byte| byte & 0x80 != 0);
    // RFC 8032 section 5.1.3 step 1: decoding fails where y >= p.
    if y != y.reduced() {
        return Err(malformed(
            "x",
            "the Ed25519 public key is not canonical: its coordinate is not below 2^255 - 19",
        ));
    }
    let one = Element::ONE;
    let yy = y.times(&y);
    let numerator = yy.minus(&one);
    // Orders 1 and 2: x = 0, y = 1 or -1. Of their encodings with the sign bit set, step 4 of the same section
    // says that they are none.
    if numerator.is_zero() {
        return Err(if sign {
            malformed("x", "the Ed25519 public key is not canonical: zero has no sign")
        } else {
            small_order()
        });
    }
    let dyy = Element::D.times(&yy);
    // Order 4: y = 0. Order 8: the double has y = 0, that is d y^4 + 2 y^2 = 1.
    if y.is_zero() || dyy.times(&yy).plus(&yy).plus(&yy).minus(&one).is_zero() {
        return Err(small_order());
    }
    // x^2 = (y^2 - 1) / (d y^2 + 1) has a root iff the product of both is a square.
    if !numerator.times(&dyy.plus(&one)).is_square() {
        return Err(malformed("x", "the bytes are not a point of the curve Ed25519"));
    }
    Ok(())
}

pub(super) fn wrong_len(field: &'static str, found: usize) -> Error {
    malformed(field, format!("Ed25519 needs exactly 32 bytes; found {found}"))
}

fn small_order() -> Error {
    Error::new(ErrorCode::KeyWeak)
        .at("x")
        .because("the Ed25519 public key is a point of small order: anyone can sign for it")
}

/// A number modulo p = 2^255 - 19, in five limbs of 51 bits; limbs may carry a few bits more between operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Element([u64; 5]);

const LOW_51_BITS: u64 = (1 << 51) - 1;

impl Element {
    const ONE: Element = Element([1, 0, 0, 0, 0]);

    /// The curve's d = -121665 / 121666 (RFC 8032 section 5.1).
    const D: Element = Element([
        0x0003_4dca_1359_78a3,
        0x0001_a828_3b15_6ebd,
        0x0005_e7a2_6001_c029,
        0x0007_39c6_63a0_3cbb,
        0x0005_2036_cee2_b6ff,
    ]);

    /// The low 255 bits of a little-endian number.
    fn from_bytes(bytes: &[u8; 32]) -> Self {
        let ([a, b, c, d], _) = bytes.as_chunks::<8>() else { return Element([0; 5]) };
        let [a, b, c, d] = [a, b, c, d].map(|word| u64::from_le_bytes(*word));
        let limbs = [a, a >> 51 | b << 13, b >> 38 | c << 26, c >> 25 | d << 39, d >> 12];
        Element(limbs.map(|limb| limb & LOW_51_BITS))
    }

    fn plus(&self, other: &Self) -> Self {
        let ([a, b, c, d, e], [f, g, h, i, j]) = (self.0, other.0);
        Element([a + f, b + g, c + h, d + i, e + j]).carried()
    }

    fn minus(&self, other: &Self) -> Self {
        // 16 p in limbs, added so that no limb falls below zero.
        const FIRST: u64 = 16 * (LOW_51_BITS - 18);
        const OTHERS: u64 = 16 * LOW_51_BITS;
        let ([a, b, c, d, e], [f, g, h, i, j]) = (self.0, other.0);
        Element([a + FIRST - f, b + OTHERS - g, c + OTHERS - h, d + OTHERS - i, e + OTHERS - j]).carried()
    }

    fn times(&self, other: &Self) -> Self {
        let [a0, a1, a2, a3, a4] = self.0.map(u128::from);
        let [b0, b1, b2, b3, b4] = other.0.map(u128::from);
        // 2^255 = 19, so what overflows the fifth limb comes back times 19.
        let [c1, c2, c3, c4] = [b1, b2, b3, b4].map(|limb| limb * 19);
        let mut limbs = [
            a0 * b0 + a1 * c4 + a2 * c3 + a3 * c2 + a4 * c1,
            a0 * b1 + a1 * b0 + a2 * c4 + a3 * c3 + a4 * c2,
            a0 * b2 + a1 * b1 + a2 * b0 + a3 * c4 + a4 * c3,
            a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 + a4 * c4,
            a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0,
        ];
        let mut carry = 0;
        for limb in &mut limbs {
            *limb += carry;
            carry = *limb >> 51;
            *limb &= u128::from(LOW_51_BITS);
        }
        let [first, ..] = &mut limbs;
        *first += carry * 19;
        // Every limb but the first is below 2^51, and the first below 2^64: the shape of `carried`.
        Element(limbs.map(|limb| limb as u64)).carried()
    }

    fn carried(self) -> Self {
        let mut limbs = self.0;
        let mut carry = 0;
        for limb in &mut limbs {
            *limb += carry;
            carry = *limb >> 51;
            *limb &= LOW_51_BITS;
        }
        let [first, ..] = &mut limbs;
        *first += carry * 19;
        Element(limbs)
    }

    /// The one representative below p.
    fn reduced(self) -> Self {
        let carried = self.carried().carried();
        // Below 2^255 now, so p can be taken out once at most: it is, iff adding 19 reaches 2^255.
        let mut limbs = carried.0;
        let mut carry = 19;
        for limb in &mut limbs {
            *limb += carry;
            carry = *limb >> 51;
            *limb &= LOW_51_BITS;
        }
        if carry == 0 { carried } else { Element(limbs) }
    }

    fn is_zero(self) -> bool {
        self.reduced().0 == [0; 5]
    }

    /// Euler's criterion, for numbers other than zero: a^((p - 1) / 2) = 1. The exponent is 2^254 - 10, whose 254
    /// bits are ones except bits 3 and 0.
    fn is_square(&self) -> bool {
        let mut power = Element::ONE;
        for bit in (0..254).rev() {
            power = power.times(&power);
            if bit != 3 && bit != 0 {
                power = power.times(self);
            }
        }
        power.minus(&Element::ONE).is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> [u8; 32] {
        std::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
    }

    fn code(hex: &str) -> Option<ErrorCode> {
        judge(&bytes(hex)).err().map(|error| error.code())
    }

    #[test]
    fn the_constant_is_what_rfc_8032_says() {
        let small = |number| Element([number, 0, 0, 0, 0]);
        assert!(Element::D.times(&small(121_666)).plus(&small(121_665)).is_zero());
    }

    /// The eight points of small order in their canonical encodings, as libsodium lists them.
    #[test]
    fn points_of_small_order_are_weak() {
        for point in [
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000080",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        ] {
            assert_eq!(code(point), Some(ErrorCode::KeyWeak), "{point}");
        }
    }

    #[test]
    fn other_spellings_are_malformed() {
        for point in [
            // y = p, p + 1, 2^255 - 1: not reduced.
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            // x = 0 with a sign.
            "0100000000000000000000000000000000000000000000000000000000000080",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            // y = 2: on no point.
            "0200000000000000000000000000000000000000000000000000000000000000",
        ] {
            assert_eq!(code(point), Some(ErrorCode::KeyMalformed), "{point}");
        }
    }

    /// Public keys of RFC 8032 section 7.1, and the base point.
    #[test]
    fn real_keys_pass() {
        for point in [
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "5866666666666666666666666666666666666666666666666666666666666666",
        ] {
            assert_eq!(code(point), None, "{point}");
        }
    }
}
