//! Public keys of customers' devices, as JSON Web Keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::domain::FormatError;

const JWK: &str = "must be a public JSON Web Key of at most 512 bytes: \
                   {\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"...\"} without a private part";
const JWK_BYTES_MAX: usize = 512;
const ED25519_KEY_BYTES: usize = 32;

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
    #[serde(default)]
    d: Option<serde_json::Value>,
}

/// An Ed25519 public key (RFC 8037), kept as it was written: the text is what a change is bound to.
pub(super) fn public_key_jwk(text: &str) -> Result<String, FormatError> {
    let wrong = FormatError::new(JWK);
    if text.len() > JWK_BYTES_MAX || text.contains(['\n', '\r']) {
        return Err(wrong);
    }
    let Jwk { kty, crv, x, d } = serde_json::from_str(text).map_err(|_| wrong)?;
    let key = URL_SAFE_NO_PAD.decode(x).map_err(|_| wrong)?;
    let fits = kty == "OKP" && crv == "Ed25519" && d.is_none() && key.len() == ED25519_KEY_BYTES;
    if fits { Ok(text.to_owned()) } else { Err(wrong) }
}

#[cfg(test)]
mod tests {
    use super::public_key_jwk;

    #[test]
    fn only_public_ed25519_keys() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        assert!(public_key_jwk(&format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","kid":"1"}}"#)).is_ok());
        for wrong in [
            String::new(),
            "{}".to_owned(),
            format!(r#"{{"kty":"EC","crv":"Ed25519","x":"{x}"}}"#),
            format!(r#"{{"kty":"OKP","crv":"X25519","x":"{x}"}}"#),
            format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}}"#),
            r#"{"kty":"OKP","crv":"Ed25519","x":"AAAA"}"#.to_owned(),
            format!("{{\"kty\":\"OKP\",\n\"crv\":\"Ed25519\",\"x\":\"{x}\"}}"),
            format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","kid":"{}"}}"#, "k".repeat(500)),
        ] {
            assert!(public_key_jwk(&wrong).is_err(), "`{wrong}` was accepted");
        }
    }
}
