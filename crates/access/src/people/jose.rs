//! Signatures of ID tokens: JSON Web Signatures (RFC 7515) in the compact form, by asymmetric keys of the
//! provider (RFC 7517, RFC 7518, RFC 8037).
//!
//! The algorithm is the token's own choice, and so an attacker's. It must be one of [`Algorithm`], and the
//! key must fit it: neither `none` nor a symmetric algorithm exists here (RFC 8725, section 3.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;

use super::SignInFault;

/// An algorithm that a provider may sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Ps256,
    Es256,
    Es384,
    EdDsa,
}

impl Algorithm {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "PS256" => Self::Ps256,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            // RFC 9864 calls it by its curve.
            "EdDSA" | "Ed25519" => Self::EdDsa,
            _ => return None,
        })
    }

    /// The hash in `at_hash` (OpenID Connect Core 1.0, section 3.1.3.6). For Ed25519 it is the
    /// hash of the signature itself, SHA-512.
    pub(super) fn hash(self) -> &'static digest::Algorithm {
        match self {
            Self::Rs256 | Self::Ps256 | Self::Es256 => &digest::SHA256,
            Self::Es384 => &digest::SHA384,
            Self::EdDsa => &digest::SHA512,
        }
    }
}

/// A signed token that is not verified yet.
pub(super) struct Jws<'a> {
    algorithm: Algorithm,
    key_id: Option<String>,
    signed: &'a str,
    signature: Vec<u8>,
    payload: &'a str,
}

/// A token whose signature is the provider's.
pub(super) struct Verified {
    pub(super) algorithm: Algorithm,
    /// The JSON text of its claims.
    pub(super) payload: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<serde_json::Value>,
}

impl<'a> Jws<'a> {
    /// Reads a token in the compact form.
    pub(super) fn parse(token: &'a str) -> Result<Self, SignInFault> {
        let malformed = || SignInFault::Untrusted("the ID token is malformed");
        let (signed, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
        let (header, payload) = signed.split_once('.').ok_or_else(malformed)?;
        let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| malformed())?;
        let header: Header = serde_json::from_slice(&header).map_err(|_| malformed())?;
        if header.crit.is_some() {
            return Err(SignInFault::Untrusted("the ID token has a critical header"));
        }
        Ok(Self {
            algorithm: Algorithm::of(&header.alg).ok_or(SignInFault::Untrusted(
                "the ID token is not signed with a permitted algorithm",
            ))?,
            key_id: header.kid,
            signed,
            signature: URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed())?,
            payload,
        })
    }

    /// The token, if one of the keys verifies it. Without a key id, the provider has one key for the
    /// algorithm (OpenID Connect Core 1.0, section 10.1).
    pub(super) fn verified_by(&self, keys: &[Key]) -> Option<Verified> {
        let mut fitting = keys.iter().filter(|key| {
            let has_id = self.key_id.is_none() || key.id == self.key_id;
            has_id && key.fits(self.algorithm)
        });
        let key = fitting.next()?;
        let is_ambiguous = self.key_id.is_none() && fitting.next().is_some();
        if is_ambiguous || !key.verifies(self.algorithm, self.signed.as_bytes(), &self.signature) {
            return None;
        }
        Some(Verified {
            algorithm: self.algorithm,
            payload: URL_SAFE_NO_PAD.decode(self.payload).ok()?,
        })
    }
}

/// A key of the provider that verifies signatures.
#[derive(Debug, Clone)]
pub(super) struct Key {
    id: Option<String>,
    /// The algorithm that it is reserved for, if any.
    algorithm: Option<Algorithm>,
    public: Public,
}

#[derive(Debug, Clone)]
enum Public {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// The members of a JSON Web Key (RFC 7517) that are read.
#[derive(Deserialize)]
pub(super) struct Jwk {
    kty: String,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Key {
    /// The key; `None` if it is not for these signatures.
    pub(super) fn of(jwk: Jwk) -> Option<Self> {
        if jwk.purpose.is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let bytes = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
        // An uncompressed point (SEC 1, section 2.3.3), whose coordinates have their full length.
        let point = |length: usize| {
            let (x, y) = (bytes(&jwk.x)?, bytes(&jwk.y)?);
            (x.len() == length && y.len() == length).then(|| [&[4], &x[..], &y].concat())
        };
        let public = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => Public::Rsa {
                modulus: without_zeros(bytes(&jwk.n)?),
                exponent: without_zeros(bytes(&jwk.e)?),
            },
            ("EC", Some("P-256")) => Public::P256(point(32)?),
            ("EC", Some("P-384")) => Public::P384(point(48)?),
            ("OKP", Some("Ed25519")) => Public::Ed25519(bytes(&jwk.x)?),
            _ => return None,
        };
        let algorithm = match jwk.alg.as_deref() {
            Some(name) => Some(Algorithm::of(name)?),
            None => None,
        };
        Some(Self {
            id: jwk.kid,
            algorithm,
            public,
        })
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        let is_reserved = self.algorithm.is_some_and(|own| own != algorithm);
        let is_of_kind = matches!(
            (&self.public, algorithm),
            (Public::Rsa { .. }, Algorithm::Rs256 | Algorithm::Ps256)
                | (Public::P256(_), Algorithm::Es256)
                | (Public::P384(_), Algorithm::Es384)
                | (Public::Ed25519(_), Algorithm::EdDsa)
        );
        is_of_kind && !is_reserved
    }

