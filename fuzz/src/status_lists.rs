//! Status lists, and the claims that name a place in one.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use tokenmint::{KeySet, StatusLists, StatusResolution, UnixTime};

use crate::judge_error;
use crate::reference::{self, NOW, SECRET, signed};

const URL: &str = "https://issuer.example/status/1";
const HEADER: &[u8] = br#"{"alg":"HS256","typ":"statuslist+jwt"}"#;

/// The payload of a list's token, or else a compressed list; what was taken says what a plain reader finds in it.
pub fn status_list(data: &[u8]) {
    let payload = match data.first() {
        Some(b'{') => data.to_vec(),
        _ => {
            let lst = base64_simd::URL_SAFE_NO_PAD.encode_to_string(data);
            let list = format!(r#"{{"sub":"{URL}","iat":{NOW},"status_list":{{"bits":2,"lst":"{lst}"}}}}"#);
            list.into_bytes()
        }
    };
    let keys = KeySet::builder().hmac("k1", SECRET.as_slice()).and_then(|keys| keys.build());
    let (lists, now) = (StatusLists::new(), UnixTime::from_seconds(NOW));
    let body = signed(HEADER, &payload);
    if let Err(error) = lists.fetched(URL, Ok(body.as_bytes()), &keys.expect("a good key"), now) {
        return judge_error(&error);
    }
    let payload = std::str::from_utf8(&payload).ok().and_then(reference::members);
    let list = payload.as_ref().and_then(|members| reference::members(members["status_list"].get()));
    let (bits, bytes) = list.as_ref().and_then(plain).expect("what was taken is a list for others, too");
    let len = bytes.len() as u64 * 8 / bits;
    // The ends, and some between.
    let places = [0, 1, 7, 8, len / 3, len / 2, len.saturating_sub(1), len, len + 1, u64::MAX];
    for index in places {
        let claims = format!(r#"{{"status":{{"status_list":{{"idx":{index},"uri":"{URL}"}}}}}}"#);
        let found = match lists.resolve_json(&claims, now) {
            StatusResolution::Valid => "valid",
            StatusResolution::Refuse(error) => error.code().name(),
            other => panic!("a list that was taken is to be fetched: {other:?}"),
        };
        let byte = bytes.get(usize::try_from(index / (8 / bits)).unwrap_or(usize::MAX));
        let state = byte.map(|byte| u64::from(*byte) >> (index % (8 / bits) * bits) & ((1 << bits) - 1));
        let expected = match state {
            Some(0) => "valid",
            Some(2) => "token_suspended",
            Some(_) => "token_revoked",
            None => "claim_invalid",
        };
        assert_eq!(found, expected, "place {index} of {len}");
    }
}

/// The bits and the bytes of a list, as serde_json and the whole inflater read them.
fn plain(list: &BTreeMap<String, Box<RawValue>>) -> Option<(u64, Vec<u8>)> {
    let bits = list["bits"].get().parse().ok()?;
    let lst: String = serde_json::from_str(list["lst"].get()).ok()?;
    let compressed = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(lst).ok()?;
    let bytes = miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(&compressed, 1 << 20).ok()?;
    [1, 2, 4, 8].contains(&bits).then_some((bits, bytes))
}

/// The claims of a token, which name a place or not.
pub fn status_claim(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (lists, now) = (StatusLists::new(), UnixTime::from_seconds(NOW));
    let required = StatusLists::new().required();
    match (lists.resolve_json(text, now), required.resolve_json(text, now)) {
        (StatusResolution::Fetch { url }, StatusResolution::Fetch { url: same }) => {
            assert!(url == same && url.contains("://") && !url.contains('#'), "{url}");
            let members = reference::members(text).expect("claims are an object");
            let status = reference::members(members["status"].get()).expect("so is the status");
            let place = reference::members(status["status_list"].get()).expect("so is the place");
            let named: String = serde_json::from_str(place["uri"].get()).expect("a text");
            assert!(named == url && place["idx"].get().parse::<u64>().is_ok(), "{url}");
        }
        (StatusResolution::Valid, StatusResolution::Refuse(error)) => judge_error(&error),
        (StatusResolution::Refuse(error), StatusResolution::Refuse(same)) => {
            assert_eq!(error, same);
            judge_error(&error);
        }
        other => panic!("{other:?}"),
    }
}
