//! Reading the reasons that a file declares for its own rules.

use toml::de::DeTable;

use super::error::PolicyFileError;
use super::place::Source;
use super::read_knobs::{Value, field};
use crate::domain::{CarrierCode, OwnReason, Reason, ReasonClass};
use crate::policy::language::nearest;

/// The most reasons of one policy.
const REASONS_MAX: usize = 64;

/// What a reason may say.
const FIELDS: [&str; 4] = ["code", "meaning", "class", "carrier"];

/// The reasons of a file, `[[reason]]`, added to those of the policies that it extends.
pub(super) fn read_reasons(
    source: Source<'_>,
    document: &DeTable<'_>,
    declared: &mut Vec<OwnReason>,
) -> Result<(), PolicyFileError> {
    let Some(reasons) = field(document, "reason") else { return Ok(()) };
    let Some(listed) = reasons.get_ref().as_array() else {
        return Err(source.error(reasons.span().start, "reasons are a list of tables, [[reason]]"));
    };
    for value in listed {
        let reason = read_reason(source, value)?;
        let at = value.span().start;
        if declared.iter().any(|other| other.code() == reason.code()) {
            return Err(source.error(at, format!("the reason `{}` is declared twice", reason.code())));
        }
        if declared.len() >= REASONS_MAX {
            return Err(source.error(at, format!("a policy has at most {REASONS_MAX} reasons of its own")));
        }
        declared.push(reason);
    }
    Ok(())
}

fn read_reason(source: Source<'_>, value: &Value<'_>) -> Result<OwnReason, PolicyFileError> {
    let at = value.span().start;
    let Some(table) = value.get_ref().as_table() else {
        return Err(source.error(at, "a reason is a table, [[reason]]"));
    };
    if let Some(key) = table.keys().find(|key| !FIELDS.contains(&key.get_ref().as_ref())) {
        let name = key.get_ref();
        let meant = meant(name, FIELDS.into_iter());
        return Err(source.error(key.span().start, format!("a reason has no `{name}`{meant}")));
    }
    let text = |name: &str| -> Result<Option<(&str, usize)>, PolicyFileError> {
        let Some(value) = field(table, name) else { return Ok(None) };
        let text = value.get_ref().as_str().map(|text| (text, value.span().start));
        text.map(Some).ok_or_else(|| source.error(value.span().start, format!("`{name}` must be a text in quotes")))
    };
    let (Some((code, code_at)), Some((meaning, _))) = (text("code")?, text("meaning")?) else {
        return Err(source.error(at, "a reason needs a `code`, and a `meaning` that is told to who asks"));
    };
    let class = match text("class")? {
        Some((name, at)) => known(&ReasonClass::ALL, ReasonClass::name, name)
            .map_err(|known| source.error(at, format!("`class` must be one of {known}")))?,
        None => ReasonClass::Risk,
    };
    let told = match text("carrier")? {
        Some((name, at)) => known(&CarrierCode::ALL, CarrierCode::wicis, name).map_err(|known| {
            let why = "no rule knows that a number, a name or a PIN is wrong";
            source.error(at, format!("`carrier` must be one of {known}: {why}"))
        })?,
        None => CarrierCode::Other,
    };
    if Reason::ALL.iter().any(|reason| reason.code() == code) {
        return Err(source.error(code_at, format!("`{code}` is a reason of the engine's: its meaning is fixed")));
    }
    OwnReason::new(code, meaning, class, told)
        .map_err(|error| source.error(code_at, format!("the reason `{code}`: {error}")))
}

/// The value of a name; all names where it is none of them.
fn known<T: Copy>(all: &[T], name_of: fn(T) -> &'static str, name: &str) -> Result<T, String> {
    let names = || all.iter().map(|one| name_of(*one)).collect::<Vec<_>>().join(", ");
    all.iter().copied().find(|one| name_of(*one) == name).ok_or_else(names)
}

/// The reason of a code: one of the engine's, or one that the policy declares.
pub(super) fn reason_of(code: &str, declared: &[OwnReason]) -> Result<Reason, String> {
    let own = declared.iter().find(|own| own.code() == code).map(|own| Reason::Own(*own));
    let found = Reason::ALL.iter().copied().find(|reason| reason.code() == code).or(own);
    found.ok_or_else(|| {
        let all = Reason::ALL.iter().map(|reason| reason.code()).chain(declared.iter().map(|own| own.code()));
        format!("there is no reason `{code}`{}", meant(code, all))
    })
}

fn meant<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(name, known).map_or_else(String::new, |meant| format!(": did you mean `{meant}`?"))
}