    /// RSA keys have 2048 to 8192 bits.
    fn verifies(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> bool {
        let is_valid =
            match &self.public {
                Public::Rsa { modulus, exponent } => {
                    let scheme = match algorithm {
                        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
                        _ => &signature::RSA_PKCS1_2048_8192_SHA256,
                    };
                    let key = RsaPublicKeyComponents {
                        n: modulus,
                        e: exponent,
                    };
                    key.verify(scheme, signed, signature)
                }
                Public::P256(point) => UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point)
                    .verify(signed, signature),
                Public::P384(point) => UnparsedPublicKey::new(&signature::ECDSA_P384_SHA384_FIXED, point)
                    .verify(signed, signature),
                Public::Ed25519(point) => {
                    UnparsedPublicKey::new(&signature::ED25519, point).verify(signed, signature)
                }
            };
        is_valid.is_ok()
    }
}

/// A number without leading zeros, which `ring` refuses and some providers send.
fn without_zeros(mut number: Vec<u8>) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.drain(..zeros);
    number
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(jwk: serde_json::Value) -> Option<Key> {
        Key::of(serde_json::from_value(jwk).unwrap())
    }

    /// RFC 7515, appendix A.2.
    const RS256: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
        cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0\
        Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBM\
        Hlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np\
        6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

    /// RFC 7515, appendix A.3.
    const ES256: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
        cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJq\
        PP3-Kg6NU1Q";

    /// RFC 8037, appendix A.4.
    const EDDSA: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-\
        09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

    fn rsa() -> serde_json::Value {
        json!({"kty": "RSA", "e": "AQAB", "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4\
            qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSX\
            ndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-D\
            WNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"})
    }

    fn ec() -> serde_json::Value {
        json!({"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})
    }

    fn ed() -> serde_json::Value {
        json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    }

    fn verifies(token: &str, keys: &[serde_json::Value]) -> bool {
        let keys: Vec<Key> = keys.iter().cloned().filter_map(key).collect();
        let jws = Jws::parse(token).ok();
        jws.is_some_and(|jws| jws.verified_by(&keys).is_some())
    }

    #[test]
    fn the_examples_of_the_standards_verify_and_changed_ones_do_not() {
        for (token, jwk) in [(RS256, rsa()), (ES256, ec()), (EDDSA, ed())] {
            assert!(verifies(token, &[rsa(), ec(), ed()]), "{token}");
            assert!(!verifies(
                &token.replacen(".R", ".S", 1).replacen(".eyJp", ".eyJq", 1),
                &[jwk]
            ));
        }
        assert!(!verifies(RS256, &[ec(), ed()]));
    }

    #[test]
    fn a_token_without_a_key_id_needs_a_single_key() {
        assert!(!verifies(ES256, &[ec(), ec()]));
    }

    #[test]
    fn a_key_verifies_only_what_it_is_made_for() {
        let with = |mut jwk: serde_json::Value, name: &str, value: &str| {
            jwk[name] = value.into();
            jwk
        };
        assert!(verifies(RS256, &[with(rsa(), "use", "sig")]));
        assert!(verifies(RS256, &[with(rsa(), "alg", "RS256")]));
        for jwk in [
            with(rsa(), "use", "enc"),
            with(rsa(), "alg", "PS256"),
            with(rsa(), "alg", "RSA-OAEP"),
            with(rsa(), "kty", "oct"),
            with(rsa(), "n", "AQAB"),
        ] {
            assert!(!verifies(RS256, std::slice::from_ref(&jwk)), "{jwk}");
        }
    }

    #[test]
    fn unsigned_and_symmetric_tokens_are_refused() {
        let token = |header: &str| {
            let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
            format!("{}.{}.{}", part(header), part("{}"), part("signature"))
        };
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"None"}"#,
            r#"{"alg":"HS256"}"#,
            r#"{"alg":"RS1"}"#,
            r#"{"alg":"RS256","crit":["b64"],"b64":false}"#,
            r#"{}"#,
        ] {
            assert!(Jws::parse(&token(header)).is_err(), "{header}");
        }
        assert!(Jws::parse(&token(r#"{"alg":"RS256"}"#)).is_ok());
        for text in ["", ".", "..", "a.b", "a.b.c.d"] {
            assert!(Jws::parse(text).is_err(), "{text}");
        }
    }
}
