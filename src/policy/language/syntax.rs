//! Reading an expression, inside narrow bounds. The only file that knows the CEL crate.

use std::panic;
use std::thread;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SourceInfo, operators};
use cel::parser::Parser;

use super::error::ExpressionError;

/// The longest expression, in bytes.
pub(super) const SOURCE_BYTES_MAX: usize = 4 * 1_024;

/// How deep expressions may nest.
pub(super) const DEPTH_MAX: u16 = 24;

/// The parser recurses many frames for one level.
const STACK_BYTES: usize = 16 * 1_024 * 1_024;

/// What was read, with the place of each part in the source.
#[derive(Debug)]
#[cfg_attr(feature = "fuzzing", derive(Clone))]
pub(super) struct Read {
    pub(super) at: usize,
    pub(super) what: What,
}

/// The parts that the language has.
#[derive(Debug)]
#[cfg_attr(feature = "fuzzing", derive(Clone))]
pub(super) enum What {
    /// `line.status`
    Path(String),
    /// `has(signal.device_sale)`
    Has(String),
    Bool(bool),
    Number(i64),
    Text(String),
    List(Vec<Read>),
    /// An operator or function with its operands.
    Call(String, Vec<Read>),
}

/// Reads an expression. It says nothing yet about what its names mean.
#[cfg(not(feature = "fuzzing"))]
pub(super) fn read(source: &str) -> Result<Read, ExpressionError> {
    read_anew(source)
}

/// The same under the fuzzer, which would read the rules of a built-in policy again with each of a million files that extend
/// it: what was read lately is remembered.
#[cfg(feature = "fuzzing")]
pub(super) fn read(source: &str) -> Result<Read, ExpressionError> {
    use std::cell::RefCell;
    use std::collections::HashMap;

    /// Some policies' worth.
    const REMEMBERED_MAX: usize = 2_048;

    thread_local! {
        static KNOWN: RefCell<HashMap<String, Result<Read, ExpressionError>>> = RefCell::default();
    }
    KNOWN.with_borrow_mut(|known| {
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.entry(source.to_owned()).or_insert_with(|| read_anew(source)).clone()
    })
}

fn read_anew(source: &str) -> Result<Read, ExpressionError> {
    if source.len() > SOURCE_BYTES_MAX {
        let message = format!("an expression has at most {SOURCE_BYTES_MAX} bytes: make two rules of it");
        return Err(ExpressionError::new(SOURCE_BYTES_MAX, message));
    }
    // One byte is one column, and no letter looks like another.
    if let Some(at) = source.bytes().position(|byte| !matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r')) {
        return Err(ExpressionError::new(at, "expressions are written in ASCII"));
    }
    if let Some(at) = too_deep(source) {
        return Err(ExpressionError::new(at, format!("expressions nest at most {DEPTH_MAX} deep")));
    }
    thread::scope(|scope| {
        let reader = thread::Builder::new().name("policy-reader".to_owned()).stack_size(STACK_BYTES);
        let reader = reader.spawn_scoped(scope, || panic::catch_unwind(|| parse(source)));
        // INVARIANT (fail-closed): what cannot be read is no rule, and its policy is refused.
        reader.ok().and_then(|reader| reader.join().ok()).and_then(Result::ok).unwrap_or_else(|| Err(unreadable()))
    })
}

fn unreadable() -> ExpressionError {
    ExpressionError::new(0, "the expression cannot be read")
}

/// The first place that nests too deep in brackets or in signs one behind the other: the parser is not even asked.
fn too_deep(source: &str) -> Option<usize> {
    let (mut brackets, mut signs, mut quote, mut escaped) = (0_u16, 0_u16, None, false);
    for (at, byte) in source.bytes().enumerate() {
        if let Some(open) = quote {
            quote = Some(open).filter(|_| escaped || byte != open);
            escaped = byte == b'\\' && !escaped;
            continue;
        }
        match byte {
            b'"' | b'\'' => quote = Some(byte),
            b'(' | b'[' | b'{' => brackets = brackets.saturating_add(1),
            b')' | b']' | b'}' => brackets = brackets.saturating_sub(1),
            _ => {}
        }
        signs = match byte {
            b'!' | b'-' => signs.saturating_add(1),
            b' ' | b'\t' | b'\n' | b'\r' => signs,
            _ => 0,
        };
        if brackets.saturating_add(signs) > DEPTH_MAX {
            return Some(at);
        }
    }
    None
}

fn parse(source: &str) -> Result<Read, ExpressionError> {
    let parser = Parser::new().max_recursion_depth(DEPTH_MAX).error_recovery_limit(0);
    match parser.parse_with_source_info(source) {
        Ok((expression, places)) => convert(&expression, &places),
        Err(errors) => {
            let first = errors.errors.into_iter().next();
            let at = first.as_ref().map_or(0, |error| offset_of(source, error.pos));
            let message = first.map_or_else(String::new, |error| told(&error.msg));
            Err(ExpressionError::new(at, format!("this is no expression: {message}")))
        }
    }
}

