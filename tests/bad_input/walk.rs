//! Takes a good request and makes every bad one of it that the table knows: one field at a time.

use std::collections::BTreeSet;

use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, ReflectMessage as _, Value};

use crate::table::{Bad, bad_values};

/// A request with one thing wrong.
pub(crate) struct Mutation {
    /// What was done, for failures.
    pub(crate) what: String,
    /// The request.
    pub(crate) bytes: Vec<u8>,
    /// The path that the refusal must name.
    pub(crate) expected: String,
    /// What the refusal must not hold.
    pub(crate) shown: Option<String>,
}

/// Which fields the samples held.
#[derive(Default)]
pub(crate) struct Visited {
    pub(crate) fields: BTreeSet<String>,
}

/// One message with one thing wrong, on its way up to a whole request.
struct Wrong {
    message: DynamicMessage,
    what: String,
    expected: String,
    shown: Option<String>,
}

/// All bad requests that can be made of a good one.
pub(crate) fn mutations(good: &DynamicMessage, visited: &mut Visited) -> Vec<Mutation> {
    let finish = |wrong: Wrong| Mutation {
        what: wrong.what,
        bytes: wrong.message.encode_to_vec(),
        expected: wrong.expected,
        shown: wrong.shown,
    };
    wrongs(good, "", visited).into_iter().map(finish).collect()
}

fn wrongs(good: &DynamicMessage, path: &str, visited: &mut Visited) -> Vec<Wrong> {
    let mut all = Vec::new();
    for field in good.descriptor().fields() {
        let holds = good.has_field(&field);
        let is_plain = field.containing_oneof().is_none() && !field.is_list() && !is_ours(&field.kind());
        if !holds && !is_plain {
            continue;
        }
        let key = format!("{}.{}", good.descriptor().name(), field.name());
        visited.fields.insert(key.clone());
        let place = Place { good, path, field: &field };
        all.extend(bad_values(&key).iter().map(|bad| place.wrong(bad)));
        all.extend(place.inner(visited));
    }
    all
}

/// Whether a field holds a message of the contract, which is walked; instants and the like are plain values.
fn is_ours(kind: &Kind) -> bool {
    matches!(kind, Kind::Message(message) if message.package_name() == "portcullis.v1")
}

struct Place<'a> {
    good: &'a DynamicMessage,
    path: &'a str,
    field: &'a FieldDescriptor,
}

impl Place<'_> {
    fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Wrongs inside this field's own message, put back in their place.
    fn inner(&self, visited: &mut Visited) -> Vec<Wrong> {
        let Kind::Message(inner) = self.field.kind() else { return Vec::new() };
        if inner.package_name() != "portcullis.v1" {
            return Vec::new();
        }
        match self.good.get_field(self.field).as_ref() {
            Value::Message(message) => {
                let path = self.at(self.field.name());
                wrongs(message, &path, visited).into_iter().map(|wrong| self.put_back(wrong, Value::Message)).collect()
            }
            Value::List(list) => {
                let mut all = Vec::new();
                for (index, element) in list.iter().enumerate() {
                    let Value::Message(message) = element else { continue };
                    let path = format!("{}[{index}]", self.at(self.field.name()));
                    let rebuilt = |message| {
                        let mut list = list.clone();
                        list[index] = Value::Message(message);
                        Value::List(list)
                    };
                    all.extend(wrongs(message, &path, visited).into_iter().map(|wrong| self.put_back(wrong, rebuilt)));
                }
                all
            }
            other => panic!("{} holds {other:?}", self.field.full_name()),
        }
    }

    fn put_back(&self, wrong: Wrong, rebuild: impl Fn(DynamicMessage) -> Value) -> Wrong {
        let mut message = self.good.clone();
        message.set_field(self.field, rebuild(wrong.message));
        Wrong { message, ..wrong }
    }

    fn wrong(&self, bad: &Bad) -> Wrong {
        let mut message = self.good.clone();
        let name = self.field.name();
        let expected = match bad {
            Bad::Missing => self.field.containing_oneof().map_or_else(|| self.at(name), |oneof| self.at(oneof.name())),
            Bad::Twice(inner) => {
                let again = self.list().len();
                self.at(&format!("{name}[{again}]{inner}"))
            }
            Bad::Many(_) => self.at(name),
            _ if self.field.is_list() => self.at(&format!("{name}[0]")),
            _ => self.at(name),
        };
        match bad {
            Bad::Missing => message.clear_field(self.field),
            _ => message.set_field(self.field, self.value(bad)),
        }
        Wrong { message, what: format!("{bad:?} as {}", self.at(name)), expected, shown: shown(bad) }
    }

    fn list(&self) -> Vec<Value> {
        self.good.get_field(self.field).as_list().unwrap().to_vec()
    }

    fn value(&self, bad: &Bad) -> Value {
        let single = match bad {
            Bad::Text(text) => Value::String((*text).to_owned()),
            Bad::Long(length) => Value::String("7".repeat(*length)),
            Bad::Enum(number) => Value::EnumNumber(*number),
            Bad::Int(number) => self.int(*number),
            Bad::False => Value::Bool(false),
            Bad::Bytes(length) => Value::Bytes(vec![7; *length].into()),
            Bad::Time(seconds, nanos) => self.time(*seconds, *nanos),
            Bad::Missing => panic!("nothing is not a value"),
            Bad::Twice(_) => {
                let mut list = self.list();
                list.push(list[0].clone());
                return Value::List(list);
            }
            Bad::Many(count) => return Value::List(vec![self.list()[0].clone(); *count]),
        };
        if self.field.is_list() { Value::List(vec![single]) } else { single }
    }

    fn int(&self, number: i64) -> Value {
        match self.field.kind() {
            Kind::Int32 => Value::I32(i32::try_from(number).unwrap()),
            Kind::Int64 => Value::I64(number),
            other => panic!("{} is {other:?}", self.field.full_name()),
        }
    }

    fn time(&self, seconds: i64, nanos: i32) -> Value {
        let Kind::Message(descriptor) = self.field.kind() else { panic!("{} is no time", self.field.full_name()) };
        let mut time = DynamicMessage::new(descriptor);
        time.set_field_by_name("seconds", Value::I64(seconds));
        time.set_field_by_name("nanos", Value::I32(nanos));
        Value::Message(time)
    }
}

fn shown(bad: &Bad) -> Option<String> {
    match bad {
        // Shorter texts stand in messages by chance.
        Bad::Text(text) if text.len() >= 4 => Some((*text).to_owned()),
        Bad::Long(_) => Some("7777777".to_owned()),
        _ => None,
    }
}
