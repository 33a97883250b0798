//! The table of levels as data: who may name whom.

/// What one module may name. The longest `module` that begins a file's own path holds for it, alone.
pub(crate) struct Rule {
    /// The module, as its path under `src/`.
    pub(crate) module: &'static str,
    /// Modules of this crate that it may name, beside its own top-level one.
    pub(crate) internal: &'static [&'static str],
    /// Crates that it may name, beside std.
    pub(crate) external: &'static [&'static str],
}

/// Arrows point only downward: a module names what stands above it in this table, never below or beside.
pub(crate) const RULES: &[Rule] = &[
    // Level 0.
    Rule { module: "domain", internal: &[], external: &["chrono", "thiserror", "zeroize", "uuid"] },
    Rule { module: "clock", internal: &[], external: &["chrono", "thiserror"] },
    Rule { module: "config", internal: &["domain"], external: &["serde", "toml", "thiserror"] },
    Rule {
        module: "telemetry",
        internal: &["config"],
        external: &[
            "opentelemetry",
            "opentelemetry_otlp",
            "opentelemetry_sdk",
            "prometheus_client",
            "thiserror",
            "tracing",
            "tracing_opentelemetry",
            "tracing_subscriber",
        ],
    },
    // Level 1.
    Rule { module: "policy", internal: &["domain"], external: &["chrono", "thiserror"] },
    Rule { module: "policy/file", internal: &["domain"], external: &["chrono", "toml"] },
    Rule { module: "policy/language/tests/differential", internal: &["domain"], external: &["cel", "proptest"] },
    Rule { module: "policy/language/syntax", internal: &["domain"], external: &["cel"] },
    Rule {
        module: "crypto",
        internal: &["domain", "clock", "telemetry"],
        external: &[
            "argon2",
            "base64",
            "chrono",
            "jsonwebtoken",
            "ring",
            "rustix",
            "serde",
            "serde_json",
            "thiserror",
            "tokio",
            "uuid",
            "x509_parser",
            "zeroize",
        ],
    },
    // Level 2.
    Rule {
        module: "audit",
        internal: &["domain", "policy", "crypto"],
        external: &["chrono", "serde", "serde_json", "thiserror"],
    },
    // Level 3.
    Rule {
        module: "store",
        internal: &["domain", "policy", "crypto", "audit", "clock", "telemetry"],
        external: &["chrono", "thiserror", "tokio", "tracing", "zeroize"],
    },
    Rule {
        module: "store/codec",
        internal: &["domain", "policy", "crypto", "audit"],
        external: &["chrono", "prost", "thiserror", "zeroize"],
    },
    Rule {
        module: "store/embedded",
        internal: &["domain", "policy", "crypto", "audit", "clock", "config", "telemetry"],
        external: &["chrono", "quick_cache", "rusqlite", "rustix", "thiserror", "tokio", "tracing", "zeroize"],
    },
    Rule {
        module: "store/redis",
        internal: &["domain", "policy", "crypto", "audit", "clock", "config", "telemetry"],
        external: &[
            "arc_swap",
            "chrono",
            "crc16",
            "futures_util",
            "redis",
            "thiserror",
            "tokio",
            "tokio_stream",
            "tracing",
            "zeroize",
        ],
    },
    Rule {
        module: "outbound",
        internal: &["domain", "crypto", "config"],
        external: &[
            "chrono",
            "http",
            "http_body_util",
            "httpdate",
            "hyper",
            "hyper_util",
            "rustls",
            "rustls_native_certs",
            "serde",
            "serde_json",
            "thiserror",
            "tokio",
            "tokio_rustls",
            "uuid",
            "zeroize",
        ],
    },
    // Level 4.
    Rule {
        module: "service",
        internal: &["domain", "policy", "crypto", "audit", "store", "outbound", "clock", "config", "telemetry"],
        external: &["arc_swap", "chrono", "futures_util", "quick_cache", "thiserror", "tokio", "tracing", "zeroize"],
    },
    // Level 5.
    Rule {
        module: "grpc",
        internal: &[
            "domain",
            "policy",
            "crypto",
            "audit",
            "store",
            "outbound",
            "service",
            "clock",
            "config",
            "telemetry",
        ],
        external: &[
            "arc_swap",
            "base64",
            "chrono",
            "h2",
            "http",
            "http_body_util",
            "hyper",
            "jsonwebtoken",
            "prost",
            "prost_types",
            "quick_cache",
            "rustls",
            "serde",
            "serde_json",
            "thiserror",
            "tokio",
            "tokio_rustls",
            "tokio_stream",
            "tonic",
            "tonic_health",
            "tonic_prost",
            "tonic_reflection",
            "tonic_types",
            "tower",
            "tracing",
            "webpki",
            "zeroize",
        ],
    },
    Rule {
        module: "web",
        internal: &["domain", "policy", "crypto", "audit", "store", "service", "clock", "config", "telemetry"],
        external: &["axum", "chrono", "http", "thiserror", "tokio", "tower", "tracing"],
    },
    // Level 6.
    Rule {
        module: "cli",
        internal: &[
            "domain",
            "policy",
            "crypto",
            "audit",
            "store",
            "outbound",
            "service",
            "grpc",
            "web",
            "clock",
            "config",
            "telemetry",
        ],
        external: &[
            "chrono",
            "clap",
            "comfy_table",
            "console",
            "hdrhistogram",
            "indicatif",
            "rcgen",
            "rustix",
            "rustls",
            "serde",
            "serde_json",
            "thiserror",
            "tokio",
            "tokio_stream",
            "toml",
            "tracing",
            "zeroize",
        ],
    },
    // A receiver of messages for who measures.
    Rule {
        module: "cli/bench/notices",
        internal: &["config", "crypto", "domain", "service"],
        external: &[
            "base64",
            "http",
            "http_body_util",
            "hyper",
            "hyper_util",
            "rustls",
            "serde",
            "serde_json",
            "tokio",
            "tokio_rustls",
        ],
    },
    // What runs every parser over made-up input, in tests and under a feature of its own.
    Rule {
        module: "fuzzing",
        internal: &["domain", "policy", "crypto", "audit", "store", "grpc", "config", "cli"],
        external: &["base64", "chrono", "prost", "rcgen", "rustls", "serde_json", "tonic", "uuid", "zeroize"],
    },
    Rule { module: "main", internal: &["cli"], external: &[] },
    Rule { module: "lib", internal: &[], external: &[] },
];

