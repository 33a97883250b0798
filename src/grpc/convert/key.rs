//! Public keys of customers' devices, as JSON Web Keys.

use crate::crypto::AppKey;
use crate::domain::FormatError;

const JWK: &str = "must be a public JSON Web Key for signatures, Ed25519 or P-256, of at most 1,024 bytes";

/// A device's public key in its one canonical text (RFC 7638): the same key spelt otherwise is no other change.
pub(in crate::grpc) fn public_key_jwk(text: &str) -> Result<String, FormatError> {
    AppKey::parse(text).map(|key| key.canonical_jwk()).map_err(|_| FormatError::new(JWK))
}

#[cfg(test)]
mod tests {
    use super::public_key_jwk;

    #[test]
    fn one_text_a_key_and_only_public_ones() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        let spelt = format!("{{ \"kty\":\"OKP\",\n\"kid\":\"1\", \"crv\":\"Ed25519\",\"x\":\"{x}\"}}");
        assert_eq!(public_key_jwk(&spelt), Ok(canonical.clone()));
        let private = canonical.replace('}', r#","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}"#);
        for wrong in ["", "{}", &private, r#"{"kty":"OKP","crv":"Ed25519","x":"AAAA"}"#] {
            assert!(public_key_jwk(wrong).is_err(), "`{wrong}` was accepted");
        }
    }
}
