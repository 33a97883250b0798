//! The settings of a service on one's own machine.

use std::path::Path;

/// The issuer that development tokens name.
pub(crate) const DEVELOPMENT_ISSUER: &str = "https://issuer.portcullis.example";

/// The audience that development tokens name.
pub(crate) const DEVELOPMENT_AUDIENCE: &str = "portcullis";

/// The brand of development tokens and accounts.
pub(crate) const DEVELOPMENT_BRAND: &str = "default";

/// The name in the certificate of a porting system in development.
pub(crate) const DEVELOPMENT_CALLER: &str = "spiffe://portcullis.example/port-hub";

/// The carrier that this porting system speaks for.
const CALLER_SPID: &str = "X201";

/// The carrier's own SPID in development.
const OWN_SPID: &str = "1234";

/// The text of `portcullis.toml` for a development set in `folder`, a full path.
pub(super) fn development_config(folder: &Path) -> String {
    let file = |name: &str| toml::Value::String(folder.join(name).to_string_lossy().into_owned());
    let (cert, key, issuer) = (file("server.pem"), file("server.key"), file("issuer.pem"));
    let callers = file("callers-ca.pem");
    let (store, keyring) = (file("store"), file("keyring.json"));
    format!(
        "\
# A service on this machine, for development. Not for customers' lines: whoever reads this folder is everybody.
# `portcullis serve --help` names all settings.

[server]
listen = \"127.0.0.1:8443\"
ops_listen = \"127.0.0.1:9464\"

[tls]
cert_file = {cert}
key_file = {key}
client_ca_file = {callers}
client_certificates = \"optional\"

[[identity.issuers]]
issuer = \"{DEVELOPMENT_ISSUER}\"
audience = \"{DEVELOPMENT_AUDIENCE}\"
public_key_file = {issuer}

[[identity.clients]]
name = \"{DEVELOPMENT_CALLER}\"
role = \"porting_system\"
brand = \"{DEVELOPMENT_BRAND}\"
spid = \"{CALLER_SPID}\"

[store]
path = {store}

[keys]
keyring_file = {keyring}

[permits]
issuer = \"https://localhost:8443\"
audience = [\"https://executor.portcullis.example\"]

[carrier]
own_spids = [\"{OWN_SPID}\"]
brand = \"{DEVELOPMENT_BRAND}\"

[log]
format = \"text\"
"
    )
}
