//! The signature that a customer's app makes over one exact change, made here by a key in a file, for development.

use std::path::Path;

use crate::cli::failure::{Exit, Failure};
use crate::cli::keys::DEVELOPMENT_BRAND;
use crate::crypto::{SigningKey, read_secret_file};
use crate::domain::Brand;
use crate::grpc::convert::FieldError;
use crate::grpc::pb::v1 as pb;
use crate::service::Question;

/// The text that approves what a request asks, as the service will read the request. `brand` is the line's, where one
/// was named.
pub(crate) fn signing_text<M>(
    request: M,
    brand: &str,
    read: impl FnOnce(M, &Brand) -> Result<Question, FieldError>,
) -> Result<String, Failure> {
    let brand = if brand.is_empty() { DEVELOPMENT_BRAND } else { brand };
    let brand = Brand::parse(brand).map_err(|error| Failure::invalid(format!("--brand {error}")))?;
    let unfit = |error: FieldError| Failure::invalid(format!("{}: {}", error.path, error.expected));
    Ok(read(request, &brand).map_err(unfit)?.signing_input())
}

/// The approval of the device.
pub(super) fn sign(key: &Path, device: String, text: &str) -> Result<pb::AppApproval, Failure> {
    let pem = read_secret_file(key).map_err(|error| {
        Failure::caused(Exit::Invalid, &error).advise("`portcullis keys app FILE` makes a key for development")
    })?;
    let key = SigningKey::from_private_pem(&pem).map_err(|error| Failure::caused(Exit::Invalid, &error))?;
    Ok(pb::AppApproval { device_key_id: device, signature: key.sign(text.as_bytes()) })
}
