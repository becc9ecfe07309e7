//! The one place where something is inflated.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_PARSE_ZLIB_HEADER, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

/// Inflates the ZLIB format (RFC 1950): the whole of `compressed`, to at most `most` bytes.
///
/// # Errors
/// What is wrong with it, for people.
pub(super) fn inflate(compressed: &[u8], most: usize) -> Result<Vec<u8>, &'static str> {
    // All that is taken stands in one piece: what is more is never written anywhere.
    let mut inflated = vec![0; most];
    let flags = TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let mut state = Box::<DecompressorOxide>::default();
    let (status, read, written) = decompress(&mut state, compressed, &mut inflated, 0, flags);
    match status {
        TINFLStatus::Done if read == compressed.len() => {
            inflated.truncate(written);
            inflated.shrink_to_fit();
            Ok(inflated)
        }
        TINFLStatus::Done => Err("there is something behind the end of the compressed list"),
        TINFLStatus::HasMoreOutput => Err("the list is larger than any that is taken"),
        TINFLStatus::FailedCannotMakeProgress => Err("the compressed list is cut off"),
        TINFLStatus::Adler32Mismatch => Err("the checksum of the compressed list is wrong"),
        _ => Err("the list is not compressed in the ZLIB format"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use miniz_oxide::deflate::compress_to_vec_zlib;

    #[test]
    fn a_bound_is_the_last_size_that_is_taken() {
        for len in [0, 1, 1000, 70_000] {
            let plain: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
            for level in [0, 1, 9] {
                let packed = compress_to_vec_zlib(&plain, level);
                assert_eq!(inflate(&packed, len), Ok(plain.clone()), "{len} {level}");
                assert_eq!(inflate(&packed, len + 1), Ok(plain.clone()), "{len} {level}");
                if len > 0 {
                    assert!(inflate(&packed, len - 1).unwrap_err().starts_with("the list is larger"));
                }
            }
        }
    }

    #[test]
    fn every_part_must_be_there_and_nothing_else() {
        let packed = compress_to_vec_zlib(&[0xb9, 0xa3], 9);
        for len in 0..packed.len() {
            assert!(inflate(&packed[..len], 2).is_err(), "{len} bytes of {}", packed.len());
        }
        assert!(inflate(&[&packed[..], &[0]].concat(), 2).unwrap_err().contains("behind the end"));
        let mut wrong = packed.clone();
        *wrong.last_mut().unwrap() ^= 1;
        assert!(inflate(&wrong, 2).unwrap_err().contains("checksum"));
        // Raw DEFLATE, and gzip.
        assert!(inflate(&packed[2..packed.len() - 4], 2).is_err());
        assert!(inflate(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0], 2).is_err());
    }
}
