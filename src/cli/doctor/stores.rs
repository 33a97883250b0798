//! The register of stores.

use crate::cli::finding::Finding;
use crate::cli::serve::stores;
use crate::config::Config;

/// Looks whether the register can be used; nothing to look at where none is named.
pub(super) fn look(config: &Config) -> Option<Finding> {
    const CHECK: &str = "stores";
    let file = config.stores.file.as_ref()?;
    Some(match stores(config) {
        Ok(register) => Finding::ok(CHECK, format!("{}, {} stores", file.display(), register.count())),
        Err(failure) => Finding::fail(CHECK, failure.message(), "mend it; `examples/stores.toml` shows how one looks"),
    })
}
