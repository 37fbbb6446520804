//! Pinned templates.

use postrider_model::template::PinnedKind;

use super::{Columns, Reader};
use crate::encoding::Damaged;
use crate::templates::PinnedTemplate;

/// A row of `templates`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateRow {
    /// Its number, to which deliveries refer.
    pub number: i32,
    /// The owning account, which may have been deleted.
    pub account: [u8; 16],
    /// SHA-256 of its parts.
    pub hash: Vec<u8>,
    /// [`PinnedKind::name`].
    pub kind: String,
    /// The content type of what it produces.
    pub content_type: String,
    /// The template, in UTF-8; may hold U+0000.
    pub source: Vec<u8>,
    /// When it was last noted as being in use.
    pub used_at: i64,
}

impl TemplateRow {
    super::columns!("p": "number", "account_id", "hash", "kind", "content_type", "source", "used_at");

    /// Reads [`Self::COLUMNS`].
    pub fn read<C: Columns>(row: &mut Reader<'_, C>) -> Result<Self, C::Error> {
        Ok(Self {
            number: row.number()?,
            account: row.id()?,
            hash: row.bytes()?,
            kind: row.text()?,
            content_type: row.text()?,
            source: row.bytes()?,
            used_at: row.number()?,
        })
    }
}

impl TryFrom<TemplateRow> for PinnedTemplate {
    type Error = Damaged;

    fn try_from(row: TemplateRow) -> Result<Self, Damaged> {
        Ok(Self {
            kind: PinnedKind::from_name(&row.kind).ok_or(Damaged("a template's kind"))?,
            source: String::from_utf8(row.source).map_err(|_| Damaged("a template's source"))?,
            content_type: row.content_type,
        })
    }
}
