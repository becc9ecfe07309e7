//! Published keys and signatures: RFC 7515 appendix A, RFC 7638 section 3.1, RFC 8037 appendix A.

use super::*;
use crate::encoding::from_base64url;

const JOE: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

#[test]
fn rfc_7515_a1_hs256() {
    let key = Key::from_jwk_as(
        Algorithm::HS256,
        r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#,
    )
    .unwrap();
    let message = format!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{JOE}");
    let signature = from_base64url("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
    assert_eq!(sign(&key, message.as_bytes()), signature);
    assert_eq!(key.tag(message.as_bytes()).unwrap().as_ref(), signature);
    assert!(key.verify(message.as_bytes(), &signature));
}

#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
const RSA_N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
const RSA_PRIVATE: &str = r#""d":"Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ","p":"4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc","q":"uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc","dp":"BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0","dq":"h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU","qi":"IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U""#;

#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
#[test]
fn rfc_7515_a2_rs256() {
    let message = format!("eyJhbGciOiJSUzI1NiJ9.{JOE}");
    let signature = from_base64url("cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw").unwrap();
    let public = format!(r#"{{"kty":"RSA","alg":"RS256","n":"{RSA_N}","e":"AQAB"}}"#);
    let public = Key::from_jwk(&public).unwrap();
    assert!(public.verify(message.as_bytes(), &signature));
    assert!(!public.can_sign());
    assert_eq!(code(public.sign(b"", &mut Vec::new())), ErrorCode::KeyCannotSign);

    let private = format!(r#"{{"kty":"RSA","alg":"RS256","n":"{RSA_N}","e":"AQAB",{RSA_PRIVATE}}}"#);
    let private = Key::from_jwk(&private).unwrap();
    assert_eq!(sign(&private, message.as_bytes()), signature);
    assert!(private.verify(message.as_bytes(), &signature));
    assert_eq!(
        private.public_jwk().unwrap(),
        format!(r#"{{"kty":"RSA","use":"sig","alg":"RS256","n":"{RSA_N}","e":"AQAB"}}"#)
    );
}

#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
#[test]
fn rfc_7515_a3_es256() {
    let numbers = r#""kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0""#;
    let message = format!("eyJhbGciOiJFUzI1NiJ9.{JOE}");
    let signature = from_base64url(
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    )
    .unwrap();
    let public = Key::from_jwk(&format!("{{{numbers}}}")).unwrap();
    assert!(public.verify(message.as_bytes(), &signature));
    let private =
        Key::from_jwk(&format!(r#"{{{numbers},"d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}}"#))
            .unwrap();
    let own = sign(&private, message.as_bytes());
    assert!(public.verify(message.as_bytes(), &own));
}

#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
#[test]
fn rfc_7515_a4_es512() {
    let public = Key::from_jwk(r#"{"kty":"EC","crv":"P-521","x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk","y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"}"#).unwrap();
    assert_eq!(public.algorithm(), Algorithm::ES512);
    let signature = from_base64url("AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn").unwrap();
    assert!(public.verify(b"eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA", &signature));
}

#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
#[test]
fn rfc_8037_a_eddsa() {
    let private = Key::from_jwk(r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#).unwrap();
    let public =
        Key::from_jwk(r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#)
            .unwrap();
    let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = from_base64url(
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
    )
    .unwrap();
    assert_eq!(sign(&private, message), signature);
    assert!(public.verify(message, &signature));
    assert!(private.verify(message, &signature));
    assert_eq!(public.thumbprint().unwrap(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
#[test]
fn rfc_7638_thumbprint() {
    let key = Key::from_jwk(r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#).unwrap();
    assert_eq!(key.thumbprint().unwrap(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    assert_eq!(key.kid(), Some("2011-04-29"));
}

/// Private numbers of another key, and each of them changed: refused by every back end.
#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
#[test]
fn rsa_numbers_that_do_not_belong_together() {
    let whole = format!(r#"{{"kty":"RSA","alg":"RS256","n":"{RSA_N}","e":"AQAB",{RSA_PRIVATE}}}"#);
    assert!(Key::from_jwk(&whole).is_ok());
    for name in ["d", "p", "q", "dp", "dq", "qi", "n"] {
        let head = format!("\"{name}\":\"");
        let at = whole.find(&head).unwrap() + head.len() + 20;
        let mut changed = whole.clone();
        let other = if &whole[at..=at] == "A" { "B" } else { "A" };
        changed.replace_range(at..=at, other);
        assert_eq!(code(Key::from_jwk(&changed)), ErrorCode::KeyMalformed, "{name}");
        let at = whole.find(&head).unwrap();
        let mut lacking = whole.clone();
        lacking.replace_range(at + 1..at + 1 + name.len(), "other");
        assert_eq!(code(Key::from_jwk(&lacking)), ErrorCode::KeyMalformed, "{name} lacks");
    }
    assert_eq!(code(Key::from_jwk(&whole.replace("AQAB", "Aw"))), ErrorCode::KeyMalformed);
}
