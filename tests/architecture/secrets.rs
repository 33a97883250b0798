//! Secrets and numbers by type: who holds one does not print it.
//!
//! What is told apart by name: a field or type called so holds a secret, a number or what is personal. Raw texts and bytes
//! under such a name must be in a type without `Debug` and `Display`, or in one whose `Debug` shows nothing.

use std::collections::BTreeSet;

use syn::visit::{self, Visit};
use syn::{Attribute, Fields, Item, ItemEnum, ItemImpl, ItemStruct, Type};

use crate::paths::is_test;

/// Parts of names that mean a secret, a number or personal data.
const TELLING: [&str; 29] = [
    "pin",
    "pins",
    "secret",
    "secrets",
    "msisdn",
    "number",
    "iccid",
    "eid",
    "imei",
    "email",
    "sms",
    "voice",
    "contact",
    "postal",
    "name",
    "password",
    "token",
    "permit",
    "material",
    "private",
    "pem",
    "pepper",
    "digits",
    "signature",
    "proof",
    "jwk",
    "address",
    "line",
    "body",
];

/// Fields and types that are called so and hold nothing of the kind, or are meant to be read: each with why.
pub(crate) const SHOWN: &[(&str, &str)] = &[
    ("WatchArgs.resume_token", "opaque, without a secret, and grants nothing"),
    ("CheckpointError.line", "a line's place in a file"),
    ("Detail.iccid", "what a signed permit says, to who asked for it alone; no Debug"),
    ("Detail.eid", "what a signed permit says, to who asked for it alone; no Debug"),
    ("Archived.body", "sealed bytes, on their way into a segment"),
    ("ManifestForm.signature", "what outsiders verify a manifest with; no Debug"),
    ("TombstoneForm.signature", "what outsiders verify a tombstone with; no Debug"),
    ("KeySetAddress.authority_pem", "a certificate, which is public"),
    ("KeyFault.Missing.name", "a key's name in the keyring"),
    ("KeyFault.Other.name", "a key's name in the keyring"),
    ("Described.name", "a counter's name"),
    ("Population.device_jwk", "a public key, of the load generator's"),
    ("Shown.transfer_pins", "the made-up day's own, kept so that a second start can play it again"),
    ("Observed.name", "a signal's name, which the policy gives"),
    ("ConfigError.Variable.name", "a variable's name"),
    ("Client.name", "a name in a system's certificate"),
    ("ClientError.name", "a name in a system's certificate"),
    ("KeyForm.material", "written into the keyring's file, which its owner alone may read, and nowhere else; no Debug"),
    ("Device.public_key_jwk", "a public key"),
    ("Change.DeviceAdd.public_key_jwk", "a public key"),
    ("ClientAuthority.roots_pem", "certificates, which are public"),
    ("ClientAuthority.revoked_pem", "a list of certificates, which is public"),
    ("Write.body", "sealed bytes"),
    ("NewRecord.body", "sealed bytes"),
    ("LeaseRequest.name", "a name of the program's"),
    ("AccountNumber", "the store's own running number of an account, not the customer's"),
    ("OpenError.MissingKey.name", "a key's name in the keyring"),
    ("OpenError.OtherKey.name", "a key's name in the keyring"),
    ("RedisOpenError.MissingKey.name", "a key's name in the keyring"),
    ("RedisOpenError.OtherKey.name", "a key's name in the keyring"),
    ("RedisPlace.Sentinel.name", "what sentinels call a primary"),
];

/// A type that prints what it must not, or might.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Telling {
    /// `Type.field`, or `Type` for one without named fields.
    pub(crate) place: String,
    /// What is wrong.
    pub(crate) problem: &'static str,
}

/// What a file's types tell. Tests may tell all.
pub(crate) fn telling(file: &syn::File) -> Vec<Telling> {
    let mut found = Found::default();
    found.visit_file(file);
    found.all
}

#[derive(Default)]
struct Found {
    all: Vec<Telling>,
}

impl<'ast> Visit<'ast> for Found {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes: &[Attribute] = match item {
            Item::Mod(item) => &item.attrs,
            Item::Struct(item) => &item.attrs,
            Item::Enum(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            _ => &[],
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        if prints(&item.attrs) {
            self.fields(&item.ident.to_string(), &item.ident.to_string(), &item.fields);
        }
    }

    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        if prints(&item.attrs) {
            for variant in &item.variants {
                let name = format!("{}.{}", item.ident, variant.ident);
                self.fields(&name, &variant.ident.to_string(), &variant.fields);
            }
        }
    }

    /// A `Debug` written by hand shows nothing of what the type holds, where its name tells of a secret.
    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        let of = item.trait_.as_ref().and_then(|(path, _)| path.segments.last()).map(|last| last.ident.to_string());
        let Type::Path(own) = &*item.self_ty else { return };
        let Some(own) = own.path.segments.last().map(|last| last.ident.to_string()) else { return };
        let is_secret = SECRET.contains(&own.as_str());
        match of.as_deref() {
            Some("Display") if is_secret => self.all.push(Telling { place: own, problem: "a secret has a Display" }),
            Some("Debug") if is_secret && mentions_self_fields(item) => {
                self.all.push(Telling { place: own, problem: "a secret's Debug looks at what it holds" });
            }
            _ => {}
        }
    }
}

/// Types that hold one value that must never be printed.
pub(crate) const SECRET: [&str; 20] = [
    "PinDigits",
    "Verifier",
    "Msisdn",
    "PostalCode",
    "HolderName",
    "AccountNumber",
    "Iccid",
    "Eid",
    "Imei",
    "PermitText",
    "PermitClaim",
    "Keyring",
    "KeySet",
    "Key",
    "SigningKey",
    "TlsIdentity",
    "Body",
    "GuessContext",
    "Message",
    "MessageKey",
];

