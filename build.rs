//! Compiles the contract in `proto/` without protoc: messages, servers, clients, and the descriptor set for reflection.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use protox::prost_reflect::{DescriptorPool, Kind, MessageDescriptor};

const PROTO_ROOT: &str = "proto";

/// What `portcullis serve` serves, and so what reflection shows.
const SERVED_PACKAGE: &str = "portcullis/v1";

/// What only the load generator's own server serves.
const BENCH_PACKAGE: &str = "portcullis/bench/v1";

const DESCRIPTOR_SET: &str = "portcullis_descriptor.bin";

/// The standard field option that says: not in logs.
const REDACT_OPTION: &str = "debug_redact";

fn main() -> Result<(), Box<dyn Error>> {
    rerun_if_changed(PROTO_ROOT);
    let served = compile(SERVED_PACKAGE)?;
    // Encoded by protox rather than by prost, which would drop custom options that reflection clients ask for.
    fs::write(out_dir()?.join(DESCRIPTOR_SET), served.encode_file_descriptor_set())?;
    generate(&served)?;
    generate(&compile(BENCH_PACKAGE)?)
}

fn compile(package: &str) -> Result<protox::Compiler, Box<dyn Error>> {
    let mut compiler = protox::Compiler::new([PROTO_ROOT])?;
    compiler.include_imports(true).include_source_info(true).open_files(proto_files(package)?)?;
    Ok(compiler)
}

fn generate(compiler: &protox::Compiler) -> Result<(), Box<dyn Error>> {
    tonic_prost_build::configure()
        .build_server(true)
        .build_client(true)
        .emit_rerun_if_changed(false)
        .skip_debug(secret_messages(&compiler.descriptor_pool()))
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

/// Every `.proto` of a package, in the order of their names so that builds repeat.
fn proto_files(package: &str) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(Path::new(PROTO_ROOT).join(package))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path.strip_prefix(PROTO_ROOT)?.to_owned());
        }
    }
    files.sort();
    Ok(files)
}

/// The messages with a field marked `debug_redact`, and all that hold one of them, at any depth.
///
/// INVARIANT (secrets-stay-in): these get no `Debug`, so no log line, panic or test failure can print them. The mark
/// stands in the contract, beside the field.
fn secret_messages(pool: &DescriptorPool) -> BTreeSet<String> {
    let mut secret: BTreeSet<String> = BTreeSet::new();
    loop {
        let found: Vec<String> = pool
            .all_messages()
            .filter(|message| !secret.contains(&proto_path(message)) && shows_secret(message, &secret))
            .map(|message| proto_path(&message))
            .collect();
        if found.is_empty() {
            return secret;
        }
        secret.extend(found);
    }
}

fn shows_secret(message: &MessageDescriptor, secret: &BTreeSet<String>) -> bool {
    message.fields().any(|field| {
        let marked =
            field.options().get_field_by_name(REDACT_OPTION).is_some_and(|value| value.as_bool() == Some(true));
        marked || matches!(field.kind(), Kind::Message(inner) if secret.contains(&proto_path(&inner)))
    })
}

fn proto_path(message: &MessageDescriptor) -> String {
    format!(".{}", message.full_name())
}

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script its output folder by the environment only")]
fn out_dir() -> Result<PathBuf, Box<dyn Error>> {
    Ok(Path::new(&env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?).to_owned())
}

fn rerun_if_changed(path: &str) {
    println!("cargo:rerun-if-changed={path}");
}
