//! The result of deleting an object whose deletion can depend on its version.

/// The result of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteObject {
    /// It is gone.
    Deleted,
    /// The object does not exist; nothing was written.
    Missing,
    /// The object has another version than the caller requires; nothing was written.
    Stale,
}

impl DeleteObject {
    /// Whether this deletion removed it.
    pub const fn is_deleted(self) -> bool {
        matches!(self, Self::Deleted)
    }

    /// The result for a stored object of this version, before anything is deleted; `None` if there is none.
    pub fn of<T: PartialEq>(stored: Option<T>, required: Option<T>) -> Self {
        match stored {
            None => Self::Missing,
            Some(stored) if required.is_some_and(|required| required != stored) => Self::Stale,
            Some(_) => Self::Deleted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_without_a_version_takes_any() {
        assert_eq!(DeleteObject::of(Some(2), None), DeleteObject::Deleted);
        assert_eq!(DeleteObject::of(Some(2), Some(2)), DeleteObject::Deleted);
        assert_eq!(DeleteObject::of(Some(2), Some(1)), DeleteObject::Stale);
        assert_eq!(DeleteObject::of(None, Some(2)), DeleteObject::Missing);
        assert_eq!(DeleteObject::of(None::<i64>, None), DeleteObject::Missing);
    }
}