/// What tests may name besides, wherever they stand.
pub(crate) const TEST_CRATES: &[&str] = &["proptest", "prost_reflect", "rcgen", "serde_json", "tempfile", "toml"];

/// Parts of std that stay out of modules that decide: the same inputs give the same answer on any machine.
pub(crate) const PURE_MODULES: &[&str] = &["domain", "policy"];

/// See [`PURE_MODULES`].
pub(crate) const IMPURE_PATHS: &[&str] = &[
    "std::env",
    "std::fs",
    "std::io",
    "std::net::Tcp",
    "std::net::Udp",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];

/// Who may name the environment; clippy knows the functions, this knows the module.
pub(crate) const ENVIRONMENT_MODULES: &[&str] = &["config"];

/// The names that comments may give invariants: `// INVARIANT (locked-never-approved)`.
pub(crate) const INVARIANTS: &[&str] = &[
    "locked-never-approved",
    "fail-closed",
    "answer-is-record",
    "one-request-one-decision",
    "permit-once",
    "one-counter",
    "secrets-stay-in",
    "unknown-looks-known",
    "time-is-an-argument",
    "stricter-only",
    "changes-only-added",
    "shadow-answers-nothing",
    "off-hours-opens-nothing",
    "approvals-are-told",
    "told-before-kept",
    "separation-is-unseen",
];

/// Lines of a file, at most.
pub(crate) const FILE_LINES_MAX: usize = 500;

/// Lines of a function with its signature, at most; tests are free.
pub(crate) const FUNCTION_LINES_MAX: usize = 70;
