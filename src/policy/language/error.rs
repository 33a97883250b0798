//! What is wrong with an expression.

/// An expression that is no rule, with the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", .meant.as_ref().map_or_else(String::new, |meant| format!(": did you mean `{meant}`?")))]
pub struct ExpressionError {
    /// Where, in bytes from the expression's beginning.
    pub at: usize,
    /// What.
    pub message: String,
    /// The nearest name that is known, where one is near.
    pub meant: Option<String>,
}

impl ExpressionError {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), meant: None }
    }

    pub(super) fn meant(self, meant: Option<&str>) -> Self {
        Self { meant: meant.map(str::to_owned), ..self }
    }
}
