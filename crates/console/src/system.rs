//! Facts about the process, for the page *System*.

/// Facts that do not change while the process runs.
#[derive(Debug, Clone)]
pub struct SystemFacts {
    /// The program's version.
    pub version: &'static str,
    /// Where the data is kept, in words and without secrets: `SQLite in ./postrider-data`.
    pub store: String,
    /// The settings in effect, in the order of their declaration. The caller that fills this masks the
    /// secrets.
    pub settings: Vec<SettingRow>,
}

/// A setting in effect.
#[derive(Debug, Clone)]
pub struct SettingRow {
    /// Its key in the settings file.
    pub key: String,
    /// Its value as an environment variable would hold it; empty if it is not set.
    pub value: String,
    /// Its description.
    pub help: String,
}
