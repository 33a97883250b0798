//! The development issuer: signs access tokens for examples, tests and the load generator.
//!
//! Deliberately absent from `serve`: the engine verifies tokens and never issues one.

use jsonwebtoken::{Algorithm, EncodingKey, Header};

use super::IdentityError;
use super::claims::AccessTokenClaims;
use crate::crypto::SigningKey;

/// Signs access tokens with a key that no real issuer has.
pub struct DevelopmentIssuer(EncodingKey);

impl DevelopmentIssuer {
    /// An issuer with this key.
    ///
    /// # Errors
    ///
    /// [`IdentityError::SelfTest`] if the key cannot sign in this build.
    pub fn new(key: &SigningKey) -> Result<Self, IdentityError> {
        EncodingKey::from_ed_pem(key.private_pem().as_bytes()).map(Self).map_err(|_| IdentityError::SelfTest)
    }

    /// A signed access token that says `claims`.
    ///
    /// # Errors
    ///
    /// [`IdentityError::SelfTest`] if signing does not work in this build.
    pub fn issue(&self, claims: &AccessTokenClaims) -> Result<String, IdentityError> {
        let header = Header { typ: Some("at+jwt".to_owned()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, claims, &self.0).map_err(|_| IdentityError::SelfTest)
    }
}
