//! The wire: types, clients and servers generated from `proto/bando/v1`. Nothing by hand.

#![expect(
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    missing_docs,
    reason = "generated code"
)]

pub mod v1 {
    tonic::include_proto!("bando.v1");
}

/// The encoded descriptor set of all services, for reflection and for tests.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