fn prints(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return false };
        list.path.is_ident("derive")
            && words(&list.tokens.to_string()).any(|word| word == "debug" || word == "serialize")
    })
}

fn mentions_self_fields(item: &ItemImpl) -> bool {
    struct Looks(bool);
    impl<'ast> Visit<'ast> for Looks {
        fn visit_expr_field(&mut self, field: &'ast syn::ExprField) {
            self.0 |= matches!(&*field.base, syn::Expr::Path(path) if path.path.is_ident("self"));
            visit::visit_expr_field(self, field);
        }
    }
    let mut looks = Looks(false);
    looks.visit_item_impl(item);
    looks.0
}

impl Found {
    fn fields(&mut self, place: &str, name: &str, fields: &Fields) {
        for field in fields {
            let (at, called) = match &field.ident {
                Some(ident) => (format!("{place}.{ident}"), ident.to_string()),
                None => (place.to_owned(), name.to_owned()),
            };
            if is_raw(&field.ty) && tells(&called) {
                self.all.push(Telling { place: at, problem: "a raw value under a telling name is printed" });
            }
        }
    }
}

/// Whether a name tells of a secret: `newPin`, `new_pin` and `PinDigits` do; `opinion` does not, nor what only names or
/// counts one, as `pepper_id` and `line_count` do.
fn tells(name: &str) -> bool {
    let last = words(name).last();
    let only_names = last.is_some_and(|last| ["id", "ids", "count"].contains(&last.as_str()));
    !only_names && words(name).any(|word| TELLING.contains(&word.as_str()))
}

/// The words of a name or of tokens, in small letters.
fn words(text: &str) -> impl Iterator<Item = String> {
    let mut all = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        if (c.is_uppercase() || !c.is_alphanumeric()) && !word.is_empty() {
            all.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
    }
    all.push(word);
    all.into_iter()
}

/// Texts, bytes and long numbers that print themselves; also inside an option, a list or a box. A single byte is none.
fn is_raw(ty: &Type) -> bool {
    let is_byte = |ty: &Type| matches!(ty, Type::Path(path) if path.path.is_ident("u8"));
    match ty {
        Type::Reference(inner) => is_raw(&inner.elem),
        Type::Array(inner) => is_byte(&inner.elem) || is_raw(&inner.elem),
        Type::Slice(inner) => is_byte(&inner.elem) || is_raw(&inner.elem),
        Type::Tuple(tuple) => tuple.elems.iter().any(is_raw),
        Type::Path(path) => path.path.segments.last().is_some_and(|last| {
            let own = ["String", "str", "u64", "u128", "OsString"].contains(&last.ident.to_string().as_str());
            let syn::PathArguments::AngleBracketed(inner) = &last.arguments else { return own };
            let of_bytes = last.ident == "Vec";
            inner.args.iter().any(|argument| {
                matches!(argument, syn::GenericArgument::Type(ty) if is_raw(ty) || (of_bytes && is_byte(ty)))
            })
        }),
        _ => false,
    }
}

/// The names of types that are declared in these files, in macros too.
pub(crate) fn declared(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    for pair in words.windows(2) {
        if let [_, name] = pair
            && name.starts_with(char::is_uppercase)
        {
            names.insert((*name).to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{telling, tells};

    fn found(text: &str) -> Vec<String> {
        telling(&syn::parse_str(text).unwrap()).into_iter().map(|told| told.place).collect()
    }

    #[test]
    fn raw_values_under_telling_names_are_found() {
        assert_eq!(found("#[derive(Debug)] struct Ask { new_pin: String, count: u64 }"), ["Ask.new_pin"]);
        assert_eq!(found("#[derive(Clone, Debug)] struct Pin(Option<Vec<u8>>);"), ["Pin"]);
        assert_eq!(found("#[derive(Debug)] enum Proof { AccountPin(String), Other(u8) }"), ["Proof.AccountPin"]);
        assert_eq!(found("#[derive(Debug)] enum Told { Sent { email: Box<str> } }"), ["Told.Sent.email"]);
        assert_eq!(found("#[derive(serde::Serialize)] struct File<'a> { material: &'a str }"), ["File.material"]);
        assert_eq!(found("mod inner { #[derive(Debug)] struct A { key_pem: [u8; 4] } }"), ["A.key_pem"]);
        assert_eq!(found("impl Display for PinDigits { fn fmt(&self) {} }"), ["PinDigits"]);
        assert_eq!(found("impl std::fmt::Debug for Msisdn { fn fmt(&self) { write(self.0) } }"), ["Msisdn"]);
    }

    #[test]
    fn what_is_not_printed_or_has_a_type_of_its_own_is_not() {
        assert!(found("struct Ask { new_pin: String }").is_empty());
        assert!(found("#[derive(Debug)] struct Ask { new_pin: PinDigits }").is_empty());
        assert!(found("#[cfg(test)] mod tests { #[derive(Debug)] struct Ask { pin: String } }").is_empty());
        assert!(found("impl std::fmt::Debug for Msisdn { fn fmt(&self) { write(\"Msisdn(..)\") } }").is_empty());
    }

    #[test]
    fn names_are_read_by_their_words() {
        for name in ["pin", "new_pin", "PinDigits", "accountPin", "privateKeyPem"] {
            assert!(tells(name), "{name}");
        }
        for name in
            ["opinion", "spinning", "deadline", "seq", "shown", "pepper_id", "line_count", "UnknownPepper.pepper_id"]
        {
            assert!(!tells(name), "{name}");
        }
    }
}
