//! Stored bytes as fields, to take them apart and put them together otherwise.

/// One field: its tag, its wire type and its bytes without their length.
#[derive(Clone)]
pub(super) struct Field {
    pub(super) tag: u32,
    wire_type: u64,
    pub(super) body: Vec<u8>,
}

const VARINT: u64 = 0;
const LENGTH_DELIMITED: u64 = 2;

impl Field {
    pub(super) fn varint(tag: u32, value: u64) -> Self {
        let mut body = Vec::new();
        put_varint(&mut body, value);
        Self { tag, wire_type: VARINT, body }
    }

    pub(super) fn bytes(tag: u32, body: &[u8]) -> Self {
        Self { tag, wire_type: LENGTH_DELIMITED, body: body.to_vec() }
    }
}

/// The fields of a message.
pub(super) fn parse(mut bytes: &[u8]) -> Vec<Field> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let (key, _) = take_varint(&mut bytes);
        let (tag, wire_type) = (u32::try_from(key >> 3).unwrap(), key & 7);
        let body = match wire_type {
            VARINT => take_varint(&mut bytes).1.to_vec(),
            LENGTH_DELIMITED => {
                let length = usize::try_from(take_varint(&mut bytes).0).unwrap();
                let (body, rest) = bytes.split_at(length);
                bytes = rest;
                body.to_vec()
            }
            other => panic!("wire type {other} is not used"),
        };
        fields.push(Field { tag, wire_type, body });
    }
    fields
}

/// The bytes of a message.
pub(super) fn build(fields: &[Field]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in fields {
        put_varint(&mut bytes, u64::from(field.tag) << 3 | field.wire_type);
        if field.wire_type == LENGTH_DELIMITED {
            put_varint(&mut bytes, field.body.len() as u64);
        }
        bytes.extend(&field.body);
    }
    bytes
}

/// Other versions of a message's fields, each with the tag that it is about.
pub(super) type Edit<'a> = &'a dyn Fn(&[Field]) -> Vec<(u32, Vec<Field>)>;

/// Whether a path of tags leads to a message.
pub(super) type IsMessage<'a> = &'a dyn Fn(&[u32]) -> bool;

/// Every message inside `bytes`, `bytes` itself first, rewritten by `edit`. The answers are whole
/// messages, each with the path of tags that leads to the edit.
pub(super) fn edits(bytes: &[u8], is_message: IsMessage, edit: Edit) -> Vec<(Vec<u32>, Vec<u8>)> {
    edits_below(bytes, &[], is_message, edit)
}

fn edits_below(bytes: &[u8], path: &[u32], is_message: IsMessage, edit: Edit) -> Vec<(Vec<u32>, Vec<u8>)> {
    let fields = parse(bytes);
    let below = |tag: u32| [path, &[tag]].concat();
    let mut edited: Vec<_> = edit(&fields).into_iter().map(|(tag, fields)| (below(tag), build(&fields))).collect();
    for (place, field) in fields.iter().enumerate() {
        if !is_message(&below(field.tag)) {
            continue;
        }
        for (path, body) in edits_below(&field.body, &below(field.tag), is_message, edit) {
            let mut fields = fields.clone();
            fields[place].body = body;
            edited.push((path, build(&fields)));
        }
    }
    edited
}

/// Every version of a message that lacks one field.
pub(super) fn without_one(fields: &[Field]) -> Vec<(u32, Vec<Field>)> {
    (0..fields.len())
        .map(|place| {
            let mut fewer = fields.to_vec();
            let removed = fewer.remove(place);
            (removed.tag, fewer)
        })
        .collect()
}

/// A tag that no message uses.
const UNKNOWN_TAG: u32 = 99;

/// The message with one field more.
pub(super) fn with_unknown(fields: &[Field]) -> Vec<(u32, Vec<Field>)> {
    vec![(UNKNOWN_TAG, [fields, &[Field::varint(UNKNOWN_TAG, 1)]].concat())]
}

/// The message with `replacement` in the place of each field of its tag.
pub(super) fn with_replaced(fields: &[Field], replacement: &Field) -> Vec<(u32, Vec<Field>)> {
    let places = (0..fields.len()).filter(|place| fields[*place].tag == replacement.tag);
    places
        .map(|place| {
            let mut other = fields.to_vec();
            other[place] = replacement.clone();
            (replacement.tag, other)
        })
        .collect()
}

fn take_varint<'a>(bytes: &mut &'a [u8]) -> (u64, &'a [u8]) {
    let length = bytes.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
    let (varint, rest) = bytes.split_at(length);
    *bytes = rest;
    let value = varint.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f));
    (value, varint)
}

fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    let low = |value: u64| u8::try_from(value & 0x7f).unwrap();
    while value > 0x7f {
        bytes.push(low(value) | 0x80);
        value >>= 7;
    }
    bytes.push(low(value));
}
