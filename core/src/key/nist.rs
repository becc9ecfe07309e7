//! Points and private numbers of the NIST curves (SP 800-186 section 3.2.1), judged where no back end does it.
//!
//! Points are public, so nothing here needs to run in constant time but the range of a private number, which is one
//! comparison. Speed does not matter: a key is judged once.

use super::curve::Curve;

/// The numbers of a curve `y^2 = x^3 - 3x + b` over the field of `p`, whose base point has the order `n`; in hexadecimal.
struct Numbers {
    p: &'static str,
    b: &'static str,
    n: &'static str,
}

const fn numbers(curve: Curve) -> Numbers {
    match curve {
        Curve::P256 => Numbers {
            p: "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
            b: "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
            n: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        },
        Curve::P384 => Numbers {
            p: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe\
                ffffffff0000000000000000ffffffff",
            b: "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875a\
                c656398d8a2ed19d2a85c8edd3ec2aef",
            n: "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf\
                581a0db248b0a77aecec196accc52973",
        },
        Curve::P521 => Numbers {
            p: "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
                ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
                ffff",
            b: "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef1\
                09e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b50\
                3f00",
            n: "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
                fffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e9138\
                6409",
        },
    }
}

/// Whether an uncompressed point (SEC 1 section 2.3.3) of the right length is on the curve.
pub(super) fn is_on_curve(curve: Curve, point: &[u8]) -> bool {
    let (Some((4, coordinates)), Numbers { p, b, .. }) = (point.split_first(), numbers(curve)) else {
        return false;
    };
    let Some((x, y)) = coordinates.split_at_checked(curve.field_len()) else { return false };
    let (p, b, x, y) =
        (Number::from_hex(p), Number::from_hex(b), Number::from_bytes(x), Number::from_bytes(y));
    // SEC 1 section 2.3.4: a coordinate is an element of the field, below p.
    if x >= p || y >= p {
        return false;
    }
    // Without subtraction: y^2 + 3x = x^3 + b.
    let three_x = x.plus(&x).plus(&x);
    let left = y.times(&y).plus(&three_x).modulo(&p);
    let right = x.times(&x).modulo(&p).times(&x).plus(&b).modulo(&p);
    left == right
}

/// Whether a private number of the right length is from 1 to n - 1 (RFC 6979 section 2.1).
pub(super) fn is_scalar(curve: Curve, scalar: &[u8]) -> bool {
    let number = zeroize::Zeroizing::new(Number::from_bytes(scalar));
    !number.0.is_empty() && *number < Number::from_hex(numbers(curve).n)
}

/// A natural number: digits of 32 bits, the lowest first, the highest not zero.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Number(Vec<u32>);

impl Number {
    fn from_bytes(bytes: &[u8]) -> Self {
        let digit = |bytes: &[u8]| bytes.iter().fold(0, |digit, byte| digit << 8 | u32::from(*byte));
        Number(bytes.rchunks(4).map(digit).collect()).trimmed()
    }

    fn from_hex(text: &str) -> Self {
        let digit = |text: &[u8]| {
            text.iter().fold(0, |digit, c| digit << 4 | char::from(*c).to_digit(16).unwrap_or_default())
        };
        Number(text.as_bytes().rchunks(8).map(digit).collect()).trimmed()
    }

    fn trimmed(mut self) -> Self {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        self
    }

    fn plus(&self, other: &Self) -> Self {
        let (long, short) = if self.0.len() < other.0.len() { (other, self) } else { (self, other) };
        let mut carry = 0;
        let mut sum: Vec<u32> = Vec::with_capacity(long.0.len() + 1);
        let digits = short.0.iter().copied().chain(std::iter::repeat(0));
        for (a, b) in long.0.iter().zip(digits) {
            let digit = u64::from(*a) + u64::from(b) + carry;
            sum.push(digit as u32);
            carry = digit >> 32;
        }
        sum.push(carry as u32);
        Number(sum).trimmed()
    }

    fn times(&self, other: &Self) -> Self {
        let mut product = vec![0_u32; self.0.len() + other.0.len()];
        for (at, a) in self.0.iter().enumerate() {
            let mut carry = 0;
            let digits = other.0.iter().copied().chain([0]);
            for (b, place) in digits.zip(product.iter_mut().skip(at)) {
                let digit = u64::from(*a) * u64::from(b) + u64::from(*place) + carry;
                *place = digit as u32;
                carry = digit >> 32;
            }
        }
        Number(product).trimmed()
    }

    /// The remainder, bit by bit.
    fn modulo(&self, modulus: &Self) -> Self {
        let mut rest = Number(Vec::with_capacity(modulus.0.len() + 1));
        for digit in self.0.iter().rev() {
            for bit in (0..32).rev() {
                rest.double_and_add(digit >> bit & 1);
                if rest >= *modulus {
                    rest.subtract(modulus);
                }
            }
        }
        rest
    }

    fn double_and_add(&mut self, bit: u32) {
        let mut carry = bit;
        for digit in &mut self.0 {
            (*digit, carry) = (*digit << 1 | carry, *digit >> 31);
        }
        if carry > 0 {
            self.0.push(carry);
        }
    }

    /// Takes a number away that is not larger.
    fn subtract(&mut self, other: &Self) {
        let mut borrow = 0;
        let digits = other.0.iter().copied().chain(std::iter::repeat(0));
        for (a, b) in self.0.iter_mut().zip(digits) {
            let digit = i64::from(*a) - i64::from(b) - borrow;
            *a = digit as u32;
            borrow = i64::from(digit < 0);
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev())))
    }
}

impl zeroize::Zeroize for Number {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.chars().map(|c| c.to_digit(16).unwrap() as u8).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    /// SP 800-186 section 3.2.1: the base points.
    const BASE_POINTS: [(Curve, &str, &str); 3] = [
        (
            Curve::P256,
            "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
            "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
        ),
        (
            Curve::P384,
            "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
            "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
        ),
        (
            Curve::P521,
            "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
            "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
        ),
    ];

    #[test]
    fn the_base_points_are_on_their_curves() {
        for (curve, x, y) in BASE_POINTS {
            let point = [&[4], bytes(x).as_slice(), &bytes(y)].concat();
            assert!(is_on_curve(curve, &point), "{curve:?}");
            for at in [0, 1, point.len() / 2, point.len() - 1] {
                let mut wrong = point.clone();
                wrong[at] ^= 1;
                assert!(!is_on_curve(curve, &wrong), "{curve:?} {at}");
            }
            // The same residue, written as y + p, is another spelling: SEC 1 section 2.3.4 refuses it.
            let zero = [&[4], vec![0; 2 * curve.field_len()].as_slice()].concat();
            assert!(!is_on_curve(curve, &zero));
            let p = bytes(numbers(curve).p);
            assert!(!is_on_curve(curve, &[&[4], p.as_slice(), &p].concat()));
        }
    }

    #[test]
    fn private_numbers_are_from_one_to_the_order() {
        for curve in Curve::ALL {
            let len = curve.field_len();
            let mut order = bytes(numbers(curve).n);
            assert!(!is_scalar(curve, &vec![0; len]) && !is_scalar(curve, &order));
            *order.last_mut().unwrap() -= 1;
            assert!(is_scalar(curve, &order));
            let mut one = vec![0; len];
            one[len - 1] = 1;
            assert!(is_scalar(curve, &one) && !is_scalar(curve, &vec![0xff; len]));
        }
    }
}
