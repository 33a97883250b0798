//! What is generated from `proto/`: messages, server traits and clients. Nobody else includes it.

#![allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::pedantic,
    reason = "generated from `proto/`, which has the comments"
)]

/// The published contract.
pub mod v1 {
    tonic::include_proto!("portcullis.v1");

    /// The contract as a descriptor set with comments, for reflection and for tests of completeness.
    pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/portcullis_descriptor.bin"));
}

/// The load generator's echo.
pub mod bench {
    tonic::include_proto!("portcullis.bench.v1");
}
