//! A line separation: what its account keeps of it, and what records say happened to it.

use prost::{Message, Oneof};

use super::CodecError;
use super::field::{id, instant, millis, nested, parsed, required, text};
use crate::audit::{Event, SeparationStep};
use crate::domain::{DocumentDigest, LineId, Separation, Word};

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredSeparation {
    #[prost(string, optional, tag = "1")]
    from: Option<String>,
    #[prost(string, repeated, tag = "2")]
    lines: Vec<String>,
    #[prost(bytes = "vec", optional, tag = "3")]
    document: Option<Vec<u8>>,
    #[prost(message, optional, tag = "4")]
    proposed: Option<StoredWord>,
    #[prost(message, optional, tag = "5")]
    agreed: Option<StoredWord>,
    #[prost(sint64, optional, tag = "6")]
    expires_at: Option<i64>,
    #[prost(message, optional, tag = "7")]
    ended: Option<StoredWord>,
    /// How many words were given: one that is lost would open it again.
    #[prost(uint32, optional, tag = "8")]
    words: Option<u32>,
    #[prost(string, repeated, tag = "9")]
    left: Vec<String>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredWord {
    #[prost(string, optional, tag = "1")]
    by: Option<String>,
    #[prost(sint64, optional, tag = "2")]
    at: Option<i64>,
}

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredSeparationChange {
    #[prost(oneof = "StoredSeparationStep", tags = "1, 2, 3")]
    step: Option<StoredSeparationStep>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredSeparationStep {
    #[prost(message, tag = "1")]
    Proposed(StoredProposal),
    #[prost(sint64, tag = "2")]
    Agreed(i64),
    #[prost(message, tag = "3")]
    Ended(()),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredProposal {
    #[prost(string, optional, tag = "1")]
    from: Option<String>,
    #[prost(string, repeated, tag = "2")]
    lines: Vec<String>,
}

fn lines_of(lines: Vec<String>, field: &'static str) -> Result<Vec<LineId>, CodecError> {
    lines.into_iter().map(|line| parsed(line, field)).collect()
}

fn texts_of(lines: &[LineId]) -> Vec<String> {
    lines.iter().map(|line| line.as_str().to_owned()).collect()
}

impl From<&Separation> for StoredSeparation {
    fn from(separation: &Separation) -> Self {
        let Separation { from, lines, document, proposed, agreed, expires_at, ended, left } = separation;
        Self {
            from: Some(from.as_str().to_owned()),
            lines: texts_of(lines),
            document: Some(document.0.to_vec()),
            proposed: Some(proposed.into()),
            agreed: agreed.as_ref().map(Into::into),
            expires_at: Some(millis(*expires_at)),
            ended: ended.as_ref().map(Into::into),
            words: Some(separation.words()),
            left: texts_of(left),
        }
    }
}

impl TryFrom<StoredSeparation> for Separation {
    type Error = CodecError;

    fn try_from(stored: StoredSeparation) -> Result<Self, CodecError> {
        let StoredSeparation { from, lines, document, proposed, agreed, expires_at, ended, words, left } = stored;
        let separation = Self {
            from: text(from, "separation.from")?,
            lines: lines_of(lines, "separation.lines")?,
            document: DocumentDigest(id(document, "separation.document", u128::to_be_bytes)?),
            proposed: nested(proposed, "separation.proposed")?,
            agreed: agreed.map(TryInto::try_into).transpose()?,
            expires_at: instant(expires_at, "separation.expires_at")?,
            ended: ended.map(TryInto::try_into).transpose()?,
            left: lines_of(left, "separation.left")?,
        };
        if required(words, "separation.words")? == separation.words() {
            Ok(separation)
        } else {
            Err(CodecError::Count { field: "separation.words" })
        }
    }
}

impl From<&Word> for StoredWord {
    fn from(Word { by, at }: &Word) -> Self {
        Self { by: Some(by.as_str().to_owned()), at: Some(millis(*at)) }
    }
}

impl TryFrom<StoredWord> for Word {
    type Error = CodecError;

    fn try_from(StoredWord { by, at }: StoredWord) -> Result<Self, CodecError> {
        Ok(Self { by: text(by, "word.by")?, at: instant(at, "word.at")? })
    }
}

impl From<&SeparationStep> for StoredSeparationChange {
    fn from(step: &SeparationStep) -> Self {
        Self {
            step: Some(match step {
                SeparationStep::Proposed { from, lines } => StoredSeparationStep::Proposed(StoredProposal {
                    from: Some(from.as_str().to_owned()),
                    lines: texts_of(lines),
                }),
                SeparationStep::Agreed { expires_at } => StoredSeparationStep::Agreed(millis(*expires_at)),
                SeparationStep::Ended => StoredSeparationStep::Ended(()),
            }),
        }
    }
}

impl TryFrom<StoredSeparationChange> for Event {
    type Error = CodecError;

    fn try_from(StoredSeparationChange { step }: StoredSeparationChange) -> Result<Self, CodecError> {
        Ok(Self::SeparationChanged(match required(step, "separation_changed.step")? {
            StoredSeparationStep::Proposed(StoredProposal { from, lines }) => SeparationStep::Proposed {
                from: text(from, "separation_changed.from")?,
                lines: lines_of(lines, "separation_changed.lines")?,
            },
            StoredSeparationStep::Agreed(at) => {
                SeparationStep::Agreed { expires_at: instant(Some(at), "separation_changed.expires_at")? }
            }
            StoredSeparationStep::Ended(()) => SeparationStep::Ended,
        }))
    }
}
