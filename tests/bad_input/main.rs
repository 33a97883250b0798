//! Bad input ends at the edge: each field of each request, with values that it must refuse.
//!
//! A refusal is INVALID_ARGUMENT, names the field by its path, and does not repeat the value. Complete by construction:
//! the contract's own descriptors are walked, and a field without an entry in the table, or without a sample that holds
//! it, fails the test.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails where it is"
)]
#![allow(clippy::unnecessary_wraps, reason = "samples are as the messages want them")]

mod requests;
mod samples;
mod table;
mod table_of_desks;
mod walk;

use std::collections::BTreeSet;

use portcullis::grpc::convert::FieldError;
use portcullis::grpc::pb::v1::DESCRIPTOR_SET;
use portcullis::grpc::status::bad_field;
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MessageDescriptor};
use tonic::Code;
use tonic_types::StatusExt as _;

use requests::{REQUESTS, Request};
use walk::{Mutation, Visited, mutations};

fn pool() -> DescriptorPool {
    DescriptorPool::decode(DESCRIPTOR_SET).unwrap()
}

fn sample(pool: &DescriptorPool, request: &Request, bytes: &[u8]) -> DynamicMessage {
    let descriptor = pool.get_message_by_name(request.message).unwrap();
    DynamicMessage::decode(descriptor, bytes).unwrap()
}

/// A refused request says which field and what would be right, and shows nothing of what was sent.
fn check_refusal(request: &Request, mutation: &Mutation, error: &FieldError) {
    let context = format!("{} with {}", request.message, mutation.what);
    assert_eq!(error.path, mutation.expected, "{context}: {error}");
    let status = bad_field(error);
    assert_eq!(status.code(), Code::InvalidArgument, "{context}");
    let details = status.get_error_details();
    let violations = &details.bad_request().unwrap().field_violations;
    assert_eq!(violations.len(), 1, "{context}");
    assert_eq!(violations[0].field, mutation.expected, "{context}");
    if let Some(secret) = &mutation.shown {
        let everything = format!("{status:?} {details:?}");
        assert!(!everything.contains(secret.as_str()), "{context}: the value is in {everything}");
    }
}

#[test]
fn every_field_refuses_what_it_must_by_name_and_never_by_value() {
    let pool = pool();
    let mut visited = Visited::default();
    let mut tried = 0;
    for request in REQUESTS {
        for (number, bytes) in (request.samples)().iter().enumerate() {
            (request.convert)(bytes).unwrap_or_else(|error| panic!("{} sample {number}: {error}", request.message));
            for mutation in mutations(&sample(&pool, request, bytes), &mut visited) {
                match (request.convert)(&mutation.bytes) {
                    Ok(()) => panic!("{} with {} was accepted", request.message, mutation.what),
                    Err(error) => check_refusal(request, &mutation, &error),
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 500, "only {tried} bad inputs were tried");
    let reachable = reachable_fields(&pool);
    let unseen: Vec<_> = reachable.difference(&visited.fields).collect();
    assert!(unseen.is_empty(), "no sample holds {unseen:?}");
}

#[test]
fn every_call_of_the_contract_is_tried() {
    let tried: BTreeSet<&str> = REQUESTS.iter().map(|request| request.message).collect();
    let inputs: BTreeSet<String> = inputs(&pool()).iter().map(|message| message.full_name().to_owned()).collect();
    assert_eq!(tried, inputs.iter().map(String::as_str).collect());
}

#[test]
fn the_table_names_fields_that_are_there() {
    let reachable = reachable_fields(&pool());
    for (field, _) in table::FIELDS {
        assert!(reachable.contains(*field), "{field} is no field of a request");
    }
    let names: BTreeSet<_> = table::FIELDS.iter().map(|(field, _)| *field).collect();
    assert_eq!(names.len(), table::FIELDS.len(), "a field stands twice in the table");
}

fn inputs(pool: &DescriptorPool) -> Vec<MessageDescriptor> {
    let services = pool.services().filter(|service| service.package_name() == "portcullis.v1");
    services.flat_map(|service| service.methods().map(|method| method.input()).collect::<Vec<_>>()).collect()
}

/// Every field of every message of the package that a request can hold, as `Message.field`.
fn reachable_fields(pool: &DescriptorPool) -> BTreeSet<String> {
    let mut waiting = inputs(pool);
    let mut seen = BTreeSet::new();
    let mut fields = BTreeSet::new();
    while let Some(message) = waiting.pop() {
        if message.package_name() != "portcullis.v1" || !seen.insert(message.full_name().to_owned()) {
            continue;
        }
        for field in message.fields() {
            fields.insert(format!("{}.{}", message.name(), field.name()));
            if let Kind::Message(inner) = field.kind() {
                waiting.push(inner);
            }
        }
    }
    fields
}