/// The parser's own words, without what belongs to its inside.
fn told(message: &str) -> String {
    let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
    let end = message.find(" expecting {").unwrap_or(message.len());
    message.get(..end).unwrap_or(message).chars().take(160).collect()
}

/// The parser counts lines from 1 and columns from 1.
fn offset_of(source: &str, (line, column): (isize, isize)) -> usize {
    let line = usize::try_from(line).unwrap_or(1).saturating_sub(1);
    let before: usize = source.split_inclusive('\n').take(line).map(str::len).sum();
    let column = usize::try_from(column).unwrap_or(1).saturating_sub(1);
    before.saturating_add(column).min(source.len())
}

fn convert(expression: &IdedExpr, places: &SourceInfo) -> Result<Read, ExpressionError> {
    let at = place(expression, places);
    let what = match &expression.expr {
        Expr::Ident(_) | Expr::Select(_) => name(expression, places)?,
        Expr::Literal(literal) => match literal {
            LiteralValue::Boolean(value) => What::Bool(*value.inner()),
            LiteralValue::Int(value) => What::Number(*value.inner()),
            LiteralValue::String(value) => What::Text(value.inner().to_owned()),
            LiteralValue::Bytes(_) | LiteralValue::Double(_) | LiteralValue::Null | LiteralValue::UInt(_) => {
                return Err(not_here(at));
            }
        },
        Expr::List(list) if list.optional_indices.is_empty() => {
            What::List(list.elements.iter().map(|element| convert(element, places)).collect::<Result<_, _>>()?)
        }
        Expr::Call(CallExpr { func_name, target: None, args }) => {
            let operands = args.iter().map(|operand| convert(operand, places)).collect::<Result<_, _>>()?;
            What::Call(func_name.clone(), operands)
        }
        _ => return Err(not_here(at)),
    };
    Ok(Read { at, what })
}

fn name(expression: &IdedExpr, places: &SourceInfo) -> Result<What, ExpressionError> {
    let (mut parts, mut rest, mut test) = (Vec::new(), &expression.expr, false);
    loop {
        match rest {
            Expr::Ident(first) => {
                parts.push(first.as_str());
                break;
            }
            Expr::Select(select) => {
                // `has(a.b).c` asks for a part of a yes or no.
                if select.test && !parts.is_empty() {
                    return Err(not_here(place(expression, places)));
                }
                test |= select.test;
                parts.push(select.field.as_str());
                rest = &select.operand.expr;
            }
            _ => return Err(not_here(place(expression, places))),
        }
    }
    parts.reverse();
    let name = parts.join(".");
    Ok(if test { What::Has(name) } else { What::Path(name) })
}

fn not_here(at: usize) -> ExpressionError {
    let has = "facts, `policy.` numbers, `&& || ! == != < <= > >= in + - *`, `has(..)` and `duration(\"..\")`";
    ExpressionError::new(at, format!("rules do not have this: they have {has}"))
}

fn place(expression: &IdedExpr, places: &SourceInfo) -> usize {
    let mut first = expression;
    // An operator's own place is between its operands; what a reader looks for is where it begins.
    loop {
        first = match &first.expr {
            Expr::Select(select) if !select.test => &select.operand,
            _ => break,
        };
    }
    let start = places.offset_for(first.id).and_then(|(start, _)| usize::try_from(start).ok()).unwrap_or(0);
    // A call's place is its bracket; what a reader looks for is its name.
    let function = match &first.expr {
        Expr::Call(call) => call.func_name.as_str(),
        Expr::Select(_) => operators::HAS,
        _ => return start,
    };
    let named = start.saturating_sub(function.len());
    if places.source.get(named..start) == Some(function) { named } else { start }
}

/// Operators by the parser's names.
pub(super) mod operator {
    pub(in crate::policy::language) const AND: &str = super::operators::LOGICAL_AND;
    pub(in crate::policy::language) const OR: &str = super::operators::LOGICAL_OR;
    pub(in crate::policy::language) const NOT: &str = super::operators::LOGICAL_NOT;
    pub(in crate::policy::language) const EQUAL: &str = super::operators::EQUALS;
    pub(in crate::policy::language) const NOT_EQUAL: &str = super::operators::NOT_EQUALS;
    pub(in crate::policy::language) const LESS: &str = super::operators::LESS;
    pub(in crate::policy::language) const AT_MOST: &str = super::operators::LESS_EQUALS;
    pub(in crate::policy::language) const MORE: &str = super::operators::GREATER;
    pub(in crate::policy::language) const AT_LEAST: &str = super::operators::GREATER_EQUALS;
    pub(in crate::policy::language) const IN: &str = super::operators::IN;
    pub(in crate::policy::language) const ADD: &str = super::operators::ADD;
    pub(in crate::policy::language) const SUBTRACT: &str = super::operators::SUBSTRACT;
    pub(in crate::policy::language) const MULTIPLY: &str = super::operators::MULTIPLY;
}
