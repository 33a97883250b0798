//! What tells a repetition from another request.

use prost::Message;

use crate::service::Body;

/// All that a request says, under the name of its call: the same fields in another call are another request.
pub(super) fn body(method: &str, message: &impl Message) -> Body {
    let mut bytes = Vec::with_capacity(method.len().saturating_add(1).saturating_add(message.encoded_len()));
    bytes.extend_from_slice(method.as_bytes());
    bytes.push(0);
    // A Vec grows, so encoding into it cannot fail.
    let _ = message.encode(&mut bytes);
    Body(bytes)
}
